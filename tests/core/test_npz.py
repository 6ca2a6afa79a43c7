"""Arrays on disk, and what a file's bytes are called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from workbench.core.fingerprint import fingerprint
from workbench.core.npz import load_npz, save_npz


def test_any_name_and_text_come_back(tmp_path: Path) -> None:
    arrays = {
        "file": np.arange(3),
        "Call/a:0": np.array(2.5),
        "text": np.array(["grün", b"b"], dtype=object),
    }
    save_npz(tmp_path / "a", arrays)
    back = load_npz(tmp_path / "a")
    assert list(back) == list(arrays)
    np.testing.assert_array_equal(back["file"], arrays["file"])
    assert (back["Call/a:0"].shape, float(back["Call/a:0"])) == ((), 2.5)
    assert back["text"].tolist() == ["grün", "b"]


def test_a_file_is_its_bytes_and_a_folder_its_files_and_their_names(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    assert fingerprint(tmp_path / "f") == hashlib.sha256(b"abc").hexdigest()
    digests = set()
    for name, content in (("a", b"1"), ("b", b"1"), ("a", b"2")):
        folder = tmp_path / f"{name}{content.decode()}"
        (folder / "in").mkdir(parents=True)
        (folder / "in" / name).write_bytes(content)
        digests.add(fingerprint(folder))
    assert len(digests) == 3
