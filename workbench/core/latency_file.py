"""Store the samples of a benchmark beside its figures, so that an earlier run can be shown and checked again."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.latency_track import LatencyTrack
from workbench.core.writing import atomic_target

COLUMNS = ("warmup/latencies", "warmup/times", "measured/latencies", "measured/times", "flushes/runs", "flushes/times",
           "flushes/rss", "flushes/rates", "rolling/runs", "rolling/p50", "rolling/p90", "rolling/p99")  # fmt: skip


def save_tracks(target: Path, tracks: Mapping[str, LatencyTrack]) -> Path:
    """Write an .npz: ``series`` holds the names in order, ``0/measured/latencies`` the milliseconds of the first ...

    Raises WorkbenchError when the target exists or cannot be written.
    """
    arrays = {"series": np.array(list(tracks), dtype=np.str_)}
    for index, track in enumerate(tracks.values()):
        for column in COLUMNS:
            part, name = column.split("/")
            arrays[f"{index}/{column}"] = getattr(getattr(track, part), name).values
    with atomic_target(target) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    return target


def load_tracks(source: Path) -> dict[str, LatencyTrack]:
    """Read what ``save_tracks`` wrote, or raise WorkbenchError."""
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            if isinstance(stored, np.ndarray):
                raise ValueError(_("not an archive of samples"))
            return {str(series): _track(stored, index, str(series)) for index, series in enumerate(stored["series"])}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise WorkbenchError(
            _("The samples of this run cannot be read: {reason}.").format(reason=error),
            _("Its figures are still there; run the benchmark again to see a chart."),
        ) from error


def _track(stored: Mapping[str, np.ndarray], index: int, series: str) -> LatencyTrack:
    track = LatencyTrack(series)
    for column in COLUMNS:
        part, name = column.split("/")
        getattr(getattr(track, part), name).extend(stored[f"{index}/{column}"])
    return track


def samples_csv(tracks: Mapping[str, LatencyTrack], labels: Mapping[str, str]) -> str:
    """Return a line for each call: series, phase, run (from 1), seconds since the series began, milliseconds."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("series", "phase", "run", "elapsed_s", "latency_ms"))
    for series, track in tracks.items():
        for name, phase in (("warmup", track.warmup), ("measured", track.measured)):
            rows = zip(phase.times.values.tolist(), phase.latencies.values.tolist(), strict=True)
            writer.writerows(
                (labels.get(series, series), name, run, f"{second:.6f}", f"{latency:.6f}")
                for run, (second, latency) in enumerate(rows, 1)
            )
    return text.getvalue()
