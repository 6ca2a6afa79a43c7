"""Read a TensorFlow checkpoint (tensor bundle): an index in LevelDB's table format, and files of plain numbers.

Sources: TensorFlow's tensor_bundle.proto and LevelDB's table_format.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from workbench.backends.saved_model_proto import BundleEntry, BundleHeader, TrackableObjectGraph, dtype_of
from workbench.core.dtypes import numpy_dtype
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.protobuf_wire import read_varint

_MAGIC = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
_FOOTER = 48
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
MOST_STRING_BYTES = 1024**3


class TensorBundle:
    """An open checkpoint: entries by key. Raises WorkbenchError when the index is damaged or a file is missing."""

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        self.entries: dict[str, Any] = {}
        index = prefix.with_name(prefix.name + ".index")
        try:
            content = index.read_bytes()
            self.header = BundleHeader()
            for key, value in _table(content):
                if key:
                    self.entries[key.decode("utf-8", "surrogateescape")] = BundleEntry.FromString(value)
                else:
                    self.header = BundleHeader.FromString(value)
        except (IndexError, ValueError, DecodeError) as error:
            raise WorkbenchError(
                _("The checkpoint index {name} is damaged: {reason}.").format(name=index.name, reason=error),
                _("Copy the whole SavedModel folder again from its source."),
            ) from error

    def shape(self, key: str) -> list[int]:
        """Return the shape of a stored tensor."""
        return [int(dim.size) for dim in self.entries[key].shape.dim]

    def object_graph(self) -> Any:
        """Return the graph of tracked objects that TensorFlow 2 stores beside the variables, None in TensorFlow 1."""
        if _OBJECT_GRAPH not in self.entries:
            return None
        text = self._strings(self.entries[_OBJECT_GRAPH], _OBJECT_GRAPH)[0]
        try:
            return TrackableObjectGraph.FromString(text)
        except DecodeError as error:
            raise self._damaged(_OBJECT_GRAPH) from error

    def read(self, key: str, region: tuple[slice, ...] | None = None) -> NDArray[np.generic]:
        """Read a tensor, or only a region of it, without reading the rest of the file."""
        entry = self.entries.get(key)
        if entry is None:
            raise WorkbenchError(_("The checkpoint holds no variable {name}.").format(name=key), _("Open it again."))
        if entry.slices:
            raise WorkbenchError(
                _("The variable {name} is stored in several parts, which is not read here.").format(name=key),
                _("Load the model in TensorFlow and save it again without partitioned variables."),
            )
        shape, dtype = self.shape(key), dtype_of(entry.dtype)
        if dtype == "string":
            return np.asarray([item.decode("utf-8", "replace") for item in self._strings(entry, key)]).reshape(shape)
        kind = numpy_dtype(dtype).newbyteorder(">" if self.header.endianness else "<")
        count = math.prod(shape)
        file = self._file(entry, key)
        if entry.size != count * kind.itemsize:
            raise self._damaged(key)
        if count == 0:
            return np.zeros(shape, kind)
        mapped = np.memmap(file, kind, "r", entry.offset, tuple(shape) or (1,)).reshape(shape)
        return np.array(mapped[region] if region else mapped)

    def _file(self, entry: Any, key: str) -> Path:
        shards = max(1, self.header.num_shards)
        file = self._prefix.with_name(f"{self._prefix.name}.data-{entry.shard_id:05d}-of-{shards:05d}")
        if not file.exists():
            raise WorkbenchError(
                _("The file {name} with the model's variables is missing.").format(name=file.name),
                _("Copy the whole SavedModel folder again from its source."),
            )
        if entry.offset < 0 or entry.size < 0 or entry.offset + entry.size > file.stat().st_size:
            raise self._damaged(key)
        return file

    def _strings(self, entry: Any, key: str) -> list[bytes]:
        """Decode strings: their lengths as varints, four bytes of checksum, then their bytes."""
        file = self._file(entry, key)
        if entry.size > MOST_STRING_BYTES:
            raise self._damaged(key)
        with file.open("rb") as stream:
            stream.seek(entry.offset)
            content = stream.read(entry.size)
        count = math.prod(int(dim.size) for dim in entry.shape.dim)
        lengths, at = [], 0
        try:
            for _number in range(count):
                length, at = read_varint(content, at)
                lengths.append(length)
        except (IndexError, ValueError) as error:
            raise self._damaged(key) from error
        at += 4
        result = []
        for length in lengths:
            result.append(content[at : at + length])
            at += length
        return result

    def _damaged(self, key: str) -> WorkbenchError:
        return WorkbenchError(
            _("The checkpoint's entry for {name} does not fit its files: one of them is truncated.").format(name=key),
            _("Copy the whole SavedModel folder again from its source."),
        )


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield all keys and values of a LevelDB table."""
    if content[-8:] != _MAGIC or len(content) < _FOOTER:
        raise ValueError(_("it has no end mark"))
    footer = content[-_FOOTER:]
    _meta, at = read_varint(footer, 0)
    _meta_size, at = read_varint(footer, at)
    offset, at = read_varint(footer, at)
    size, at = read_varint(footer, at)
    for _key, handle in _block(content, offset, size):
        start, used = read_varint(handle, 0)
        length, used = read_varint(handle, used)
        yield from _block(content, start, length)


def _block(content: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block; keys share prefixes with their predecessors, restart points follow the entries."""
    if offset + size + 1 > len(content):
        raise ValueError(_("a block reaches beyond its end"))
    if content[offset + size] == 1:
        raise ValueError(_("it is compressed with Snappy; save the checkpoint again with TensorFlow 2"))
    block = content[offset : offset + size]
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        fresh, at = read_varint(block, at)
        length, at = read_varint(block, at)
        if at + fresh + length > end or shared > len(key):
            raise ValueError(_("an entry reaches beyond its block"))
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        yield key, block[at : at + length]
        at += length
