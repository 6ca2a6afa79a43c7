"""Pictures as arrays: find the channel axis, change channels, and resize, always height x width x channels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CHANNEL_COUNTS = (1, 3, 4)
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""ITU-R BT.601 luma, the weights that Pillow and OpenCV use."""


def channels_last(shape: tuple[int | None, ...]) -> bool | None:
    """Say where the channels of a (picture-like) sample shape are; None when it is no picture or cannot be told."""
    if len(shape) == 2:
        return True
    if len(shape) != 3:
        return None
    first, last = shape[0] in CHANNEL_COUNTS, shape[2] in CHANNEL_COUNTS
    if first and last:
        # (3, 3, 3) or (1, 28, 1): the axis that is smaller than its neighbour is the channels; last when in doubt.
        middle = shape[1] or 0
        return not ((shape[0] or 0) < middle and (shape[2] or 0) >= middle)
    return last if first or last else None


def to_hwc(picture: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return (height, width, channels) from (h, w), (h, w, c) or (c, h, w)."""
    if picture.ndim == 2:
        return picture[:, :, np.newaxis]
    return picture if channels_last(picture.shape) is not False else np.moveaxis(picture, 0, 2)


def to_channels(picture: NDArray[np.generic], count: int, *, bgr: bool) -> NDArray[np.generic]:
    """Return (h, w, count) from (h, w, 1, 3 or 4): grey is repeated, colours become luminance, alpha is dropped."""
    have = picture.shape[2]
    if have == 4 and count != 4:
        picture, have = picture[:, :, :3], 3
    if have == 1 and count == 3:
        return np.repeat(picture, 3, axis=2)
    if have == 3 and count == 1:
        grey = picture.astype(np.float32) @ LUMINANCE
        return _as_stored(grey[:, :, np.newaxis], picture.dtype)
    if have in (3, 4) and bgr:
        return picture[:, :, [2, 1, 0, 3][:have]]
    return picture


def resized(picture: NDArray[np.generic], height: int, width: int) -> NDArray[np.generic]:
    """Resize (h, w, c) bilinearly, smoothed when shrinking; whole numbers stay whole."""
    from PIL import Image

    if picture.shape[:2] == (height, width):
        return picture
    planes = [
        np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR))
        for plane in np.ascontiguousarray(np.moveaxis(picture.astype(np.float32), 2, 0))
    ]
    return _as_stored(np.stack(planes, axis=2), picture.dtype)


def _as_stored(values: NDArray[np.float32], dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Round back to integers when the picture was stored as integers."""
    return np.rint(values).astype(dtype) if dtype.kind in "iu" else values.astype(dtype, copy=False)
