"""Speak real numbers to a model whose inputs and outputs are stored integers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Port, Quantization


def real_ports(ports: Sequence[Port]) -> list[Port]:
    """Return the ports as data sees them: float32 where the model takes or gives quantized integers."""
    return [
        msgspec.structs.replace(port, dtype="float32", quantization=None) if port.quantization else port
        for port in ports
    ]


def quantize(values: NDArray[np.generic], port: Port) -> NDArray[np.generic]:
    """Return ``values`` (real numbers) as the port's integers: round(real / scale) + zero point, saturated."""
    if port.quantization is None:
        return values
    scale, zero = _spread(port.quantization, values.ndim)
    limits = np.iinfo(np.dtype(port.dtype))
    stored = np.rint(values.astype(np.float64) / scale) + zero
    return np.clip(stored, limits.min, limits.max).astype(port.dtype)


def dequantize(stored: NDArray[np.generic], port: Port) -> NDArray[np.generic]:
    """Return the port's integers as real float32 numbers: scale * (stored - zero point)."""
    if port.quantization is None:
        return stored
    scale, zero = _spread(port.quantization, stored.ndim)
    return ((stored.astype(np.float64) - zero) * scale).astype(np.float32)


def _spread(quantization: Quantization, rank: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return scale and zero point in a shape that multiplies along the channel axis."""
    shape = [1] * rank
    if quantization.axis is not None and len(quantization.scales) > 1:
        shape[quantization.axis] = len(quantization.scales)
    scales = np.asarray(quantization.scales, dtype=np.float64)
    zeros = np.asarray(quantization.zero_points or [0] * len(scales), dtype=np.float64)
    return (scales.reshape(shape), zeros.reshape(shape)) if rank else (scales[0], zeros[0])
