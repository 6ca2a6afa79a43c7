"""NumPy files: arrays found by name or shape, labels, limits, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets.npz import Npz
from workbench.datasets.samples import spread
from workbench.datasets.select import open_dataset


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    path = tmp_path / "digits.npz"
    train = np.arange(20 * 784).reshape(20, 28, 28) % 251
    np.savez(
        path,
        X_train=train.astype(np.uint8),
        y_train=np.arange(20) % 10,
        X_test=train[:6].astype(np.uint8),
        y_test=np.eye(10, dtype=np.uint8)[:6],
        class_names=np.array([f"digit {index}" for index in range(10)]),
    )
    return path


def test_several_fitting_arrays_are_never_guessed(digits: Path, picture: list[Port]) -> None:
    with pytest.raises(WorkbenchError, match="Several arrays fit input image: X_train, X_test"):
        open_dataset(DataSpec(path=str(digits)), picture)


def test_labels_follow_the_split_of_the_inputs(digits: Path, picture: list[Port]) -> None:
    data = open_dataset(DataSpec(path=str(digits), inputs="X_test"), picture)
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 2, 3, 4, 5]  # from one-hot rows
    assert data.class_names[3] == "digit 3"
    assert data.feeds([0, 1])["image"].shape == (2, 28, 28, 1)
    train = open_dataset(DataSpec(path=str(digits), inputs="image=X_train", labels="y_train"), picture)
    assert len(train) == 20


def test_arrays_are_found_by_the_models_names(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    left, right = np.ones((5, 3), np.float32), np.zeros((5, 3), np.float32)
    np.savez(path, right=right, left=left, y=np.arange(5))
    ports = [Port("left", "float32", [None, 3]), Port("serving_default_right:0", "float32", [None, 3])]
    feeds = open_dataset(DataSpec(path=str(path)), ports).feeds([0])
    assert feeds["left"].sum() == 3
    assert feeds["serving_default_right:0"].sum() == 0


def test_unclear_inputs_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "two.npz"
    np.savez(path, a=np.ones((5, 3)), b=np.zeros((5, 3)), c=np.zeros((5, 3)))
    ports = [Port("left", "float32", [None, 3]), Port("right", "float32", [None, 3])]
    with pytest.raises(WorkbenchError, match="not clear which array") as caught:
        open_dataset(DataSpec(path=str(path)), ports)
    assert "left=ARRAY,right=ARRAY" in caught.value.hint
    assert len(open_dataset(DataSpec(path=str(path), inputs="left=c,right=a"), ports)) == 5
    with pytest.raises(WorkbenchError, match="nothing called d"):
        open_dataset(DataSpec(path=str(path), inputs="left=d,right=a"), ports)
    with pytest.raises(WorkbenchError, match="Nothing feeds input right"):
        open_dataset(DataSpec(path=str(path), inputs="left=a"), ports)
    with pytest.raises(WorkbenchError, match="no input called middle"):
        open_dataset(DataSpec(path=str(path), inputs="middle=a,right=b"), ports)


def test_a_npy_file_is_mapped(tmp_path: Path, table: list[Port]) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(40, dtype=">f8").reshape(10, 4))
    data = open_dataset(DataSpec(path=str(path), limit=3), table)
    assert len(data) == 3
    assert data.feeds([0])["features"].dtype == np.float32
    assert data.labels is None


def test_object_arrays_are_never_unpickled(tmp_path: Path, table: list[Port]) -> None:
    for name, save in (("x.npz", np.savez), ("x.npy", np.save)):
        path = tmp_path / name
        save(path, np.array([{"a": 1}, None], dtype=object))
        with pytest.raises(WorkbenchError, match="Python objects") as caught:
            open_dataset(DataSpec(path=str(path), inputs="arr_0" if name == "x.npz" else ""), table)
        assert "object" in caught.value.hint


def test_a_truncated_file_is_said(tmp_path: Path, table: list[Port]) -> None:
    whole = io.BytesIO()
    np.save(whole, np.zeros((100, 4)))
    path = tmp_path / "x.npy"
    path.write_bytes(whole.getvalue()[:500])
    with pytest.raises(WorkbenchError, match="Cannot read"):
        open_dataset(DataSpec(path=str(path)), table)


def test_an_array_that_claims_to_be_enormous_is_refused(tmp_path: Path, table: list[Port]) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40, 4)})
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("features.npy", header.getvalue())
    with pytest.raises(WorkbenchError, match="GB of memory"):
        open_dataset(DataSpec(path=str(path)), table)


def test_a_wrong_shape_is_said_before_anything_runs(digits: Path, table: list[Port]) -> None:
    with pytest.raises(WorkbenchError, match=r"shape \(4\), but the data has samples of shape \(28, 28\)"):
        open_dataset(DataSpec(path=str(digits), inputs="X_train"), table)


def test_different_numbers_of_samples_and_labels_are_refused(tmp_path: Path, table: list[Port]) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((5, 4)), wrong=np.arange(4))
    with pytest.raises(WorkbenchError, match="5 samples but 4 labels"):
        open_dataset(DataSpec(path=str(path), labels="wrong"), table)


def test_labels_that_are_no_classes_are_left_out_unless_asked_for(tmp_path: Path, table: list[Port]) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros((3, 4)), y=np.array([0.5, 1.5, 2.0]))
    assert open_dataset(DataSpec(path=str(path)), table).labels is None
    with pytest.raises(WorkbenchError, match="y does not hold class labels"):
        open_dataset(DataSpec(path=str(path), labels="y"), table)


def test_the_digest_follows_content_choice_and_preprocessing(digits: Path, picture: list[Port]) -> None:
    def digest(**changes: object) -> str:
        spec = DataSpec(**({"path": str(digits), "inputs": "X_train"} | changes))  # type: ignore[arg-type]
        return open_dataset(spec, picture).digest()

    same = digest()
    assert same == digest()
    others = {
        digest(inputs="X_test"),
        digest(limit=5),
        digest(preprocessing=Preprocessing(scale=0.5)),
        digest(labels="y_train", limit=19),
    }
    assert same not in others
    assert len(others) == 4


def test_a_limit_takes_one_sample_of_each_stretch() -> None:
    chosen = spread(1000, 100)
    assert (chosen // 10).tolist() == list(range(100))
    assert 30 < np.sum(chosen % 2) < 70  # alternating classes are both met
    assert spread(5, 9).tolist() == [0, 1, 2, 3, 4]


def opened_whole(path: Path) -> None:
    reader = Npz()
    reader.matches(path)
    data = reader.open(DataSpec(path=str(path)), [Port("x", "float32", [None, 8])])
    data.feeds(range(len(data)))


def compressed(path: Path) -> bytes:
    np.savez_compressed(path, x=np.random.default_rng(0).integers(0, 9, (40, 8)).astype(np.float32))
    return path.read_bytes()


@pytest.mark.filterwarnings("ignore")  # numpy on what it makes of a damaged header
def test_damaged_archives_are_clear_errors(tmp_path: Path) -> None:
    path = tmp_path / "broken.npz"
    whole = compressed(path)
    numbers = np.random.default_rng(0)
    refused = 0
    for _attempt in range(400):
        content = np.frombuffer(whole, np.uint8).copy()
        content[numbers.integers(0, len(content), 3)] = numbers.integers(0, 256, 3)
        path.write_bytes(content.tobytes())
        try:
            opened_whole(path)
        except WorkbenchError:
            refused += 1
    assert refused > 200


def test_encrypted_archive_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "locked.npz"
    content = bytearray(compressed(path))
    content[6] |= 1  # the flag in the local header and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(WorkbenchError, match="encrypted"):
        opened_whole(path)


def test_broken_compression_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "torn.npz"
    content = bytearray(compressed(path))
    start = 30 + len("x.npy") + int.from_bytes(content[28:30], "little")
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    with pytest.raises(WorkbenchError, match="Cannot read x"):
        opened_whole(path)
