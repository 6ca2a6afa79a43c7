"""Fit one stored sample to one model input: shape, channels, size, scale and type, planned and checked beforehand."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import Preprocessing
from workbench.core.dtypes import kind_of, limits, numpy_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.shapes import listed, shape_text
from workbench.datasets import pixels
from workbench.datasets.ports import SampleShape


class Fitting:
    """How samples of one stored shape become what one input takes. Raises WorkbenchError when they cannot."""

    def __init__(self, wanted: SampleShape, stored: tuple[int, ...], preprocessing: Preprocessing) -> None:
        self._wanted = wanted
        self._steps = preprocessing
        self._stored = stored
        self._dtype = _input_dtype(wanted)
        self._as_picture = _is_picture(wanted.shape, stored)
        self._last = _layout(wanted.shape, preprocessing)
        self._target = self._picture_shape() if self._as_picture else self._plain_shape()
        self._check_statistics()

    def apply(self, sample: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return ``sample`` as the input takes it, without the batch axis."""
        if self._as_picture:
            height, width, count = self._target
            picture = pixels.to_channels(pixels.to_hwc(sample), count, bgr=self._steps.channels == "bgr")
            fitted = self._scaled(pixels.resized(picture, height, width))
            fitted = fitted if self._last else np.moveaxis(fitted, 2, 0)
        else:
            fitted = self._scaled(sample.reshape(self._target))
        return np.asarray(self._converted(fitted), order="C")  # ascontiguousarray would give a scalar an axis

    def note(self) -> str:
        """Say (translated) what was done to the stored shape that the person might not expect; "" when nothing was."""
        if not self._as_picture:
            return ""
        height, width, count = _stored_picture(self._stored)
        if (height, width) == self._target[:2] and count == self._target[2]:
            return ""
        return _("Input {name}: pictures of {stored} are made {target} (height, width, channels).").format(
            name=self._wanted.port.name,
            stored=shape_text((height, width, count)),
            target=shape_text(self._target),
        )

    def _picture_shape(self) -> tuple[int, ...]:
        """Return height, width and channels after fitting."""
        height, width, count = _height_width_channels(self._wanted.shape, last=self._last)
        have_height, have_width, have_count = _stored_picture(self._stored)
        asked = self._steps.size
        if asked and len(asked) != 2:
            raise WorkbenchError(_("The size must be two numbers: height and width."), _("For example 224,224."))
        height = height or (asked[0] if asked else have_height)
        width = width or (asked[1] if asked else have_width)
        if (height, width) != (have_height, have_width) and not (self._steps.resize or asked):
            raise self._misfit(_("Switch resizing on (--resize), if these are pictures of another size."))
        if count is None:
            count = {"gray": 1, "auto": min(have_count, 3)}.get(self._steps.channels, 3)
        if count != have_count and (have_count, count) not in ((1, 3), (3, 1), (4, 3), (4, 1)):
            raise self._misfit(
                _("Check the layout and the number of channels: {have} cannot become {want}.").format(
                    have=have_count, want=count
                )
            )
        if count == 1 and self._steps.channels in ("rgb", "bgr"):
            raise self._misfit(_("Set the channels to gray or auto: the model takes one channel."))
        if count == 3 and self._steps.channels == "gray":
            raise self._misfit(_("Set the channels to rgb, bgr or auto: the model takes three channels."))
        return height, width, count

    def _plain_shape(self) -> tuple[int, ...]:
        """Return the input's shape when the stored numbers fill it without any being moved or guessed."""
        wanted, stored = self._wanted.shape, self._stored
        if _fits(wanted, stored):
            return stored
        bare = tuple(size for size in stored if size != 1)
        fixed = tuple(size for size in wanted if size != 1)
        flat = len(stored) == 1 or len(wanted) == 1
        if _fits(fixed, bare) or (flat and _fillable(wanted, prod(stored))):
            sizes = iter(bare) if _fits(fixed, bare) else None
            if sizes is not None:
                return tuple(1 if size == 1 else next(sizes) for size in wanted)
            return _filled(wanted, prod(stored))
        raise self._misfit("")

    def _check_statistics(self) -> None:
        channels = self._target[-1] if self._target else 1
        for title, values in ((_("mean"), self._steps.mean), (_("standard deviation"), self._steps.std)):
            if len(values) not in (0, 1) and len(values) != channels:
                raise WorkbenchError(
                    _("Input {name}: the {setting} has {n} numbers, the data has {channels} channels.").format(
                        name=self._wanted.port.name, setting=title, n=len(values), channels=channels
                    ),
                    _("Give one number, or one for each channel."),
                )
        if any(value == 0 for value in self._steps.std):
            raise WorkbenchError(_("The standard deviation holds a zero."), _("Give numbers other than zero."))

    def _scaled(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return (values * scale - mean) / std in the stored type when there is nothing to do, else as floats."""
        steps = self._steps
        if steps.scale == 1.0 and not steps.mean and not steps.std:
            return values
        wide = np.dtype(np.float64 if self._dtype == np.float64 else np.float32)
        scaled: NDArray[np.floating[Any]] = values.astype(wide) * np.asarray(steps.scale, dtype=wide)
        if steps.mean:
            scaled = scaled - np.asarray(steps.mean, dtype=wide)
        if steps.std:
            scaled = scaled / np.asarray(steps.std, dtype=wide)
        return scaled

    def _converted(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Change to the input's type; a conversion that would change the numbers is refused."""
        wider = {"O": "OSUbiuf", "f": "biuf", "c": "biufc"}
        if values.dtype == self._dtype or values.dtype.kind in wider.get(kind_of(self._dtype), ""):
            return values.astype(self._dtype, copy=False)
        if values.dtype.kind not in "biuf":
            raise WorkbenchError(
                _("Input {name} takes {dtype}, but the data holds {found}.").format(
                    name=self._wanted.port.name, dtype=self._wanted.port.dtype, found=values.dtype
                ),
                _("Choose other data for this input (setting: inputs)."),
            )
        converted = values.astype(self._dtype) if self._holds(values) else None
        if converted is None:
            raise WorkbenchError(
                _(
                    "Input {name} takes {dtype}, but the data holds numbers that it cannot hold ({low:g} to {high:g})."
                ).format(name=self._wanted.port.name, dtype=self._dtype, low=_low(values), high=_high(values)),
                _("Set the scale so that the numbers become whole and fit, or give data of that type."),
            )
        return converted

    def _holds(self, values: NDArray[np.generic]) -> bool:
        if self._dtype.kind == "b":
            return bool(np.all((values == 0) | (values == 1)))
        lowest, highest = limits(self._dtype)
        whole = values.dtype.kind != "f" or bool(np.all(np.isfinite(values)) and np.all(np.rint(values) == values))
        return whole and (values.size == 0 or (_low(values) >= lowest and _high(values) <= highest))

    def _misfit(self, way_out: str) -> WorkbenchError:
        return WorkbenchError(
            _("Input {name} takes samples of shape ({wanted}), but the data has samples of shape ({found}).").format(
                name=self._wanted.port.name, wanted=listed(self._wanted.shape), found=listed(self._stored)
            ),
            way_out or _("Choose other data for this input (setting: inputs), or data of that shape."),
        )


def _low(values: NDArray[np.generic]) -> float:
    return float(np.min(values))


def _high(values: NDArray[np.generic]) -> float:
    return float(np.max(values))


def _input_dtype(wanted: SampleShape) -> np.dtype[np.generic]:
    name = wanted.port.dtype or "float32"
    if name in ("string", "str", "object"):
        return np.dtype(object)
    try:
        return numpy_dtype(name)
    except TypeError as error:
        raise WorkbenchError(
            _("Input {name} takes {dtype}, which no data set can hold.").format(name=wanted.port.name, dtype=name),
            _("Use a copy of the model whose inputs are float32."),
        ) from error


def _is_picture(wanted: tuple[int | None, ...], stored: tuple[int, ...]) -> bool:
    """Say whether both are pictures: the input has height, width and channels, and so has the data (or is grey)."""
    if len(wanted) != 3 or len(stored) not in (2, 3) or pixels.channels_last(stored) is None:
        return False
    return pixels.channels_last(wanted) is not None or None in wanted


def _layout(wanted: tuple[int | None, ...], steps: Preprocessing) -> bool:
    """Say whether the input has its channels last."""
    if steps.layout != "auto":
        return steps.layout == "nhwc"
    return pixels.channels_last(wanted) is not False


def _height_width_channels(shape: tuple[int | None, ...], *, last: bool) -> tuple[int | None, ...]:
    return shape if last else (shape[1], shape[2], shape[0])


def _stored_picture(stored: tuple[int, ...]) -> tuple[int, int, int]:
    if len(stored) == 2:
        return stored[0], stored[1], 1
    if pixels.channels_last(stored) is False:
        return stored[1], stored[2], stored[0]
    return stored[0], stored[1], stored[2]


def _fits(wanted: tuple[int | None, ...], stored: tuple[int, ...]) -> bool:
    return len(wanted) == len(stored) and all(
        want is None or want == have for want, have in zip(wanted, stored, strict=True)
    )


def _fillable(wanted: tuple[int | None, ...], count: int) -> bool:
    known = prod(size for size in wanted if size is not None)
    if wanted.count(None) == 0:
        return known == count
    return wanted.count(None) == 1 and known > 0 and count % known == 0


def _filled(wanted: tuple[int | None, ...], count: int) -> tuple[int, ...]:
    rest = count // max(1, prod(size for size in wanted if size is not None))
    return tuple(rest if size is None else size for size in wanted)
