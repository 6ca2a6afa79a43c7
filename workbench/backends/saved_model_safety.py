"""Look for operations in a SavedModel that do more than compute, before TensorFlow loads or runs any of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from workbench.backends.graph_def import CALLS, called
from workbench.backends.saved_model_proto import VariableDef
from workbench.backends.saved_model_reader import meta_graphs
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import N_, _

PYTHON = frozenset(["PyFunc", "PyFuncStateless", "EagerPyFunc"])

RESTORES = frozenset(["Restore", "RestoreSlice", "RestoreV2"])
"""What reads the checkpoint: allowed where the model says that its variables are restored, nowhere else."""

FILES = RESTORES | frozenset(
    [
        "ReadFile", "WriteFile", "MatchingFiles", "Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints",
        "LoadAndRemapMatrix", "GenerateVocabRemapping", "RecordInput", "TextLineReader", "TextLineReaderV2",
        "WholeFileReader", "WholeFileReaderV2", "FixedLengthRecordReader", "FixedLengthRecordReaderV2",
        "TFRecordReader", "TFRecordReaderV2", "LMDBReader", "MatchingFilesDataset", "TextLineDataset",
        "TFRecordDataset", "TFRecordDatasetV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2",
        "LMDBDataset", "CSVDataset", "CSVDatasetV2", "SqlDataset", "CacheDataset", "CacheDatasetV2", "SnapshotDataset",
        "SnapshotDatasetV2", "SnapshotDatasetReader", "SnapshotNestedDatasetReader", "SnapshotChunkDataset",
        "ListSnapshotChunksDataset", "LoadDataset", "SaveDataset", "SaveDatasetV2", "DatasetToTFRecord",
        "CreateSummaryFileWriter", "CreateSummaryDbWriter", "FileSystemSetConfiguration", "InitializeTRTResource",
    ]
)  # fmt: skip

NETWORK_PREFIXES = (
    "DataService", "RegisterDataset", "DistributedSave", "Rpc", "DebugIdentity", "DebugNan", "DebugNumericSummary",
    "BigQuery", "Bigtable", "CloudBigtable", "Gcs", "Kafka", "IO>",
)  # fmt: skip

HIDDEN = frozenset(["DatasetFromGraph", "RemoteFusedGraphExecute", "XlaCustomCall", "XlaCustomCallV2"])
"""Operations that run a program which is not in the graph."""

TABLE_FILES = frozenset(["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"])
"""They read a vocabulary: the model's own asset, or any file."""

INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op", "table_initializer")
"""Where TensorFlow 1 keeps the names of what runs once when a model is loaded."""

LOCAL_VARIABLES = "local_variables"
"""What it initializes beside them."""

_KINDS = {
    "file": N_("{file} was not loaded: its operation {node} is a {op}, which reads or writes files."),
    "network": N_("{file} was not loaded: its operation {node} is a {op}, which may reach the network."),
    "python": N_("{file} was not loaded: its operation {node} is a {op}, which calls Python code."),
    "hidden": N_("{file} was not loaded: its operation {node} is a {op}, which runs a program hidden inside it."),
}


class Place(NamedTuple):
    """A node, and the function that holds it ("" for the main graph)."""

    function: str
    node: Any


def check_saved_model(path: Path) -> None:
    """Raise WorkbenchError naming the first operation that would touch files, the network or Python when run.

    Looked at is what loading, initializing, restoring and every signature would run, and all functions that an object
    of the model offers. Functions for saving are not among it: nothing here calls them.
    """
    for meta in meta_graphs(path):
        _check_assets(meta, path)
        graph = _Program(meta)
        for place in graph.reached(graph.entries(), graph.functions_offered()):
            _check(graph, place, path, restoring=False)
        for place in graph.reached([_node_of(meta.saver_def.restore_op_name)], []):
            _check(graph, place, path, restoring=True)


def _check(graph: _Program, place: Place, path: Path, *, restoring: bool) -> None:
    op = place.node.op
    if restoring and op in RESTORES:
        return
    kind = _kind(place.node)
    if not kind and op in TABLE_FILES and not graph.is_asset(place, 1):
        kind = "file"
    if kind:
        raise _refused(_(_KINDS[kind]).format(file=path.name, node=place.node.name, op=op))


def _kind(node: Any) -> str:
    """Return what a node does beyond computing, "" when nothing."""
    base = node.op.removeprefix("Experimental")
    if node.op in PYTHON:
        return "python"
    if base in FILES or _names_file(node):
        return "file"
    if base.startswith(NETWORK_PREFIXES):
        return "network"
    return "hidden" if node.op in HIDDEN else ""


def _names_file(node: Any) -> bool:
    """Say whether an otherwise harmless operation has a file in its settings."""
    text = {key: node.attr[key].s for key in ("output_stream", "descriptor_source", "vocab_file") if key in node.attr}
    if node.op in ("DecodeProtoV2", "EncodeProto"):
        return not text.get("descriptor_source", b"local://").startswith((b"local://", b"bytes://"))
    if node.op == "PrintV2":
        return bool(text.get("output_stream", b"").startswith(b"file:"))
    return bool(node.op == "FixedUnigramCandidateSampler" and text.get("vocab_file"))


def _check_assets(meta: Any, path: Path) -> None:
    for asset in meta.asset_file_def:
        parts = {*PurePosixPath(asset.filename).parts, *PureWindowsPath(asset.filename).parts}
        is_rooted = PurePosixPath(asset.filename).is_absolute() or PureWindowsPath(asset.filename).anchor
        if ".." in parts or is_rooted or "://" in asset.filename:
            raise _refused(
                _("{file} was not loaded: its asset {name} lies outside of its folder.").format(
                    file=path.name, name=asset.filename
                )
            )


def _refused(message: str) -> WorkbenchError:
    return WorkbenchError(
        message,
        _(
            "A model that does more than compute is never run, exported or converted here. Looking at its graph, "
            "shapes and weights is safe. Save it again without that operation where it was made."
        ),
    )


class _Program:
    """The main graph and the functions of one MetaGraphDef, with who calls whom."""

    def __init__(self, meta: Any) -> None:
        self._meta = meta
        self._nodes = {node.name: node for node in meta.graph_def.node}
        self._functions = {item.signature.name: item for item in meta.graph_def.library.function}
        self._assets = {_node_of(item.tensor_info.name) for item in meta.asset_file_def}
        self._callers: dict[str, list[Place]] = defaultdict(list)
        for place in self._all():
            for name in called(place.node):
                if name in self._functions:
                    self._callers[name].append(place)

    def _all(self) -> Iterator[Place]:
        yield from (Place("", node) for node in self._meta.graph_def.node)
        for name, function in self._functions.items():
            yield from (Place(name, node) for node in function.node_def)

    def entries(self) -> list[str]:
        """Return the nodes of the main graph that signatures and initialization ask for."""
        collections = self._meta.collection_def
        found = [name for key in INIT_COLLECTIONS if key in collections for name in collections[key].node_list.value]
        if LOCAL_VARIABLES in collections:
            stored = collections[LOCAL_VARIABLES].bytes_list.value
            found += [VariableDef.FromString(item).initializer_name for item in stored]
        for item in self._meta.signature_def.values():
            for info in item.outputs.values():
                found += _names(info)
        return [_node_of(name) for name in found]

    def functions_offered(self) -> list[str]:
        """Return the functions that objects of the model offer, its initializers among them."""
        objects = self._meta.object_graph_def
        found = list(objects.concrete_functions)
        for item in objects.nodes:
            found += [*item.function.concrete_functions, item.bare_concrete_function.concrete_function_name]
        return found

    def reached(self, nodes: Iterable[str], functions: Iterable[str]) -> Iterator[Place]:
        """Yield every node that runs when these nodes of the main graph and these functions are asked for."""
        todo = list(nodes)
        waiting = list(functions)
        seen: set[str] = set()
        while todo:
            node = self._nodes.get(todo.pop())
            if node is None or node.name in seen:
                continue
            seen.add(node.name)
            yield Place("", node)
            todo += [_node_of(given) for given in node.input]
            waiting += called(node)
        entered: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name in entered or name not in self._functions:
                continue
            entered.add(name)
            for node in self._functions[name].node_def:
                yield Place(name, node)
                waiting += called(node)

    def is_asset(self, place: Place, number: int) -> bool:
        """Say whether an input is the path of an asset of the model, wherever it was handed in."""
        todo, seen = [(place, number)], set()
        while todo:
            (function, node), at = todo.pop()
            inputs = [given for given in node.input if not given.startswith("^")]
            if at >= len(inputs):
                return False
            source = _node_of(inputs[at])
            if (function, source) in seen:
                continue
            seen.add((function, source))
            more = self._sources(function, source)
            if more is None:
                return False
            todo += more
        return True

    def _sources(self, function: str, source: str) -> list[tuple[Place, int]] | None:
        """Return the inputs on which a value depends, [] for an asset, None when it comes from anywhere else."""
        if not function and source in self._assets:
            return []
        nodes = self._nodes if not function else {node.name: node for node in self._functions[function].node_def}
        if source in nodes:
            node = nodes[source]
            if node.op == "ReadVariableOp" and not function:
                return self._assigned(_node_of(node.input[0]))
            return [(Place(function, node), 0)] if node.op == "Identity" else None
        arguments = [item.name for item in self._functions[function].signature.input_arg] if function else []
        if source not in arguments:
            return None
        number = arguments.index(source)
        callers = self._callers[function]
        if not self._may_be_asset(function, number, len(arguments)) or any(
            item.node.op not in CALLS for item in callers
        ):
            return None
        return [(caller, number) for caller in callers]

    def _assigned(self, variable: str) -> list[tuple[Place, int]] | None:
        """Return what is written to a variable of the main graph, None when anything else has it in hand."""
        users = [node for node in self._nodes.values() if variable in map(_node_of, node.input)]
        if any(node.op not in ("AssignVariableOp", "ReadVariableOp", "VarIsInitializedOp") for node in users):
            return None
        return [(Place("", node), 1) for node in users if node.op == "AssignVariableOp"] or None

    def _may_be_asset(self, function: str, number: int, arguments: int) -> bool:
        """Say whether a function that the model offers captures an asset there; one that it only calls may."""
        objects = self._meta.object_graph_def
        if function not in self.functions_offered():
            return bool(self._callers[function])
        if function not in objects.concrete_functions:
            return False
        bound = list(objects.concrete_functions[function].bound_inputs)
        at = number - (arguments - len(bound))
        return 0 <= at < len(bound) and objects.nodes[bound[at]].HasField("asset")


def _names(info: Any) -> list[str]:
    """Return the tensors of a signature's output: one, or the parts of a sparse or composite one."""
    sparse = info.coo_sparse
    found = [info.name, sparse.values_tensor_name, sparse.indices_tensor_name, sparse.dense_shape_tensor_name]
    for part in info.composite_tensor.components:
        found += _names(part)
    return [name for name in found if name]


def _node_of(reference: str) -> str:
    return reference.lstrip("^").split(":")[0]
