"""Check, re-version and write ONNX models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import checker, version_converter

import workbench
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

LARGEST = 2**31 - 1
"""Bytes that one ONNX file can hold (a limit of protobuf)."""

STANDARD_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")


def opset_of(model: Any) -> int:
    """Return the version of the standard operator set that the model uses."""
    return next((int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)


def with_opset(model: Any, opset: int) -> Any:
    """Return the model in another opset; raises WorkbenchError naming the operation that has no such version."""
    if opset_of(model) == opset:
        return model
    try:
        return version_converter.convert_version(model, opset)
    except Exception as error:  # noqa: BLE001 - the C++ converter raises RuntimeError and its own ConvertError
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WorkbenchError(
            _("The model cannot be converted from opset {old} to {new}: {reason}").format(
                old=opset_of(model), new=opset, reason=reason[:300]
            ),
            _("Choose an opset nearer to {old}.").format(old=opset_of(model)),
        ) from error


def save_onnx(model: Any, target: Path, *, opset: int) -> None:
    """Bring the model to ``opset``, check it, and write it to ``target``. Raises WorkbenchError."""
    if model.ByteSize() > LARGEST:
        raise WorkbenchError(
            _("The model is {size:.1f} GB: one ONNX file holds 2 GB at most.").format(size=model.ByteSize() / 1e9),
            _("Make it smaller first (float16 halves it), or export it as a SavedModel."),
        )
    model = with_opset(model, opset)
    model.producer_name = "model-workbench"
    model.producer_version = workbench.__version__
    check(model)
    onnx.save(model, str(target))


def check(model: Any) -> None:
    """Raise WorkbenchError when onnx.checker refuses the model."""
    try:
        checker.check_model(model)
    except (checker.ValidationError, ValueError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise WorkbenchError(
            _("The converted model is not valid ONNX: {reason}").format(reason=reason[:300]),
            _("Choose another opset; if it stays so, report it with the model's operations."),
        ) from error
