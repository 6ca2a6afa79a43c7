"""Magnitude pruning: the smallest weights become zero, in a copy of the file, in its own format."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from workbench.core import units
from workbench.core.archive import Archive
from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import N_, _, ngettext
from workbench.core.params import Params, meta
from workbench.core.paths import size_of
from workbench.datasets import Dataset
from workbench.formats.identify import read_model
from workbench.passes import Outcome, Pass, reasons

if TYPE_CHECKING:
    from workbench.backends.pruning import Plan, Pruned

KERAS_WEIGHTS = "model.weights.h5"
NEVER = ("bias", "gamma", "beta", "moving_mean", "moving_variance", "mean", "variance", "scale", "count", "seed")
"""Last parts of names of what is never pruned: biases, normalization, counters."""
SAMPLED = 8 << 20
"""Bytes of an artifact that are compressed to tell its size as .gz."""


class MagnitudePruningParams(Params, frozen=True):
    """Settings of magnitude-pruning."""

    sparsity: Annotated[float, meta(N_("Sparsity"), N_("Share of the weights that become zero."), ge=0.0, le=0.99)] = (
        0.5
    )
    scope: Annotated[
        Literal["global", "layer"],
        meta(
            N_("Scope"),
            N_(
                "Global: the smallest weights of the whole model, so that important layers lose less. "
                "Per layer: the same share of each."
            ),
            labels=(N_("Global"), N_("Per layer")),
        ),
    ] = "global"
    skip: Annotated[
        tuple[str, ...],
        meta(N_("Layers to skip"), N_("Names of layers or weights to leave alone; * and ? match anything.")),
    ] = ()
    minimum_size: Annotated[int, meta(N_("Minimum size"), N_("Weights with fewer numbers are left alone."), ge=0)] = 0
    depthwise: Annotated[
        bool,
        meta(
            N_("Depthwise convolutions"),
            N_("Prune them too. They hold few numbers and lose accuracy soon, so they are left alone by default."),
        ),
    ] = False


class MagnitudePruning(Pass[MagnitudePruningParams]):
    """Never loads the model: rewrites the numbers in a copy."""

    id = "magnitude-pruning"
    label = N_("Prune small weights")
    summary = N_("Set the smallest weights to zero. Biases and normalization are never pruned.")
    needs = ("onnx", "h5py", "tensorflow")
    install = "onnx h5py tensorflow"
    params = MagnitudePruningParams
    accepts: ClassVar[dict[str, str]] = {
        "onnx": "onnx",
        "keras-h5": "keras-h5",
        "keras-zip": "keras-zip",
        "saved-model": "saved-model",
    }

    def requires(self, graph: Graph) -> str | None:
        """Refuse what has no float weights, or is quantized."""
        return reasons.first(
            reasons.already_quantized(graph),
            reasons.no_weights(graph),
            _no_variables(graph),
        )

    def run(
        self, source: Path, target: Path, params: MagnitudePruningParams, *, data: Dataset | None, report: Report
    ) -> Outcome:
        """Prune in a copy."""
        from workbench.backends.pruning import Plan, prune_onnx

        report.progress(0.1, _("Pruning"))
        plan = Plan(
            sparsity=params.sparsity,
            layerwise=params.scope == "layer",
            skip=params.skip,
            minimum=params.minimum_size,
            depthwise=params.depthwise,
        )
        graph = read_model(source)
        _check_suffix(target, graph.format)
        if graph.format == "onnx":
            pruned = prune_onnx(source, target, plan)
        else:
            chosen = _chosen(graph, plan)
            pruned = _prune_variables(source, target, graph.format, chosen, plan, report=report)
            pruned.left = [tensor.name for tensor, _depthwise in _kernels(graph) if tensor.name not in chosen]
        report.progress(0.9, _("Measuring the compressed size"))
        return _outcome(source, target, pruned, params)


def _check_suffix(target: Path, format_id: str) -> None:
    """Raise WorkbenchError for an ending by which Keras would not open the result."""
    known = {"keras-h5": (".h5", ".hdf5"), "keras-zip": (".keras",)}.get(format_id, ())
    if known and target.suffix.lower() not in known:
        raise WorkbenchError(
            _("Keras opens such a model only when its name ends in {suffixes}.").format(suffixes=" / ".join(known)),
            _("Call the result {name}.").format(name=target.with_suffix(known[0]).name),
        )


def _no_variables(graph: Graph) -> str | None:
    if graph.format != "saved-model" or _kernels(graph):
        return None
    return _("its weights are constants of the graph, not variables: export it to ONNX and prune that")


def _chosen(graph: Graph, plan: Plan) -> dict[str, str]:
    """Return where the weights to prune are stored, by name."""
    kernels = _kernels(graph)
    plan.check([tensor.name for tensor, _depthwise in kernels])
    chosen = {}
    for tensor, depthwise in kernels:
        size = 1
        for dim in tensor.shape:
            size *= dim
        if plan.takes(tensor.name, size, depthwise=depthwise):
            chosen[tensor.name] = tensor.source.removeprefix("checkpoint:")
    return chosen


def _kernels(graph: Graph) -> list[tuple[Tensor, bool]]:
    """Return kernels and embeddings, each with whether a depthwise convolution uses it."""
    graphs = graph.all_graphs()
    depthwise = {name for each in graphs for name in _depthwise_inputs(each)}
    found: dict[str, tuple[Tensor, bool]] = {}
    for each in graphs:
        for tensor in each.tensors.values():
            if tensor.dtype not in reasons.FLOATS or len(tensor.shape) < 2 or tensor.source.startswith("constant:"):
                continue
            last = tensor.name.rpartition("/")[2].split(":")[0]
            if last.startswith("bias") or last in NEVER:
                continue
            is_depthwise = tensor.name in depthwise or last.startswith("depthwise_kernel")
            found.setdefault(tensor.source, (tensor, is_depthwise))
    return list(found.values())


def _depthwise_inputs(graph: Graph) -> Iterator[str]:
    """Yield the tensors that depthwise convolutions read, also through the op that reads a variable."""
    producers = {name: node for node in graph.nodes for name in node.outputs if node.op == "ReadVariableOp"}
    for node in graph.nodes:
        if "depthwise" in node.op.lower():
            yield from node.inputs
            yield from (name for value in node.inputs if value in producers for name in producers[value].inputs)


def _prune_variables(
    source: Path, target: Path, format_id: str, chosen: dict[str, str], plan: Plan, *, report: Report
) -> Pruned:
    """Prune variables where Keras or TensorFlow stores them."""
    if format_id == "keras-h5":
        shutil.copyfile(source, target)
        return _prune_hdf5(target, chosen, plan)
    if format_id == "keras-zip":
        return _prune_archive(source, target, chosen, plan, report)
    from workbench.backends.checkpoint_pruning import prune_saved_model

    return prune_saved_model(source, target, chosen, plan)


def _prune_hdf5(file: Path, chosen: dict[str, str], plan: Plan) -> Pruned:
    from workbench.backends.pruning import prune_hdf5

    return prune_hdf5(file, chosen, plan)


def _prune_archive(source: Path, target: Path, chosen: dict[str, str], plan: Plan, report: Report) -> Pruned:
    """Rewrite the weights inside a .keras archive; every other member is copied as it is."""
    with tempfile.TemporaryDirectory(dir=report.scratch) as folder, Archive(source) as archive:
        weights = Path(folder) / "weights.h5"
        with weights.open("wb") as file:
            archive.copy(KERAS_WEIGHTS, file)
        pruned = _prune_hdf5(weights, chosen, plan)
        with zipfile.ZipFile(target, "w") as rewritten:
            for member in archive.members:
                if member.filename == KERAS_WEIGHTS:
                    rewritten.write(weights, KERAS_WEIGHTS, member.compress_type)
                else:
                    with rewritten.open(copy(member), "w") as new:
                        archive.copy(member.filename, new)
    return pruned


def _outcome(source: Path, target: Path, pruned: Pruned, params: MagnitudePruningParams) -> Outcome:
    sparsity, numbers = pruned.sparsity(), sum(pruned.sizes.values())
    before, after = compressed_size(source), compressed_size(target)
    notes = [
        _("{share} of the {n} weights in {tensors} tensors are zero.").format(
            share=units.percent(sparsity), n=units.count(numbers), tensors=len(pruned.sizes)
        ),
        _(
            "The file itself is not smaller: zeros are stored too. Compressed (.gz) it is about {after} instead of "
            "{before}. It does not run faster: runtimes do not skip zeros."
        ).format(after=units.size(after), before=units.size(before)),
    ]
    if pruned.left:
        text = ngettext(
            "{n} tensor was left alone (skipped, too small or depthwise): {names}.",
            "{n} tensors were left alone (skipped, too small or depthwise): {names}.",
            len(pruned.left),
        )
        names = ", ".join(pruned.left[:6]) + (", ..." if len(pruned.left) > 6 else "")
        notes.append(text.format(n=len(pruned.left), names=names))
    if sparsity > params.sparsity + 1 / max(1, numbers):
        notes.append(_("More than asked: the source held so many zeros already."))
    table = {name: zeros / max(1, pruned.sizes[name]) for name, zeros in pruned.zeros.items()}
    figures = {
        "sparsity": sparsity,
        "pruned_weights": float(numbers),
        "gzip_bytes_before": float(before),
        "gzip_bytes_after": float(after),
    }
    return Outcome(notes=notes, figures=figures, tables={"sparsity": table})


def compressed_size(path: Path) -> int:
    """Return the bytes after deflate (as .gz), extrapolated from evenly spread parts of a large file."""
    total = size_of(path)
    files = [item for item in sorted(path.rglob("*")) if item.is_file()] if path.is_dir() else [path]
    step = max(1, total // SAMPLED)
    compressor, read, packed = zlib.compressobj(6), 0, 0
    for block in _blocks(files, step):
        read += len(block)
        packed += len(compressor.compress(block))
    packed += len(compressor.flush())
    return packed if read == 0 else round(packed * total / read)


def _blocks(files: list[Path], step: int) -> Iterator[bytes]:
    """Yield every ``step``-th block of 64 KB."""
    number = 0
    for path in files:
        with path.open("rb") as file:
            while block := file.read(1 << 16):
                if number % step == 0:
                    yield block
                else:
                    file.seek((step - 1 - number % step) << 16, 1)
                    number += step - 1 - number % step
                number += 1
