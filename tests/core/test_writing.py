"""Atomic writes: whole or not there, never over something else, and a message that says why not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.core import writing
from workbench.core.errors import WorkbenchError
from workbench.core.writing import atomic_target, remove_partials


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "new" / "folder" / "model.onnx"
    with atomic_target(target) as partial:
        partial.write_bytes(b"half")
        assert not target.exists()
        assert partial.name == target.name
    assert target.read_bytes() == b"half"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "saved"
    with atomic_target(target) as partial:
        (partial / "variables").mkdir(parents=True)
        (partial / "variables" / "data").write_bytes(b"x")
        assert not target.exists()
    assert (target / "variables" / "data").read_bytes() == b"x"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_after_an_error(tmp_path, error):
    with pytest.raises(error), atomic_target(tmp_path / "x") as partial:
        partial.write_bytes(b"half")
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder", "broken link"])
def test_nothing_is_overwritten(tmp_path, kind):
    target = tmp_path / "x"
    if kind == "file":
        target.write_bytes(b"old")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(WorkbenchError, match="exists already") as refused, atomic_target(target):
        pytest.fail("the body must not run")
    assert "nothing is overwritten" in refused.value.hint


@pytest.mark.parametrize("as_folder", [False, True])
def test_what_appears_meanwhile_is_not_overwritten_either(tmp_path, as_folder):
    target = tmp_path / "x"
    with pytest.raises(WorkbenchError, match="exists already"), atomic_target(target) as partial:
        if as_folder:
            partial.mkdir()
            (partial / "new").write_bytes(b"new")
        else:
            partial.write_bytes(b"new")
        target.write_bytes(b"old")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_without_hard_links(tmp_path, monkeypatch):
    def refuse(*args: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with atomic_target(tmp_path / "x") as partial:
        partial.write_bytes(b"new")
    assert (tmp_path / "x").read_bytes() == b"new"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    refusal = pytest.raises(WorkbenchError, match=r"Cannot write .*x: (Not a directory|File exists)")
    with refusal, atomic_target(tmp_path / "file" / "x"):
        pytest.fail("the body must not run")


@pytest.mark.parametrize("place", ["beside the target", "elsewhere"])
def test_a_source_that_cannot_be_read_is_not_put_down_to_the_target(tmp_path, place):
    target = tmp_path / "out" / "model.onnx"
    source = (target.parent if place == "beside the target" else tmp_path) / "source.h5"
    with pytest.raises(WorkbenchError) as said, atomic_target(target):
        raise PermissionError(errno.EACCES, "Permission denied", str(source))
    assert str(source) in said.value.message
    assert str(target) not in said.value.message
    assert "read" in said.value.hint


def test_a_target_that_may_not_be_written_is_named(tmp_path):
    target = tmp_path / "model.onnx"
    for names in ((), (None,), ("own",)):
        with pytest.raises(WorkbenchError, match="Cannot write") as said, atomic_target(target) as partial:
            name = (str(partial),) if names == ("own",) else names
            raise PermissionError(errno.EACCES, "Permission denied", *name)
        assert str(target) in said.value.message


def test_another_disk_that_is_full_is_named(tmp_path):
    with pytest.raises(WorkbenchError, match="Cannot write /elsewhere/scratch"), atomic_target(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device", "/elsewhere/scratch")


def test_a_full_disk_is_named_when_python_says_so(tmp_path):
    refusal = pytest.raises(WorkbenchError, match="No space left on device")
    with refusal as refused, atomic_target(tmp_path / "x") as partial:
        partial.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "Free some space" in refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named_even_when_a_library_says_something_else(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_FULL_BYTES", 1 << 62)
    with pytest.raises(WorkbenchError, match="No space left on device"), atomic_target(tmp_path / "x"):
        raise RuntimeError("HDF5: unable to flush")


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from workbench.core.writing import atomic_target\n"
        "with atomic_target(Path(sys.argv[1]) / 'dead') as partial:\n"
        "    partial.mkdir(); (partial / 'x').write_bytes(b'x'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], timeout=60)
    (tmp_path / ".workbench-00000000-1-x.partial").mkdir()
    assert len(list(tmp_path.iterdir())) == 2
    with atomic_target(tmp_path / "living") as partial:
        partial.write_bytes(b"")
        remove_partials(tmp_path)
        assert partial.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".workbench-00000000-1-x.partial", "living"], (
        "another computer's are not ours to judge"
    )


def test_a_long_name_is_no_obstacle(tmp_path):
    target = tmp_path / ("m" * 250 + ".onnx")
    with atomic_target(target) as partial:
        partial.write_bytes(b"x")
    assert target.exists()


def test_a_relative_target(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_target(Path("x")) as partial:
        partial.write_bytes(b"x")
    assert (tmp_path / "x").exists()
