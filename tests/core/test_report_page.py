"""The report: complete, standalone, escaped, and each figure traced to its run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from workbench.core.agreement import Agreement, OutputAgreement
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.events import Samples
from workbench.core.latency_file import save_tracks
from workbench.core.latency_track import LatencyTrack
from workbench.core.lineage import ModelRecord
from workbench.core.project import Project
from workbench.core.report_charts import Bar, bar_chart, confusion_chart, latency_chart
from workbench.core.report_entries import model_entries
from workbench.core.report_page import render, write_report

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Structure(HTMLParser):
    """Checks that every element is closed, and collects ids, links and what would be loaded."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a":
            self.links.append(values["href"])
        self.loaded += [values[name] for name in ("src", "data", "srcset") if name in values]
        assert tag not in ("script", "link", "iframe", "object")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def agreement(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "runtime": "onnxruntime", "max_abs_error": 0.0049, "max_rel_error": 0.005, "cosine": 0.9999, "samples": 100,
        "passed": True, "tolerance": None, "top1_agreement": 0.99, "data": "/data/digits-test.npz",
        "outputs": [OutputAgreement("out", [100, 10], 0.0049, 0.005, 0.9999)],
    }  # fmt: skip
    plain: dict[str, object] = msgspec.to_builtins(Agreement(**{**usual, **changes}))  # type: ignore[arg-type]
    return plain


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    opened = Project.open(tmp_path / "digits & <letters>")
    yield opened
    opened.close()


@pytest.fixture
def records(project: Project, tmp_path: Path) -> list[ModelRecord]:
    source = tmp_path / "net.onnx"
    source.write_bytes(bytes(4000))
    root = project.add_model(source, name="<b>net</b>.onnx", format="onnx", sha256="aa11")
    target = project.new_artifact_path("net int8", ".onnx")
    target.write_bytes(bytes(1000))
    step = {
        "artifact": str(target), "format": "onnx", "bytes_before": 4000, "bytes_after": 1000, "verified": agreement(),
        "seconds": 2.5, "plugin": "static-int8", "params": {"per_channel": True, "skip": []}, "source_sha256": "aa11",
        "artifact_sha256": "bb22", "data": msgspec.to_builtins(DataSpec(path="/data/calibration.npz")),
        "data_sha256": "cc33", "tools": {"onnxruntime": "1.31.1"}, "notes": ["4 of 4 layers are int8."],
        "figures": {"sparsity": 0.5, "layers": 4.0}, "tables": {"sparsity": {"conv<1>": 0.25}},
    }  # fmt: skip
    child = project.add_model(target, name="net int8.onnx", format="onnx", parent=root.id, step=step)
    return [root, child]


def series_of(record: ModelRecord) -> str:
    return f"{record.path}|onnxruntime|cpu"


def add_benchmark(
    project: Project, records: list[ModelRecord], *, samples: bool, ended: str = "finished", batch: int = 1
) -> int:
    tracks, rows = {}, []
    for index, record in enumerate(records):
        track = tracks[series_of(record)] = LatencyTrack(series_of(record))
        values = np.random.default_rng(index).uniform(9, 11, 200) / (index + 1)
        track.add(Samples(track.series, "warmup", [30.0, 20.0], 0.05, 90.0))
        track.add(Samples(track.series, "measured", values.tolist(), 2.0, 95.0))
        rows.append({
            "model": record.path, "runtime": "onnxruntime", "device": "cpu", "device_label": "CPUExecutionProvider",
            "batch": batch, "threads": None, "runs": 200, "warmup": 2, "p50_ms": float(np.median(values)),
            "p90_ms": 10.5, "p99_ms": 10.9, "mean_ms": 10.0, "min_ms": 9.0, "max_ms": 11.0, "throughput": 100.0,
            "peak_rss_mb": 95.0, "series": track.series, "samples_path": "",
        })  # fmt: skip
    path = save_tracks(project.folder / "runs" / f"{len(project.runs())}.npz", tracks) if samples else ""
    result = {"results": rows, "machine": {"cpu": "Test CPU", "load": "0.1", "usable": "4"}, "notes": ["a note"]}
    run = project.add_run("benchmark", [record.id for record in records], {**result, "ended": ended}, str(path))
    return run.id


def test_an_empty_project_has_a_report(project: Project) -> None:
    page = render(project)
    assert not Structure(page).open
    assert "no models yet" in page


def test_steps_settings_and_hashes_are_there_and_escaped(project: Project, records: list[ModelRecord]) -> None:
    page = render(project)
    structure = Structure(page)
    assert not structure.open
    assert "<b>net</b>" not in page
    assert "&lt;b&gt;net&lt;/b&gt;.onnx" in page
    assert "digits &amp; &lt;letters&gt;" in page
    wanted = ["static-int8", "Per channel", "aa11", "bb22", "cc33", "1.31.1", "4 of 4 layers are int8.", "25 %"]
    wanted += ["4.00 kB", "1.00 kB", "nearly always", "99 of 100 samples", "conv&lt;1&gt;", "calibration.npz"]
    for text in wanted:
        assert text in page, text


def test_figures_link_to_their_runs(project: Project, records: list[ModelRecord]) -> None:
    first = add_benchmark(project, records, samples=True)
    second = add_benchmark(project, records, samples=True)
    evaluated = [
        {"model": record.path, "runtime": "onnxruntime", "device": "cpu", "samples": 50, "top1": top1, "top5": None,
         "confusion": [[25, 0], [1, 24]], "class_names": ["cat", "dog"], "data": "/data/test.npz",
         "data_sha256": "dd44", "seconds": 0.1}
        for record, top1 in zip(records, (0.98, 0.96), strict=True)
    ]  # fmt: skip
    accuracy = project.add_run("evaluate", [record.id for record in records], {"results": evaluated})
    compared = project.add_run("compare", [record.id for record in records], agreement())
    page = render(project)
    structure = Structure(page)
    assert {f"run-{first}", f"run-{second}", f"run-{accuracy.id}", f"run-{compared.id}"} <= set(structure.ids)
    assert f"#run-{second}" in structure.links
    assert f"#run-{first}" not in structure.links
    assert f"#run-{accuracy.id}" in structure.links
    anchors = {link.removeprefix("#") for link in structure.links if link.startswith("#")}
    assert anchors <= set(structure.ids)
    for text in ("98.00 %", "-2.00 points", "dd44", "faster", "Test CPU", "a note", "cat"):
        assert text in page, text
    assert page.count("<svg") == 2 + 2


def test_nothing_is_loaded_from_outside(project: Project, records: list[ModelRecord], tmp_path: Path) -> None:
    add_benchmark(project, records, samples=True)
    shot = tmp_path / "shot.png"
    shot.write_bytes(b"\x89PNG\r\n\x1a\n")
    page = render(project, screenshots=[shot])
    structure = Structure(page)
    assert structure.loaded == ["data:image/png;base64,iVBORw0KGgo="]
    assert all(link.startswith("#") for link in structure.links)
    assert not re.search(r"url\(|@import|https?://", page)
    assert "prefers-color-scheme: dark" in page
    assert "size: A4" in page


def test_runs_without_samples_and_broken_runs_are_shown(project: Project, records: list[ModelRecord]) -> None:
    add_benchmark(project, records, samples=False, ended="stopped")
    project.add_run("evaluate", [records[0].id], {"results": 7})
    page = render(project)
    assert not Structure(page).open
    assert "Stopped early" in page
    assert page.count("<svg") == 1
    assert "cannot be shown" in page


def test_a_latency_names_its_batch_and_belongs_to_the_model_that_was_measured(
    project: Project, records: list[ModelRecord]
) -> None:
    add_benchmark(project, records, samples=False, batch=8)
    assert all(entry.latency is not None and "batch 8" in entry.latency.note for entry in model_entries(project))
    (run,) = project.runs()
    other = project.add_run("benchmark", [records[1].id], {**run.result, "ended": "finished"})
    found = {entry.id: entry.latency for entry in model_entries(project)}
    assert [figure.run for figure in found.values() if figure is not None] == [run.id, other.id]


def test_a_stopped_run_never_stands_in_for_a_whole_one(project: Project, records: list[ModelRecord]) -> None:
    add_benchmark(project, records, samples=False, ended="stopped")
    assert all("not a whole run" in (entry.latency or pytest.fail()).note for entry in model_entries(project))
    whole = add_benchmark(project, records, samples=False)
    add_benchmark(project, records, samples=False, ended="stopped")
    assert {(entry.latency or pytest.fail()).run for entry in model_entries(project)} == {whole}
    assert render(project).count("batch 1") >= 2


def test_an_artifact_without_a_readable_format_is_a_step_and_counted(
    project: Project, records: list[ModelRecord]
) -> None:
    target = project.new_artifact_path("served", "")
    target.mkdir()
    (target / "README.md").write_text("for a server")
    step = {"plugin": "tf-serving", "bytes_before": 4000, "bytes_after": 12, "seconds": 1.0, "format": "",
            "verified": agreement(tolerance=1e-4)}  # fmt: skip
    made = project.add_model(target, name="served", format="", parent=records[0].id, step=step)
    assert not made.is_model
    page = render(project)
    assert f'id="model-{made.id}"' in page
    assert "tf-serving" in page
    assert re.search(r"<strong>1</strong>\s*<span>verified artifact</span>", page)


def test_dropped_optimizer_state_is_not_credited_to_the_step(project: Project, records: list[ModelRecord]) -> None:
    step = {**(records[1].step or {}), "weights_before": 1000, "weights_after": 500}
    project.add_model(Path(records[1].path), name="net int8.onnx", format="onnx", parent=records[0].id, step=step)
    entry = model_entries(project)[1]
    assert entry.share == "50 %"
    assert entry.step is not None
    assert "50 %" in entry.step.sizes
    assert "optimizer state" in entry.step.sizes


def test_a_benchmark_that_failed_is_not_called_stopped(project: Project, records: list[ModelRecord]) -> None:
    add_benchmark(project, records, samples=False, ended="failed")
    page = render(project)
    assert "Ended by an error" in page
    assert "Stopped" not in page


def test_a_failed_verification_is_marked(project: Project, tmp_path: Path) -> None:
    source = tmp_path / "a.onnx"
    source.write_bytes(b"a")
    root = project.add_model(source, name="a.onnx", format="onnx")
    step = {"plugin": "onnx", "bytes_before": 1, "bytes_after": 1, "seconds": 1.0,
            "verified": agreement(tolerance=1e-4, passed=False, top1_agreement=None)}  # fmt: skip
    (tmp_path / "b.onnx").write_bytes(b"b")
    project.add_model(tmp_path / "b.onnx", name="b.onnx", format="onnx", parent=root.id, step=step)
    page = render(project)
    assert page.count("beyond its tolerance") == 2
    assert "beyond the tolerance of" in page


def test_it_is_written_whole_and_never_over_another(project: Project, tmp_path: Path) -> None:
    target = write_report(project, tmp_path / "report.html")
    assert target.read_text(encoding="utf-8").rstrip().endswith("</html>")
    with pytest.raises(WorkbenchError, match="exists"):
        write_report(project, target)
    with pytest.raises(WorkbenchError, match="cannot be read"):
        write_report(project, tmp_path / "other.html", screenshots=[tmp_path / "missing.png"])
    assert not (tmp_path / "other.html").exists()


def test_charts_stay_inside_their_picture() -> None:
    track = LatencyTrack("a")
    values = np.random.default_rng(0).gamma(4, 1, 5000)
    values[77] = 1e6
    track.add(Samples("a", "warmup", [50.0, 40.0], 0.1, 1.0))
    track.add(Samples("a", "measured", values.tolist(), 20.0, 1.0))
    chart = latency_chart({"a": track}, "x < y")
    assert "<title>x &lt; y</title>" in chart
    heights = [float(y) for _x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", chart)]
    assert len(heights) > 400
    assert 0 <= min(heights) <= max(heights) <= 270
    assert len(chart) < 60_000
    assert latency_chart({}, "") == ""


def test_small_charts() -> None:
    chart = bar_chart([Bar("<a>", 2.0, "2 ms"), Bar("b", 1.0, "1 ms", 1)], "bars")
    assert "&lt;a&gt;" in chart
    assert chart.count("<rect") == 4
    assert bar_chart([], "bars") == ""
    assert confusion_chart([[1]], ["a"], "one") == ""
    assert confusion_chart([[1, 2], [3, 4]], [], "two").count('class="hot"') == 4
