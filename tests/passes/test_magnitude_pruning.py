"""Pruning keeps the format, is exact, and touches only kernels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.passes.conftest import Told, branching, convolutional, outputs_of
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph
from workbench.core.outcome import Outcome
from workbench.formats.identify import identify, read_model
from workbench.passes.magnitude_pruning import MagnitudePruning, MagnitudePruningParams

SAMPLES = ("digits.h5", "digits.keras", "digits.onnx", "digits_savedmodel")


def prune(source: Path, target: Path, report: Told, **settings: object) -> Outcome:
    params = MagnitudePruningParams(**settings)  # type: ignore[arg-type]
    return MagnitudePruning().run(source, target, params, data=None, report=report)


def tensors_of(path: Path) -> dict[str, np.ndarray]:
    """Read every weight through the format's own reader."""
    found = identify(path)
    graph = found.read(path)
    return {
        name: np.asarray(found.read_tensor(path, tensor))
        for each in (graph, *graph.functions.values())
        for name, tensor in each.tensors.items()
        if tensor.dtype.startswith("float")
    }


def shape_of(graph: Graph) -> tuple[dict[str, int], list[str]]:
    return graph.op_counts(), sorted(graph.tensors)


@pytest.mark.parametrize("sparsity", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("scope", ["global", "layer"])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_asked_sparsity_exactly_and_nothing_else_changed(
    samples: Path, report: Told, name: str, scope: str, sparsity: float
) -> None:
    source, target = samples / name, report.scratch / name
    outcome = prune(source, target, report, sparsity=sparsity, scope=scope)
    before, after = tensors_of(source), tensors_of(target)
    assert shape_of(read_model(source)) == shape_of(read_model(target))
    pruned = [key for key in after if not np.array_equal(before[key], after[key])]
    assert all(before[key].ndim >= 2 for key in pruned)
    for key in pruned:
        kept = after[key] != 0
        assert np.array_equal(after[key][kept], before[key][kept])
    total = int(outcome.figures["pruned_weights"])
    kernels = [value for value in after.values() if value.ndim >= 2]
    assert total == sum(kernel.size for kernel in kernels)
    assert sum(int(np.sum(kernel == 0)) for kernel in kernels) == round(sparsity * total)
    assert outcome.figures["sparsity"] == pytest.approx(sparsity, abs=0.5 / total + 1e-12)
    if scope == "layer":
        assert all(abs(share - sparsity) < 0.01 for share in outcome.tables["sparsity"].values())
    assert len(outcome.tables["sparsity"]) == len(kernels)


def test_what_it_says_about_size_and_speed_is_honest(samples: Path, tmp_path: Path, report: Told) -> None:
    source, target = samples / "digits.onnx", tmp_path / "pruned.onnx"
    outcome = prune(source, target, report, sparsity=0.9)
    assert target.stat().st_size == source.stat().st_size
    assert outcome.figures["gzip_bytes_after"] < 0.5 * outcome.figures["gzip_bytes_before"]
    assert "The file itself is not smaller" in outcome.notes[1]
    assert "does not run faster" in outcome.notes[1]


@pytest.mark.parametrize("as_constants", [False, True])
def test_depthwise_kernels_only_when_asked(tmp_path: Path, report: Told, as_constants: bool) -> None:  # noqa: FBT001
    source = convolutional(tmp_path / "net.onnx", as_constants=as_constants)
    outcome = prune(source, tmp_path / "a.onnx", report)
    assert sorted(outcome.tables["sparsity"]) == ["dense", "kernel"]
    assert any("left alone (skipped, too small or depthwise): depthwise." in note for note in outcome.notes)
    outcome = prune(source, tmp_path / "b.onnx", report, depthwise=True, scope="layer")
    assert sorted(outcome.tables["sparsity"]) == ["dense", "depthwise", "kernel"]
    values = np.ones((1, 3, 6, 6), dtype=np.float32)
    assert not np.array_equal(outputs_of(source, values), outputs_of(tmp_path / "b.onnx", values))


def test_weights_inside_branches_are_pruned_too(tmp_path: Path, report: Told) -> None:
    source = branching(tmp_path / "if.onnx")
    outcome = prune(source, tmp_path / "pruned.onnx", report, sparsity=0.25)
    assert outcome.figures["pruned_weights"] == 240
    model = onnx.load(str(tmp_path / "pruned.onnx"))
    inner = [
        numpy_helper.to_array(item.t)
        for choice in model.graph.node[-1].attribute
        for node in choice.g.node
        for item in node.attribute
        if item.name == "value"
    ]
    assert sum(int(np.sum(values == 0)) for values in inner) == 60


@pytest.mark.parametrize("name", SAMPLES)
def test_layers_to_skip_and_a_minimum_size(samples: Path, tmp_path: Path, report: Told, name: str) -> None:
    everything = prune(samples / name, tmp_path / f"all-{name}", report).tables["sparsity"]
    largest = max(everything, key=len)
    left = prune(samples / name, tmp_path / f"some-{name}", report, skip=(largest,)).tables["sparsity"]
    assert sorted(left) == sorted(set(everything) - {largest})
    large = prune(samples / name, tmp_path / f"large-{name}", report, minimum_size=5000).tables["sparsity"]
    assert 0 < len(large) < len(everything)
    with pytest.raises(WorkbenchError, match="No layer is called no-such-layer"):
        prune(samples / name, tmp_path / f"none-{name}", report, skip=("no-such-layer",))
    with pytest.raises(WorkbenchError, match="nothing to prune"):
        prune(samples / name, tmp_path / f"none-{name}", report, skip=("*",))


def test_layers_are_skipped_by_their_own_name(samples: Path, tmp_path: Path, report: Told) -> None:
    table = prune(samples / "digits.keras", tmp_path / "p.keras", report, skip=("conv*", "dense1")).tables["sparsity"]
    assert [name.split("/")[0] for name in table] == ["scores"] or len(table) == 1


def test_an_archive_keeps_its_other_members_byte_for_byte(samples: Path, tmp_path: Path, report: Told) -> None:
    source, target = samples / "digits.keras", tmp_path / "pruned.keras"
    prune(source, target, report)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target) as new:
        assert old.namelist() == new.namelist()
        for name in old.namelist():
            assert (old.read(name) == new.read(name)) == (name != "model.weights.h5")


def test_a_hdf5_keeps_its_attributes_and_optimizer_state(samples: Path, tmp_path: Path, report: Told) -> None:
    source = tmp_path / "trained.h5"
    source.write_bytes((samples / "digits.h5").read_bytes())
    momentum = np.full((4, 4), 1e-6, dtype=np.float32)
    with h5py.File(source, "r+") as file:
        file.create_dataset("optimizer_weights/momentum", data=momentum)
        attributes = {name: str(value) for name, value in file.attrs.items()}
    prune(source, tmp_path / "pruned.h5", report)
    with h5py.File(tmp_path / "pruned.h5") as file:
        assert np.array_equal(file["optimizer_weights/momentum"][()], momentum)
        assert {name: str(value) for name, value in file.attrs.items()} == attributes


def test_a_saved_model_keeps_its_graph_and_prunes_copies_alike(samples: Path, tmp_path: Path, report: Told) -> None:
    from workbench.backends.tensor_bundle import TensorBundle

    source, target = samples / "digits_savedmodel", tmp_path / "pruned"
    prune(source, target, report, sparsity=0.8)
    assert (source / "saved_model.pb").read_bytes() == (target / "saved_model.pb").read_bytes()
    old, new = (TensorBundle(folder / "variables" / "variables") for folder in (source, target))
    assert sorted(old.entries) == sorted(new.entries)
    contents: dict[bytes, set[bytes]] = {}
    for key in old.entries:
        if not key.startswith("_CHECKPOINTABLE"):
            contents.setdefault(old.read(key).tobytes(), set()).add(new.read(key).tobytes())
    assert all(len(results) == 1 for results in contents.values())  # two keys of one variable still agree


@pytest.mark.parametrize(("name", "target"), [("digits.h5", "pruned.bin"), ("digits.keras", "pruned.h5")])
def test_an_ending_that_keras_would_not_open_is_refused(
    samples: Path, tmp_path: Path, report: Told, name: str, target: str
) -> None:
    with pytest.raises(WorkbenchError, match="only when its name ends in"):
        prune(samples / name, tmp_path / target, report)
    assert not (tmp_path / target).exists()


def test_archive_that_unpacks_to_far_more_is_not_copied(samples: Path, tmp_path: Path, report: Told) -> None:
    source = tmp_path / "bomb.keras"
    with zipfile.ZipFile(samples / "digits.keras") as honest, zipfile.ZipFile(source, "w") as archive:
        for name in honest.namelist():
            archive.writestr(name, honest.read(name))
        archive.writestr("assets/zeros", bytes(100_000_000), zipfile.ZIP_DEFLATED)
    with pytest.raises(WorkbenchError, match=r"not unpacked: \d+ bytes would become 100000000"):
        prune(source, tmp_path / "pruned.keras", report, sparsity=0.5)


@pytest.mark.parametrize("how", ["external", "link"])
def test_file_that_leads_out_of_itself_is_not_pruned(samples: Path, tmp_path: Path, report: Told, how: str) -> None:
    source = tmp_path / "model.h5"
    source.write_bytes((samples / "digits.h5").read_bytes())
    secret = tmp_path / "secret.bin"
    secret.write_bytes(b"s" * 64)
    with h5py.File(source, "a") as file:
        if how == "external":
            file.create_dataset("more", (4, 4), "f", external=[(str(secret), 0, 64)])
        else:
            file["more"] = h5py.ExternalLink("secret.h5", "/w")
    with pytest.raises(WorkbenchError, match="another file"):
        prune(source, tmp_path / "pruned.h5", report, sparsity=0.5)
    assert secret.read_bytes() == b"s" * 64
