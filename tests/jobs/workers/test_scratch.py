"""What finished jobs leave in scratch: only what their results name, and not without end."""

from __future__ import annotations

from pathlib import Path

import odd_jobs
from listening import Company

from workbench.core.events import Finished, Started
from workbench.jobs.runner import result_of
from workbench.jobs.scratch import KeptScratch


def test_a_finished_job_leaves_nothing_that_its_result_does_not_name(company: Company):
    job = odd_jobs.LeaveWaste()
    _ticket, listener = company.submit(job)
    started = listener.until(Started)
    ended = listener.end()
    assert isinstance(ended, Finished)
    assert result_of(job, ended) == "nested"
    assert not Path(started.scratch).exists()


def test_what_a_result_names_stays(company: Company):
    job = odd_jobs.Echo(text="kept")
    ended = company.end(job)
    assert isinstance(ended, Finished)
    company.end(odd_jobs.LeaveWaste())
    assert (Path(result_of(job, ended).scratch) / "kept.txt").read_text(encoding="utf-8") == "kept"


def filled(folder: Path, size: int) -> Path:
    """Make a scratch folder of so many bytes."""
    folder.mkdir()
    (folder / "x.bin").write_bytes(bytes(size))
    return folder


def test_superseded_results_go_first_and_the_newest_of_each_kind_stays(tmp_path):
    kept = KeptScratch(most_bytes=100)
    outputs = filled(tmp_path / "outputs", 90)
    kept.add("Infer", outputs)
    scenes = [filled(tmp_path / f"scene{number}", 40) for number in range(3)]
    for scene in scenes:
        kept.add("LayOut", scene)
    assert outputs.exists()
    assert [scene.exists() for scene in scenes] == [False, False, True]
    again = filled(tmp_path / "again", 10)
    kept.add("Infer", again)
    assert [outputs.exists(), again.exists(), scenes[2].exists()] == [False, True, True]


def test_what_fits_stays_and_empty_folders_go(tmp_path):
    kept = KeptScratch(most_bytes=100)
    small = [filled(tmp_path / str(number), 20) for number in range(5)]
    for folder in small:
        kept.add("ReadTensor", folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    kept.add("Infer", empty)
    assert all(folder.exists() for folder in small)
    assert not empty.exists()
