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

COMPACT_HIDDEN = (1, 2, 4, 5, 6, 7, 8, 9)
ROLES = {"faster": "good", "slower": "bad"}
Rows = Sequence[tuple[BenchmarkRow, Difference | None]]


class BenchmarkTable(ResultTable):
    """One row for each series."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            [_("Model"), _("Runtime"), _("Device"), _("p50 ms"), _("p90 ms"), _("p99 ms"), _("Mean ms"), _("Samples/s"),
             _("Peak memory"), _("Runs"), _("Against the first")],
            names=3,
            parent=parent,
        )  # fmt: skip
        self.set_tips(
            [
                _("The model's name in the project."),
                _("What ran it."),
                _("Where it ran, in the runtime's own words."),
                _("Median latency of one call of the runtime: inputs in place before, outputs ready to be read after."),
                _("Nine of ten calls were at least as fast as this."),
                _("99 of 100 calls were at least as fast as this."),
                _("Mean latency of one call."),
                _("Throughput: batch divided by mean latency."),
                _("Largest resident memory of the worker process while this model ran."),
                _("Measured calls, without the warm-up."),
                _(
                    "Ratio of median latencies to the first row, called a difference only when it is larger than the "
                    "machine's drift during the measurement and than {resolution}."
                ).format(resolution=units.percent(RESOLUTION, 0)),
            ]
        )

    def set_compact(self, *, on: bool) -> None:
        """Show only what fits beside the chart."""
        for column in COMPACT_HIDDEN:
            self.setColumnHidden(column, on)

    def show_live(self, run: BenchmarkRun | None, colour: Callable[[str], str]) -> None:
        """Show the figures so far; nothing is compared before the end."""
        rows = [] if run is None else [_cells(run, row, colour(row.series)) for row in run.results]
        self.show_rows([[*cells, Cell("")] for cells in rows])

    def show_run(self, run: BenchmarkRun, rows: Rows, colour: Callable[[str], str]) -> None:
        """Show a run that is over; ``rows`` as ``BenchmarkRun.rows`` gives them."""
        self.show_rows(
            [
                [*_cells(run, row, colour(row.series)), _relation(difference, first=index == 0)]
                for index, (row, difference) in enumerate(rows)
            ]
        )


def _cells(run: BenchmarkRun, row: BenchmarkRow, swatch: str) -> list[Cell]:
    label = run.labels.get(row.series, row.model).split(" \u00b7 ")[0]
    status = run.status()
    runs = f"{units.count(row.runs)} ({status})" if status else units.count(row.runs)
    return [
        Cell(label, tip=row.model, swatch=swatch),
        Cell(runtime_label(row.runtime)),
        Cell(row.device.upper(), tip=row.device_label),
        Cell(units.number(row.p50_ms), strong=True),
        Cell(units.number(row.p90_ms)),
        Cell(units.number(row.p99_ms)),
        Cell(units.number(row.mean_ms)),
        Cell(units.number(row.throughput)),
        Cell(units.megabytes(row.peak_rss_mb)),
        Cell(runs, role="warning" if status else ""),
    ]


def _relation(difference: Difference | None, *, first: bool) -> Cell:
    if first or difference is None:
        return Cell(_("baseline"), role="muted")
    return Cell(
        difference.text(), tip=difference.explanation(), role=ROLES.get(difference.verdict, "muted"), strong=True
    )
