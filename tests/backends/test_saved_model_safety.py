"""A SavedModel that would touch files, the network or Python is refused before TensorFlow loads it."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from workbench.backends.saved_model_proto import SavedModel
from workbench.backends.saved_model_safety import check_saved_model
from workbench.backends.tensorflow_session import TensorFlowSession
from workbench.backends.tf_programs import open_program
from workbench.core.errors import WorkbenchError
from workbench.formats.identify import read_model


def saved(folder: Path, body: Callable[[Any], Any], **more: Any) -> Path:
    """Save ``body`` as a SavedModel's only function."""
    module = tf.Module()
    module.more = more
    module.call = tf.function(lambda x: {"y": body(x)}, input_signature=[tf.TensorSpec((None,), name="x")])
    tf.saved_model.save(module, str(folder), signatures=module.call)
    return folder


def written(path: Path, x: Any) -> Any:
    with tf.control_dependencies([tf.io.write_file(str(path), "stolen")]):
        return tf.identity(x)


def in_branch(path: Path, x: Any) -> Any:
    return tf.cond(tf.reduce_sum(x) > 0, lambda: written(path, x), lambda: x)


def printed(path: Path, x: Any) -> Any:
    with tf.control_dependencies([tf.raw_ops.PrintV2(input="stolen", output_stream=f"file://{path}")]):
        return tf.identity(x)


def checkpointed(path: Path, x: Any) -> Any:
    save = tf.raw_ops.SaveV2(prefix=str(path), tensor_names=["x"], shape_and_slices=[""], tensors=[x])
    with tf.control_dependencies([save]):
        return tf.identity(x)


def mapped(path: Path, x: Any) -> Any:
    dataset = tf.data.Dataset.from_tensors(x).map(lambda item: written(path, item))
    return dataset.reduce(x, lambda _old, new: new)


def restored(path: Path) -> Any:
    return tf.raw_ops.RestoreV2(prefix=str(path), tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32])[0]


def registered(x: Any) -> Any:
    variant = tf.data.Dataset.range(1)._variant_tensor
    name = tf.raw_ops.RegisterDatasetV2(
        dataset=variant, address="localhost:1", protocol="grpc", external_state_policy=0
    )
    return x + tf.cast(tf.strings.length(name), tf.float32)


def unpacked(x: Any) -> Any:
    variant = tf.raw_ops.DatasetFromGraph(graph_def="")
    hidden = tf.data.experimental.from_variant(variant, tf.TensorSpec((None,)))
    return hidden.reduce(x, lambda _old, new: new)


BODIES: dict[str, tuple[Callable[[Path, Any], Any], str]] = {
    "WriteFile": (written, "reads or writes files"),
    "branch": (in_branch, "WriteFile, which reads or writes files"),
    "PrintV2": (printed, "reads or writes files"),
    "SaveV2": (checkpointed, "reads or writes files"),
    "dataset": (mapped, "WriteFile, which reads or writes files"),
    "ReadFile": (lambda path, x: x + tf.cast(tf.strings.length(tf.io.read_file(str(path))), tf.float32), "files"),
    "MatchingFiles": (lambda path, x: x + tf.cast(tf.size(tf.io.matching_files(f"{path}*")), tf.float32), "files"),
    "RestoreV2": (lambda path, x: x + restored(path), "files"),
    "EagerPyFunc": (lambda _path, x: tf.py_function(lambda given: given, [x], tf.float32), "calls Python code"),
    "RegisterDatasetV2": (lambda _path, x: registered(x), "may reach the network"),
    "DatasetFromGraph": (lambda _path, x: unpacked(x), "hidden inside"),
}


@pytest.mark.parametrize("name", BODIES)
def test_refused_before_anything_runs(name: str, tmp_path: Path) -> None:
    body, said = BODIES[name]
    touched = tmp_path / "touched"
    path = saved(tmp_path / "model", lambda x: body(touched, x))
    with pytest.raises(WorkbenchError, match=said) as caught:
        TensorFlowSession(path, device="cpu", threads=None)
    assert name in caught.value.message or name in ("branch", "dataset")
    assert "Looking at its graph" in caught.value.hint
    with pytest.raises(WorkbenchError, match=said):
        open_program(path)
    assert not list(tmp_path.glob("touched*"))
    assert read_model(path).nodes, "looking at it stays possible"


def test_initializer_is_looked_at_before_loading_runs_it(tmp_path: Path) -> None:
    touched = tmp_path / "touched"

    class Sneaky(tf.saved_model.experimental.TrackableResource):
        def _create_resource(self) -> Any:
            return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

        @tf.function(input_signature=[])
        def _initialize(self) -> Any:
            tf.io.write_file(str(touched), "stolen")
            return 1

    model = saved(tmp_path / "model", lambda x: x, table=Sneaky())
    touched.unlink(missing_ok=True)
    with pytest.raises(WorkbenchError, match="reads or writes files"):
        open_program(model)
    assert not touched.exists()


def vocabulary_model(folder: Path) -> Path:
    words = folder / "words.txt"
    words.write_text("a\nb\n")
    first = tf.lookup.TextFileInitializer(
        str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
    )
    table = tf.lookup.StaticHashTable(first, -1)
    path = saved(folder / "model", lambda x: tf.cast(table.lookup(tf.strings.as_string(x)), tf.float32), table=table)
    words.unlink()
    return path


def test_vocabulary_among_the_assets_is_the_models_own(tmp_path: Path) -> None:
    path = vocabulary_model(tmp_path)
    session = TensorFlowSession(path, device="cpu", threads=None)
    assert session.run({"x": tf.constant([1.0]).numpy()})["y"].tolist() == [-1.0]


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "C:\\secret.txt", "..\\secret.txt"])
def test_asset_outside_of_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    path = vocabulary_model(tmp_path)
    model = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    model.meta_graphs[0].asset_file_def[0].filename = name
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(WorkbenchError, match="lies outside of its folder"):
        check_saved_model(path)


def test_vocabulary_from_any_other_file_is_refused(tmp_path: Path) -> None:
    def body(x: Any) -> Any:
        table = tf.raw_ops.AnonymousHashTable(key_dtype=tf.string, value_dtype=tf.int64)
        load = tf.raw_ops.InitializeTableFromTextFileV2(
            table_handle=table, filename="/etc/passwd", key_index=-2, value_index=-1
        )
        with tf.control_dependencies([load]):
            return tf.identity(x)

    with pytest.raises(WorkbenchError, match="InitializeTableFromTextFileV2, which reads or writes files"):
        open_program(saved(tmp_path / "model", body))


def graph_model(folder: Path, build: Callable[[Any], Any]) -> Path:
    """Save a graph of TensorFlow 1 with a variable, a saver and whatever ``build`` adds."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, (None,), name="x")
        v1.disable_resource_variables()
        y = tf.identity(x * v1.get_variable("w", initializer=2.0), name="y")
        init = build(x)
        session.run(v1.global_variables_initializer())
        v1.enable_resource_variables()
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature}, main_op=init)
        builder.save()
    return folder


@pytest.mark.filterwarnings("ignore")
def test_graph_of_tensorflow_1_and_what_it_runs_when_loaded(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    unused = graph_model(tmp_path / "unused", lambda _x: tf.io.write_file(str(touched), "a") and None)
    assert open_program(unused).outputs[0].name == "y"
    sneaky = graph_model(tmp_path / "sneaky", lambda _x: tf.io.write_file(str(touched), "a"))
    with pytest.raises(WorkbenchError, match="WriteFile, which reads or writes files"):
        open_program(sneaky)
    assert not touched.exists()


def test_bundled_sample_and_keras_exports_pass(samples: Path, model_file: Callable[[str, str], Path]) -> None:
    check_saved_model(samples / "digits_savedmodel")
    check_saved_model(model_file("lstm", "saved-model"))


def test_restoring_may_read_the_checkpoint_and_nothing_else(samples: Path, tmp_path: Path) -> None:
    path = tmp_path / "model"
    shutil.copytree(samples / "digits_savedmodel", path)
    model = SavedModel.FromString((path / "saved_model.pb").read_bytes())
    function = next(
        item for item in model.meta_graphs[0].graph_def.library.function if "traced_restore" in item.signature.name
    )
    function.node_def.add(name="sneaky", op="WriteFile")
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    with pytest.raises(WorkbenchError, match="sneaky is a WriteFile"):
        check_saved_model(path)


@pytest.mark.real
def test_real_saved_models_pass(real_models: Path, tmp_path: Path) -> None:
    found = {file.parent for file in real_models.rglob("saved_model.pb")}
    for number, archive in enumerate(real_models.glob("sleepecg-savedmodel/**/*.zip")):
        with zipfile.ZipFile(archive) as stored:
            stored.extractall(tmp_path / str(number))
    found |= {file.parent for file in tmp_path.rglob("saved_model.pb")}
    assert len(found) >= 4
    for path in sorted(found):
        check_saved_model(path)
