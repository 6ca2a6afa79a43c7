"""Devices and sessions: what it means to have a model open in a runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.graph import Port

DeviceId = Literal["cpu", "gpu"]
Arrays = dict[str, NDArray[np.generic]]


class Device(msgspec.Struct, frozen=True):
    """A place where a runtime can run, or the reason why it cannot."""

    id: DeviceId
    label: str
    available: bool
    reason: str = ""
    """Why not, and what would help (translated)."""


class Session:
    """An open model: ports, one call, and where it really runs."""

    inputs: list[Port]
    outputs: list[Port]
    device: DeviceId
    """Where it runs, asked from the runtime after opening, never copied from the request."""
    device_label: str
    """In the runtime's words ("CPUExecutionProvider", "XNNPACK on CPU")."""

    def run(self, feeds: Mapping[str, NDArray[np.generic]]) -> Arrays:
        """Run once. ``feeds`` holds every input by name; resizes to their shapes where the model allows it."""
        raise NotImplementedError

    def prepare(self, feeds: Mapping[str, NDArray[np.generic]]) -> Callable[[], object]:
        """Return a call without arguments that runs on these inputs and does nothing else: what a benchmark times.

        One definition for all runtimes: the runtime's usual run call, with the inputs converted and in place before
        (numpy arrays for ONNX Runtime, tensors set in the interpreter for LiteRT, tensors on the device for
        TensorFlow), until every output can be read as a numpy array. The call returns these arrays.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free the model."""
