"""The SavedModel exporter: a signature with readable names, each variable once, an honest copy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from workbench.core.errors import WorkbenchError
from workbench.core.paths import size_of
from workbench.exporters.saved_model import SavedModelExport, SavedModelParams
from workbench.runtimes.tensorflow import TensorFlow


def export(source: Path, target: Path, ear) -> Path:
    SavedModelExport().run(source, target, SavedModelParams(), report=ear)
    return target


@pytest.mark.parametrize("name", ["many-ports", "film", "masked-lstm", "odd-activations"])
def test_keras_gets_a_serving_signature(name: str, model_file, tmp_path: Path, ear, worst_error) -> None:
    source = model_file(name, "keras-zip")
    session = TensorFlow().open(export(source, tmp_path / "model", ear))
    own = TensorFlow().open(source)
    assert sorted(port.name for port in session.inputs) == sorted(port.name for port in own.inputs)
    assert sorted(port.name for port in session.outputs) == sorted(port.name for port in own.outputs)
    assert worst_error(source, session) == 0.0
    assert list(tf.saved_model.load(str(tmp_path / "model")).signatures) == ["serving_default"]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")
def test_each_variable_is_stored_once(tmp_path: Path, ear) -> None:
    import keras

    model = keras.Sequential([keras.Input((1000,)), keras.layers.Dense(500)])
    model.save(tmp_path / "wide.keras")
    assert size_of(export(tmp_path / "wide.keras", tmp_path / "model", ear)) < 1.1 * 4 * model.count_params()


def test_vocabulary_goes_along(tmp_path: Path, ear) -> None:
    """A lookup table is no variable: the model is exported whole."""
    import keras

    words = keras.Input((3,), dtype="string", name="words")
    known = keras.layers.StringLookup(vocabulary=["cat", "dog"])(words)
    keras.Model(words, known).save(tmp_path / "lookup.keras")
    session = TensorFlow().open(export(tmp_path / "lookup.keras", tmp_path / "model", ear))
    rows = np.array([["dog", "cat", "eel"]], dtype=object)
    assert next(iter(session.run({session.inputs[0].name: rows}).values())).tolist() == [[2, 1, 0]]


def test_saved_model_is_copied_whole_without_links(model_file, tmp_path: Path, ear, worst_error) -> None:
    source = model_file("gru", "saved-model")
    copy = export(source, tmp_path / "copy", ear)
    assert worst_error(source, TensorFlow().open(copy)) == 0.0
    assert (copy / "saved_model.pb").read_bytes() == (source / "saved_model.pb").read_bytes()
    (copy / "assets" / "outside").symlink_to("/etc/hostname")
    assert not (export(copy, tmp_path / "second", ear) / "assets" / "outside").exists()


def test_damaged_saved_model_is_refused(model_file, tmp_path: Path, ear) -> None:
    broken = export(model_file("gru", "saved-model"), tmp_path / "broken", ear)
    (broken / "variables" / "variables.index").unlink()
    with pytest.raises(WorkbenchError, match="TensorFlow cannot load"):
        export(broken, tmp_path / "copy", ear)
    assert not (tmp_path / "copy").exists()
