"""Stored samples: columns of raw samples, labels and class names, fitted to a model's inputs when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.datasets import Dataset
from workbench.datasets.fitting import Fitting
from workbench.datasets.ports import sample_shapes


class Column(Protocol):
    """The raw samples that feed one input."""

    def __len__(self) -> int:
        """Return the number of samples."""

    def sample(self, index: int) -> NDArray[np.generic]:
        """Return one raw sample."""

    def raw(self, index: int) -> bytes:
        """Return the stored bytes of one sample, for the digest."""


class ArrayColumn:
    """Samples along the first axis of an array (in memory or mapped from a file)."""

    def __init__(self, array: NDArray[np.generic]) -> None:
        self._array = array

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return len(self._array)

    def sample(self, index: int) -> NDArray[np.generic]:
        """Return one row, in the machine's byte order."""
        row = np.asarray(self._array[index])
        return row.astype(row.dtype.newbyteorder("="), copy=False)

    def raw(self, index: int) -> bytes:
        """Return the numbers' bytes (text as UTF-8), and their type and shape."""
        row = self.sample(index)
        body = str(row.tolist()).encode() if row.dtype.kind in "OSU" else row.tobytes()
        return f"{row.dtype.str} {row.shape} ".encode() + body


class Labels(msgspec.Struct):
    """The class index of every sample of a set (before ``limit``), and what the classes are called."""

    indices: NDArray[np.int64] | None = None
    class_names: list[str] = []


class StoredSamples(Dataset):
    """Samples from files. Checks the first sample against every input when it is made."""

    def __init__(self, spec: DataSpec, ports: Sequence[Port], columns: Mapping[str, Column], labels: Labels) -> None:
        self.name = spec.path
        self.class_names = labels.class_names
        self._spec = spec
        self._columns = columns
        count = self._count()
        self._chosen = spread(count, spec.limit)
        if labels.indices is not None and len(labels.indices) != count:
            raise WorkbenchError(
                _("{path} holds {samples} samples but {labels} labels.").format(
                    path=spec.path, samples=count, labels=len(labels.indices)
                ),
                _("Choose the labels that belong to these samples (setting: labels)."),
            )
        self.labels = None if labels.indices is None else labels.indices[self._chosen]
        self._wanted = {shape.port.name: shape for shape in sample_shapes(ports)}
        self._fittings: dict[tuple[str, tuple[int, ...]], Fitting] = {}
        self.notes = self._check()

    def __len__(self) -> int:
        """Return the number of samples in use."""
        return len(self._chosen)

    def feeds(self, indices: Sequence[int]) -> dict[str, NDArray[np.generic]]:
        """Return fitted samples; an input without a batch axis gets that of the first index."""
        feeds = {}
        for name, wanted in self._wanted.items():
            if wanted.batched:
                feeds[name] = self._stacked(name, [self._fitted(name, self._chosen[index]) for index in indices])
            else:
                feeds[name] = self._fitted(name, self._chosen[indices[0]])
        return feeds

    def digest(self) -> str:
        """Return a SHA-256 over the samples and labels in use and the preprocessing."""
        total = hashlib.sha256(msgspec.json.encode(self._spec.preprocessing))
        for name, column in sorted(self._columns.items()):
            total.update(name.encode())
            for index in self._chosen:
                total.update(hashlib.sha256(column.raw(int(index))).digest())
        total.update(b"" if self.labels is None else self.labels.tobytes())
        return total.hexdigest()

    def _count(self) -> int:
        counts = {name: len(column) for name, column in self._columns.items()}
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
            raise WorkbenchError(
                _("The inputs have different numbers of samples in {path} ({counts}).").format(
                    path=self._spec.path, counts=listed
                ),
                _("Choose the arrays that belong together (setting: inputs)."),
            )
        count = next(iter(counts.values()), 0)
        if count == 0:
            raise WorkbenchError(_("{path} holds no samples.").format(path=self._spec.path))
        return count

    def _check(self) -> list[str]:
        """Fit the first sample to every input; return what to tell the person."""
        first = self._chosen[0]
        for name in self._wanted:
            self._fitted(name, first)
        return [note for fitting in self._fittings.values() if (note := fitting.note())]

    def _fitted(self, name: str, index: int) -> NDArray[np.generic]:
        sample = self._columns[name].sample(int(index))
        key = (name, sample.shape)
        if key not in self._fittings:  # images of a folder come in many shapes
            self._fittings[key] = Fitting(self._wanted[name], sample.shape, self._spec.preprocessing)
        return self._fittings[key].apply(sample)

    def _stacked(self, name: str, samples: list[NDArray[np.generic]]) -> NDArray[np.generic]:
        shapes = {sample.shape for sample in samples}
        if len(shapes) > 1:
            listed = ", ".join(str(shape) for shape in sorted(shapes)[:3])
            raise WorkbenchError(
                _("Input {name}: the samples have different shapes ({shapes}).").format(name=name, shapes=listed),
                _("Set a size (height,width) that all images are resized to, or use a batch of 1."),
            )
        return np.stack(samples)


def spread(count: int, limit: int | None) -> NDArray[np.int64]:
    """Return the indices of ``limit`` samples, one from each of ``limit`` equal stretches of the set.

    Which one of its stretch is drawn with a fixed seed: a plain stride would meet only one class of a set whose
    classes alternate.
    """
    if limit is None or limit >= count:
        return np.arange(count, dtype=np.int64)
    edges = np.arange(limit + 1, dtype=np.int64) * count // limit
    return np.random.default_rng(0).integers(edges[:-1], edges[1:], dtype=np.int64)
