"""What a TFLite file says about itself: metadata table, packed label files, the converter's record."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

from flatbuffers import encode, packer, table  # type: ignore[import-untyped]

from workbench.backends.attribute_values import decoded
from workbench.core import units
from workbench.core.graph import Graph

LARGEST_LABELS = 4_000_000
_FIELDS = {"name": 4, "description": 6, "version": 8, "author": 12, "license": 14}
"""Slots of ModelMetadata (TFLite metadata_schema.fbs): vtable offsets of its texts."""


def add_metadata(graph: Graph, model: Any, path: Path) -> None:
    """Fill in producer, metadata and labels."""
    description = decoded(model.Description())
    graph.metadata["schema_version"] = str(model.Version())
    if description:
        graph.metadata["description"] = description
    tensorflow = ""
    for at in range(model.MetadataLength()):
        item = model.Metadata(at)
        name = decoded(item.Name())
        content = _buffer(model, item.Buffer())
        if name == "min_runtime_version":
            graph.metadata[name] = decoded(content).strip("\x00 ")
        elif name == "TFLITE_METADATA":
            graph.metadata.update(_model_metadata(content))
        elif name == "CONVERSION_METADATA":
            tensorflow = _tensorflow_version(content)
        elif name:
            graph.metadata[name] = units.size(len(content))
    converter = description.rstrip(".") if "Converted" in description else ""
    graph.producer = f"TensorFlow {tensorflow}" if tensorflow else converter
    _add_files(graph, path)


def _buffer(model: Any, number: int) -> bytes:
    buffer = model.Buffers(number)
    return bytes(buffer.DataAsNumpy()) if buffer.DataLength() else b""


def _root(content: bytes) -> table.Table:
    return table.Table(content, encode.Get(packer.uoffset, content, 0))


def _string(view: table.Table, slot: int) -> str:
    offset = view.Offset(slot)
    return decoded(view.String(offset + view.Pos)) if offset else ""


def _model_metadata(content: bytes) -> dict[str, str]:
    if len(content) < 8:
        return {}
    view = _root(content)
    return {f"metadata.{name}": text for name, slot in _FIELDS.items() if (text := _string(view, slot))}


def _tensorflow_version(content: bytes) -> str:
    """Read ConversionMetadata.environment.tensorflow_version (conversion_metadata.fbs)."""
    if len(content) < 8:
        return ""
    view = _root(content)
    offset = view.Offset(4)
    if not offset:
        return ""
    return _string(table.Table(content, view.Indirect(offset + view.Pos)), 4)


def _add_files(graph: Graph, path: Path) -> None:
    """List files that are packed as a zip behind the model; take class names from the label file."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            graph.metadata["files"] = "\n".join(info.filename for info in infos)
            labels = [info for info in infos if info.filename.endswith(".txt") and "label" in info.filename.lower()]
            labels = labels or [info for info in infos if info.filename.endswith(".txt")]
            if len(labels) == 1 and labels[0].file_size <= LARGEST_LABELS:
                lines = decoded(archive.read(labels[0])).strip().splitlines()
                graph.metadata["labels"] = "\n".join(line.strip() for line in lines)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        graph.metadata["files"] = ""
