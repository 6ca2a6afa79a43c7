"""The figures of a benchmark as a table, each row set against the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from workbench.core import units
from workbench.core.difference import RESOLUTION, Difference
from workbench.core.i18n import _
from workbench.gui.devices import runtime_label
from workbench.gui.panels.benchmark_run import BenchmarkRun
from workbench.gui.panels.result_table import Cell, ResultTable
from workbench.jobs.benchmark import BenchmarkRow

ROLES = {"faster": "good", "slower": "bad"}
Rows = Sequence[tuple[BenchmarkRow, Difference | None]]


class BenchmarkTable(ResultTable):
    """One row for each series."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [_("Model"), _("p50 ms"), _("p90 ms"), _("p99 ms"), _("Against the first"), _("Samples/s"),
             _("Peak memory"), _("Runtime"), _("Device"), _("Threads"), _("Mean ms"), _("Runs")],
            names=1,
            parent=parent,
        )  # fmt: skip
        self.set_tips(
            [
                _("The model's name in the project."),
                _("Median latency of one call of the runtime: inputs in place before, outputs ready to be read after."),
                _("Nine of ten calls were at least as fast as this."),
                _("99 of 100 calls were at least as fast as this."),
                _(
                    "Ratio of median latencies to the first row, called a difference only when it is larger than the "
                    "machine's drift during the measurement and than {resolution}."
                ).format(resolution=units.percent(RESOLUTION, 0)),
                _("Throughput: batch divided by mean latency."),
                _("Largest resident memory of the worker process while this model ran."),
                _("What ran it."),
                _("Where it ran, in the runtime's own words."),
                _("Threads that the runtime was given; automatic lets it decide."),
                _("Mean latency of one call."),
                _("Measured calls, without the warm-up."),
            ]
        )

    def show_live(self, run: BenchmarkRun | None, colour: Callable[[str], str]) -> None:
        """Show the figures so far; nothing is compared before the end."""
        rows = [] if run is None else run.results
        self.show_rows([_cells(run, row, colour(row.series), Cell(""), ended="") for row in rows] if run else [])

    def show_run(self, run: BenchmarkRun, rows: Rows, colour: Callable[[str], str]) -> None:
        """Show a run that is over; ``rows`` as ``BenchmarkRun.rows`` gives them."""
        self.show_rows(
            [
                _cells(run, row, colour(row.series), _relation(difference, rows[0][0], row), ended=run.status())
                for row, difference in rows
            ]
        )


def unlike(first: BenchmarkRow, row: BenchmarkRow) -> str:
    """Say what else than the model differs between two rows ("other runtime, other threads"), "" when nothing does."""
    sides = (
        (_("other runtime"), first.runtime, row.runtime),
        (_("other device"), first.device, row.device),
        (_("other threads"), _threads(first), _threads(row)),
    )
    return ", ".join(text for text, one, other in sides if one != other)


def notes_of(run: BenchmarkRun) -> list[str]:
    """Return what has to be known to read the table: how the run ended, its notes, what else differs."""
    said = [_("This run was {status}.").format(status=run.status())] if run.status() else []
    said += run.notes
    for row in run.results[1:]:
        other = unlike(run.results[0], row)
        if other:
            name = run.labels.get(row.series, row.model)
            said.append(_("{name} against the first: {differences}.").format(name=name, differences=other))
    return said


def _threads(row: BenchmarkRow) -> str:
    """Return the threads; left to the runtime, each runtime has a choice of its own."""
    return units.count(row.threads) if row.threads else _("automatic ({runtime})").format(runtime=row.runtime)


def _cells(run: BenchmarkRun, row: BenchmarkRow, swatch: str, relation: Cell, *, ended: str) -> list[Cell]:
    label = run.labels.get(row.series, row.model).split(" \u00b7 ")[0]
    runs = f"{units.count(row.runs)} ({ended})" if ended else units.count(row.runs)
    shown = f"{label} ({ended})" if ended else label
    return [
        Cell(shown, tip=f"{shown}\n{row.model}", swatch=swatch, role="warning" if ended else ""),
        Cell(units.number(row.p50_ms), strong=True),
        Cell(units.number(row.p90_ms)),
        Cell(units.number(row.p99_ms)),
        relation,
        Cell(units.number(row.throughput)),
        Cell(units.megabytes(row.peak_rss_mb)),
        Cell(runtime_label(row.runtime)),
        Cell(row.device.upper(), tip=row.device_label),
        Cell(units.count(row.threads) if row.threads else _("automatic")),
        Cell(units.number(row.mean_ms)),
        Cell(runs, role="warning" if ended else ""),
    ]


def _relation(difference: Difference | None, first: BenchmarkRow, row: BenchmarkRow) -> Cell:
    if row is first or difference is None:
        return Cell(_("baseline"), role="muted")
    other = unlike(first, row)
    tip = "\n".join(part for part in (other.capitalize(), difference.explanation()) if part)
    text = f"{difference.text()} *" if other else difference.text()
    return Cell(text, tip=tip, role=ROLES.get(difference.verdict, "muted"), strong=True)
