"""Read members of a zip without unpacking it and without letting it exhaust memory."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from workbench.core.containers import ZIP_MAGIC
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

LARGEST_TEXT = 256 * 1024 * 1024
LARGEST_UNPACKED = 8 * 1024**3
PIECE = 1024 * 1024
SUSPICIOUS_RATIO = 200
SUSPICIOUS_BYTES = 64 * 1024 * 1024


class Archive:
    """An open zip; raises WorkbenchError when it is damaged or declares sizes that only a trap has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
            raise self._damaged(str(error)) from error
        self.members = tuple(self._zip.NameToInfo.values())
        """What readers see, in order: of members of one name the last."""
        self.names = frozenset(info.filename for info in self.members)

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def text(self, name: str) -> str:
        """Return a member as text."""
        return self._bytes(name, LARGEST_TEXT).decode("utf-8", "replace")

    def member(self, name: str) -> io.BytesIO | Window:
        """Return a seekable stream: the file itself where the member is stored uncompressed, memory otherwise."""
        info = self._checked(name, LARGEST_UNPACKED)
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 0x1:
            return Window(self._path, self._content_offset(info), info.file_size)
        return io.BytesIO(self._bytes(name, LARGEST_UNPACKED))

    def copy(self, name: str, target: IO[bytes]) -> None:
        """Write a member's content to ``target``, piece by piece."""
        for piece in self._pieces(self._checked(name, LARGEST_UNPACKED)):
            target.write(piece)

    def _pieces(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        left = info.file_size
        with self._reading(), self._zip.open(info) as stream:
            while piece := stream.read(PIECE):
                left -= len(piece)
                if left < 0:
                    raise self._damaged(_("{name} is larger than it says").format(name=info.filename))
                yield piece

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            raise self._damaged(str(error)) from error

    def _bytes(self, name: str, limit: int) -> bytes:
        info = self._checked(name, limit)
        with self._reading(), self._zip.open(info) as stream:
            content = stream.read(info.file_size + 1)
        if len(content) > info.file_size:
            raise self._damaged(_("{name} is larger than it says").format(name=name))
        return content

    def _checked(self, name: str, limit: int) -> zipfile.ZipInfo:
        try:
            info = self._zip.getinfo(name)
        except KeyError as error:
            raise self._damaged(_("{name} is missing").format(name=name)) from error
        ratio = info.file_size / max(info.compress_size, 1)
        if info.file_size > limit or (info.file_size > SUSPICIOUS_BYTES and ratio > SUSPICIOUS_RATIO):
            raise WorkbenchError(
                _("{name} was not unpacked: {packed} bytes would become {unpacked} bytes.").format(
                    name=f"{self._path.name}/{name}", packed=info.compress_size, unpacked=info.file_size
                ),
                _("The archive may have been made to exhaust memory. Get it again from its source."),
            )
        return info

    def _content_offset(self, info: zipfile.ZipInfo) -> int:
        """Return where the bytes of a stored member begin: behind its local header (APPNOTE 4.3.7)."""
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            header = file.read(30)
        if len(header) < 30 or header[:4] != ZIP_MAGIC:
            raise self._damaged(_("{name} has no header").format(name=info.filename))
        return (
            info.header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        )

    def _damaged(self, reason: str) -> WorkbenchError:
        return WorkbenchError(
            _("{name} is a damaged archive: {reason}.").format(name=self._path.name, reason=reason.rstrip(".")),
            _("Download or copy the file again and compare its size with the source."),
        )


class Window(io.RawIOBase):
    """A part of a file as a seekable stream."""

    def __init__(self, path: Path, offset: int, size: int) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._offset, self._size, self._at = offset, size, 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move within the part."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        """Return the position within the part."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the position."""
        count = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._offset + self._at)
        content = self._file.read(count)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        """Close the file underneath."""
        self._file.close()
        super().close()
