"""Stages are counted, named and share the bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.jobs.stages import Stages
from workbench.jobs.transform import Optimize


class Said:
    """A Report that remembers its progress."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.steps: list[tuple[float | None, str]] = []

    def progress(self, fraction: float | None, text: str) -> None:
        self.steps.append((fraction, text))

    def log(self, text: str, level: Any = "info") -> None: ...

    def samples(self, samples: Any) -> None: ...


def test_an_unknown_fraction_begins_the_next_stage(tmp_path: Path) -> None:
    said = Said(tmp_path)
    stages = Stages(said, count=2)
    stages.progress(None, "making")
    stages.progress(0.5, "half made")
    stages.progress(None, "checking")
    stages.progress(None, "one too many")
    assert said.steps == [
        (0.0, "Step 1 of 2: making"),
        (0.25, "Step 1 of 2: half made"),
        (0.5, "Step 2 of 2: checking"),
        (0.5, "Step 2 of 2: one too many"),
    ]


def test_a_step_goes_through_named_stages_and_records_its_weights(samples: Path, tmp_path: Path) -> None:
    said = Said(tmp_path)
    job = Optimize(source=str(samples / "digits.onnx"), target=str(tmp_path / "q.onnx"), pass_id="dynamic-int8")
    result = job.run(said)
    fractions = [fraction for fraction, _text in said.steps]
    assert None not in fractions
    assert fractions == sorted(fractions)
    assert {text.split(":")[0] for _fraction, text in said.steps} == {f"Step {n} of 4" for n in (1, 2, 3, 4)}
    assert 0 < result.weights_after < result.weights_before < result.bytes_before
