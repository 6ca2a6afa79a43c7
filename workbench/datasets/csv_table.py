"""CSV files: numeric columns feed the model, one column may hold the labels."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import N_, _
from workbench.datasets import Dataset, Reader
from workbench.datasets.labels import is_label_name, labels_from
from workbench.datasets.ports import SampleShape, sample_shapes
from workbench.datasets.samples import ArrayColumn, Labels, StoredSamples

DELIMITERS = ",;\t"
PROBE = 1 << 16
"""Bytes that are looked at to tell whether a file is a table."""


class _Table(msgspec.Struct):
    names: list[str]
    """Column names; "1", "2" ... when the file has no header."""
    has_header: bool
    delimiter: str


class CsvTable(Reader):
    """One sample a row."""

    id = "csv"
    label = N_("CSV table")
    summary = N_("One sample a row, numbers in columns, with or without a header.")
    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    def matches(self, path: Path) -> bool:
        """Look for text whose first rows have the same number of cells and hold a number."""
        try:
            with path.open("rb") as file:
                start = file.read(PROBE)
            whole = len(start) < PROBE
            text = start.decode("utf-8-sig", errors="strict" if whole else "ignore")
            text = text if whole or text.count("\n") < 2 else text.rpartition("\n")[0]  # the last row may be cut
        except (OSError, UnicodeDecodeError):
            return False
        if "\0" in text or not text.strip():
            return False
        try:
            rows = [row for row in csv.reader(text.splitlines()[:2], delimiter=_delimiter(text)) if row]
        except csv.Error:
            return False
        return len({len(row) for row in rows}) == 1 and any(_is_number(cell) for cell in rows[-1])

    def open(self, spec: DataSpec, ports: list[Port]) -> Dataset:
        """Choose the columns, read them as numbers, and cut them into the inputs in order."""
        path = Path(spec.path)
        try:
            table = _describe(path)
            label_column = _label_column(spec, table)
            columns = _input_columns(spec, ports, table, label_column)
            numbers, texts = _read(path, table, [index for group in columns.values() for index in group], label_column)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise WorkbenchError(
                _("Cannot read {path}: {reason}.").format(path=path, reason=error), _("Save it as CSV in UTF-8.")
            ) from error
        stops = np.cumsum([0, *(len(group) for group in columns.values())])
        cut = {
            name: ArrayColumn(_shaped(numbers[:, start:stop], shape))
            for (name, start, stop, shape) in zip(columns, stops, stops[1:], sample_shapes(ports), strict=False)
        }
        labels = Labels()
        if label_column is not None:
            numeric = all(_is_number(text) for text in texts)
            values = np.array([float(text) for text in texts] if numeric else texts)
            labels = labels_from(values, [], required=bool(spec.labels), name=table.names[label_column])
        return StoredSamples(spec, ports, cut, labels)


def _describe(path: Path) -> _Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        start = file.read(PROBE)
        delimiter = _delimiter(start)
        file.seek(0)
        rows = (row for row in csv.reader(file, delimiter=delimiter) if row)
        first, second = next(rows, []), next(rows, [])
    if not first:
        raise WorkbenchError(_("{path} is empty.").format(path=path))
    has_header = _is_header(first, second)
    names = [cell.strip() for cell in first] if has_header else [str(index + 1) for index in range(len(first))]
    return _Table(names, has_header, delimiter)


def _is_header(first: list[str], second: list[str]) -> bool:
    """Say whether the first row names columns: it has no number, or a text above a number ("label,0,1,2")."""
    if not any(_is_number(cell) for cell in first):
        return True
    return any(_is_number(below) and not _is_number(cell) for cell, below in zip(first, second, strict=False))


def _label_column(spec: DataSpec, table: _Table) -> int | None:
    if spec.labels:
        return _column(spec.labels, table)
    found = [index for index, name in enumerate(table.names) if table.has_header and is_label_name(name)]
    return found[0] if len(found) == 1 else None


def _input_columns(spec: DataSpec, ports: list[Port], table: _Table, labels: int | None) -> dict[str, list[int]]:
    """Return the columns of each input: as asked, else by name, else in order."""
    shapes = sample_shapes(ports)
    if spec.inputs.strip():
        asked = [part.strip() for part in spec.inputs.split(",") if part.strip()]
        pairs = [part.rpartition("=") for part in asked]
        if all(name in {port.name for port in ports} for name, _equals, _column_name in pairs):
            grouped: dict[str, list[int]] = {port.name: [] for port in ports}
            for name, _equals, column in pairs:
                grouped[name].append(_column(column, table))
            return grouped
        return _in_order(shapes, [_column(part, table) for part in asked], spec)
    if all(port.name in table.names for port in ports):
        return {port.name: [table.names.index(port.name)] for port in ports}
    return _in_order(shapes, [index for index in range(len(table.names)) if index != labels], spec)


def _in_order(shapes: list[SampleShape], columns: list[int], spec: DataSpec) -> dict[str, list[int]]:
    """Cut the columns into the inputs one after the other; with several inputs every size must be known."""
    if len(shapes) == 1:
        return {shapes[0].port.name: columns}
    sizes = [None if None in shape.shape else int(np.prod([size or 0 for size in shape.shape])) for shape in shapes]
    if None in sizes or sum(size or 0 for size in sizes) != len(columns):
        wanted = ", ".join(f"{shape.port.name}: {size or '?'}" for shape, size in zip(shapes, sizes, strict=True))
        raise WorkbenchError(
            _("The inputs need these numbers of columns: {wanted}. {path} has {n}.").format(
                wanted=wanted, path=spec.path, n=len(columns)
            ),
            _("Say which column feeds which input (setting inputs: INPUT=COLUMN,...)."),
        )
    stops = np.cumsum([0, *(size or 0 for size in sizes)])
    return {shape.port.name: columns[stops[at] : stops[at + 1]] for at, shape in enumerate(shapes)}


def _shaped(columns: NDArray[np.float64], shape: SampleShape) -> NDArray[np.float64]:
    """Give a scalar-like column its own shape; everything else is shaped when it is fitted."""
    return columns[:, 0] if columns.shape[1] == 1 and not shape.shape else columns


def _read(path: Path, table: _Table, columns: list[int], labels: int | None) -> tuple[NDArray[np.float64], list[str]]:
    numbers, texts, rows = array("d"), [], 0
    for line, row in _rows(path, table):
        if len(row) != len(table.names):
            raise WorkbenchError(
                _("{path}, line {line}: {found} cells where {wanted} are expected.").format(
                    path=path, line=line, found=len(row), wanted=len(table.names)
                ),
                _("Mend the line, or save the table again."),
            )
        try:
            numbers.extend([float(row[index]) for index in columns])
        except ValueError as error:
            column = next(index for index in columns if not _is_number(row[index]))
            raise WorkbenchError(
                _("{path}, line {line}: {cell!r} in column {column} is not a number.").format(
                    path=path, line=line, cell=row[column], column=table.names[column]
                ),
                _("Leave the column out (setting: inputs), or name it as the labels."),
            ) from error
        if labels is not None:
            texts.append(row[labels].strip())
        rows += 1
    return np.frombuffer(numbers, dtype=np.float64).reshape(rows, len(columns)), texts


def _rows(path: Path, table: _Table) -> Iterator[tuple[int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=table.delimiter)
        skip = table.has_header
        for row in reader:
            if row and not skip:
                yield reader.line_num, row
            skip = skip and not row


def _column(name: str, table: _Table) -> int:
    if name not in table.names:
        raise WorkbenchError(
            _("The table has no column called {name}.").format(name=name),
            _("Its columns: {names}.").format(names=", ".join(table.names[:20])),
        )
    return table.names.index(name)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _delimiter(text: str) -> str:
    first = text.split("\n", 1)[0]
    return max(DELIMITERS, key=first.count)
