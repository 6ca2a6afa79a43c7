"""CSV tables: header or not, labels, columns for inputs, and what is said of a bad cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.datasets import Dataset
from workbench.datasets.select import open_dataset

IRIS = "sepal,petal,width,height,label\n1,2,3,4,rose\n5,6,7,8,tulip\n9,10,11,12,rose\n"


def opened(tmp_path: Path, text: str, ports: list[Port], **settings: str) -> Dataset:
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return open_dataset(DataSpec(path=str(path), **settings), ports)  # type: ignore[arg-type]


def test_header_and_text_labels(tmp_path: Path, table: list[Port]) -> None:
    data = opened(tmp_path, IRIS, table)
    assert data.feeds([0, 2])["features"].tolist() == [[1, 2, 3, 4], [9, 10, 11, 12]]
    assert data.class_names == ["rose", "tulip"]
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 0]


def test_columns_named_by_numbers_are_a_header_too(tmp_path: Path, table: list[Port]) -> None:
    data = opened(tmp_path, "label,0,1,2,3\n7,1,2,3,4\n", table)
    assert data.feeds([0])["features"].tolist() == [[1, 2, 3, 4]]
    assert data.labels is not None
    assert data.labels.tolist() == [7]
    named = opened(tmp_path, "rose,1,2,3,4\ntulip,5,6,7,8\n", table, labels="1")
    assert named.class_names == ["rose", "tulip"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_header_and_other_delimiters(tmp_path: Path, table: list[Port], delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["1", "2", "3", "4"], ["5", "6", "7", "8"]))
    data = opened(tmp_path, text, table)
    assert len(data) == 2
    assert data.labels is None


def test_a_numbered_column_can_be_the_labels(tmp_path: Path, table: list[Port]) -> None:
    data = opened(tmp_path, "2,1,2,3,4\n0,5,6,7,8\n", table, labels="1")
    assert data.labels is not None
    assert data.labels.tolist() == [2, 0]
    assert data.feeds([1])["features"].tolist() == [[5, 6, 7, 8]]


def test_columns_are_reshaped_to_the_input_when_their_number_fits(tmp_path: Path) -> None:
    data = opened(tmp_path, IRIS, [Port("x", "float32", [None, 2, 2, 1])])
    assert data.feeds([0])["x"][0, :, :, 0].tolist() == [[1, 2], [3, 4]]


def test_columns_feed_inputs_by_name_and_by_order(tmp_path: Path) -> None:
    ports = [Port("petal", "float32", [None, 1]), Port("width", "float32", [None])]
    feeds = opened(tmp_path, IRIS, ports).feeds([0])
    assert feeds["petal"].tolist() == [[2]]
    assert feeds["width"].tolist() == [3]
    two = [Port("a", "float32", [None, 3]), Port("b", "float32", [None, 1])]
    assert opened(tmp_path, IRIS, two).feeds([0])["b"].tolist() == [[4]]
    asked = opened(tmp_path, IRIS, [Port("x", "float32", [None, 2])], inputs="height, sepal")
    assert asked.feeds([0])["x"].tolist() == [[4, 1]]


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("a,b,c,d\n1,2,x,4\n", {}, "line 2: 'x' in column c is not a number"),
        ("a,b,c,d\n1,2,3,4\n1,2\n", {}, "line 3: 2 cells where 4 are expected"),
        ("a,b,c\n1,2,3\n", {}, r"shape \(4\), but the data has samples of shape \(3\)"),
        (IRIS, {"inputs": "sepal,stem"}, "no column called stem"),
        (IRIS, {"labels": "kind"}, "no column called kind"),
        ("a,b,c,d\n", {"kind": "csv"}, "holds no samples"),
        ("", {"kind": "csv"}, "is empty"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, table: list[Port], text: str, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(WorkbenchError, match=message):
        opened(tmp_path, text, table, **settings)


def test_a_text_that_is_no_table_is_refused(tmp_path: Path, table: list[Port]) -> None:
    with pytest.raises(WorkbenchError, match="not a data set that can be read") as caught:
        opened(tmp_path, "Dear reader,\nthis is a letter.\n", table)
    assert "CSV" in caught.value.hint
