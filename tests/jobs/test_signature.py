"""An export of another signature than the usual one is proved against that signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.jobs.transform import Export
from workbench.runtimes.select import open_session

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_signatures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tensorflow as tf

    folder = tmp_path_factory.mktemp("saved") / "model"
    module = tf.Module()
    module.factor = tf.Variable(2.0)
    usual, other = [tf.TensorSpec((None, 3), name="x")], [tf.TensorSpec((None, 5), name="row")]
    module.scale = tf.function(lambda x: {"y": module.factor * x}, input_signature=usual)
    module.shift = tf.function(lambda row: {"z": module.factor + row}, input_signature=other)
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.scale, "shift": module.shift})
    return folder


@pytest.mark.parametrize("data", ["random", "file"])
@pytest.mark.parametrize("exporter", ["onnx", "tflite", "tf-serving"])
def test_it_is_verified_against_the_signature_that_was_exported(
    two_signatures: Path, tmp_path: Path, recorder: Any, exporter: str, data: str
) -> None:
    rows = tmp_path / "rows.npz"
    np.savez(rows, row=np.random.default_rng(0).standard_normal((6, 5)).astype("f"))
    job = Export(
        source=str(two_signatures),
        target=str(tmp_path / "out"),
        exporter_id=exporter,
        params={"signature": "shift"},
        data=DataSpec() if data == "random" else DataSpec(path=str(rows)),
    )
    result = job.run(recorder)
    assert result.verified is not None, result.notes
    assert result.verified.passed, result.notes
    assert [output.name for output in result.verified.outputs] == ["z"]
    assert result.verified.outputs[0].shape[1:] == [5]


def test_a_model_with_one_entry_point_refuses_a_signature(samples: Path) -> None:
    for name in ("digits.onnx", "digits.tflite"):
        with pytest.raises(WorkbenchError, match="none called shift"):
            open_session(samples / name, signature="shift")
