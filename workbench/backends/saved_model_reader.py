"""Turn a SavedModel into a Graph: what its serving signature runs, with variables in place of captured arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from workbench.backends.graph_def import (
    CALLS,
    GraphReader,
    called,
    complete,
    constant_array,
    constant_tensor,
    reference,
    shape_of,
)
from workbench.backends.saved_model_proto import SavedModel, dtype_of
from workbench.backends.saved_model_variables import Variables
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Graph, Port, Signature, Tensor, Value
from workbench.core.i18n import _

_INIT = "__saved_model_init_op"
_PASSING = frozenset(["Identity", "IdentityN", "NoOp", "Const"])
_PYTHON = frozenset(["PyFunc", "PyFuncStateless", "EagerPyFunc"])


class Body(NamedTuple):
    """What is shown: a function of the library (or "" for the main graph) and what its arguments and results are."""

    function: str
    arguments: dict[str, str]
    """Argument of the function to signature input ("in:NAME") or variable ("var:KEY")."""
    results: dict[str, str]
    """Signature output to the value that the function returns for it."""


@lru_cache(maxsize=1)
def _parsed(file: Path, modified: int, size: int) -> Any:
    """Keep the last one: looking at many constants parses it once."""
    return SavedModel.FromString(file.read_bytes())


def meta_graphs(path: Path) -> list[Any]:
    """Return every MetaGraphDef of the folder. Raises WorkbenchError."""
    file = path / "saved_model.pb"
    status = file.stat()
    try:
        model = _parsed(file, status.st_mtime_ns, status.st_size)
    except (DecodeError, ValueError) as error:
        raise WorkbenchError(
            _("{name} is a truncated or damaged SavedModel: {reason}.").format(name=path.name, reason=error),
            _("Copy the whole SavedModel folder again from its source."),
        ) from error
    graphs = list(model.meta_graphs)
    if not graphs:
        raise WorkbenchError(
            _("The SavedModel {name} holds no graph.").format(name=path.name),
            _("Save the model again with tf.saved_model.save or model.export('folder')."),
        )
    return graphs


def load(path: Path) -> Any:
    """Return the MetaGraphDef for serving. Raises WorkbenchError."""
    graphs = meta_graphs(path)
    return next((item for item in graphs if "serve" in item.meta_info_def.tags), graphs[0])


def read(path: Path) -> Graph:
    """Read the whole model. Raises WorkbenchError."""
    meta = load(path)
    try:
        return _Reader(meta, path).read()
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise WorkbenchError(
            _("{name} is a damaged SavedModel: {reason}.").format(name=path.name, reason=error),
            _("Copy the whole SavedModel folder again from its source."),
        ) from error


class _Reader:
    """Reads one MetaGraphDef."""

    def __init__(self, meta: Any, path: Path) -> None:
        self._meta, self._path = meta, path
        self._functions = {item.signature.name: item for item in meta.graph_def.library.function}
        self._nodes = {node.name: node for node in meta.graph_def.node}
        self._variables = Variables(meta, path)
        self._reader = GraphReader(meta.meta_info_def.stripped_op_list.op, self._functions)
        self._signatures = {name: item for name, item in meta.signature_def.items() if name != _INIT}

    def read(self) -> Graph:
        """Build the top graph from the default signature and follow every function that it calls."""
        name = self._default()
        graph = Graph(name=self._path.name)
        graph.signatures = [self._signature(key, item) for key, item in sorted(self._signatures.items())]
        if name:
            shown = self._signatures[name]
            body = self._body(shown)
            self._ports(graph, shown)
        else:
            body = self._without_signature(graph)
        self._fill(graph, body)
        graph.functions = self._called_functions(graph, body.function)
        self._describe(graph, name, body)
        return graph

    def _default(self) -> str:
        if "serving_default" in self._signatures:
            return "serving_default"
        return min(self._signatures, default="")

    def _signature(self, name: str, item: Any) -> Signature:
        return Signature(name, _ports_of(item.inputs), _ports_of(item.outputs))

    def _ports(self, graph: Graph, signature: Any) -> None:
        graph.inputs, graph.outputs = _ports_of(signature.inputs), _ports_of(signature.outputs)

    def _without_signature(self, graph: Graph) -> Body:
        """Show what calling the model runs: the first concrete function of the root object's __call__."""
        name = self._variables.call_function()
        function = self._functions.get(name)
        if function is None:
            if self._meta.graph_def.node and not self._functions:
                return Body("", {}, {})
            raise WorkbenchError(
                _("{name} holds no signature and no function that runs the model.").format(name=self._path.name),
                _("Save it again with a signature: tf.saved_model.save(model, folder, signatures=...)."),
            )
        keys = self._variables.captured(name, len(function.signature.input_arg))
        arguments = {}
        for at, argument in enumerate(function.signature.input_arg):
            key = keys.get(at)
            arguments[argument.name] = f"var:{key}" if key else f"in:{argument.name}"
            if not key:
                graph.inputs.append(Port(argument.name, dtype_of(argument.type), None))
        results = {item.name: function.ret[item.name] for item in function.signature.output_arg}
        graph.outputs = [Port(item.name, dtype_of(item.type), None) for item in function.signature.output_arg]
        return self._unwrapped(Body(name, arguments, results))

    def _body(self, signature: Any) -> Body:
        """Find the function that the signature calls in the main graph, or stay in the main graph (TensorFlow 1)."""
        results = {name: info.name for name, info in signature.outputs.items()}
        inputs = {info.name.split(":")[0]: name for name, info in signature.inputs.items()}
        producers = {value.split(":")[0] for value in results.values()}
        node = self._nodes.get(next(iter(producers))) if len(producers) == 1 else None
        if node is None or node.op not in CALLS:
            renamed = {f"{given}:0": f"in:{name}" for given, name in inputs.items()}
            return Body("", renamed, {name: reference(value, in_function=False) for name, value in results.items()})
        function = self._functions[node.attr["f"].func.name]
        keys = self._variables.captured(function.signature.name, len(function.signature.input_arg))
        arguments = {}
        for at, (argument, given) in enumerate(zip(function.signature.input_arg, _data(node), strict=False)):
            source = given.split(":")[0]
            if source in inputs:
                arguments[argument.name] = f"in:{inputs[source]}"
            else:
                key = keys.get(at) or self._variables.key_of(self._nodes.get(source))
                arguments[argument.name] = f"var:{key}" if key else f"const:{source}"
        returned = [function.ret[item.name] for item in function.signature.output_arg]
        numbered = {name: returned[int([*value.split(":"), "0"][1])] for name, value in results.items()}
        return self._unwrapped(Body(function.signature.name, arguments, numbered))

    def _unwrapped(self, body: Body) -> Body:
        """Descend as long as a function does nothing but call one other."""
        for _depth in range(32):
            function = self._functions[body.function]
            working = [node for node in function.node_def if node.op not in _PASSING]
            if len(working) != 1 or working[0].op not in CALLS:
                return body
            call = working[0]
            inner = self._functions.get(call.attr["f"].func.name)
            through = {node.name: _data(node) for node in function.node_def if node.op in ("Identity", "IdentityN")}
            constants = {node.name for node in function.node_def if node.op == "Const"}
            if inner is None or constants & {given.split(":")[0] for given in _data(call)}:
                return body
            arguments = {}
            for argument, given in zip(inner.signature.input_arg, _data(call), strict=True):
                arguments[argument.name] = body.arguments.get(_followed(given, through), "")
            results = {}
            for name, value in body.results.items():
                made = _followed(value, through).split(":")
                if made[0] != call.name:
                    return body
                results[name] = inner.ret[inner.signature.output_arg[int(made[-1])].name]
            body = Body(inner.signature.name, arguments, results)
        return body

    def _fill(self, graph: Graph, body: Body) -> None:
        """Add the nodes of the body; its arguments become the inputs and variables, its results the outputs."""
        if body.function:
            function = self._functions[body.function]
            protos = list(enumerate(function.node_def))
        else:
            protos = self._needed(body)
        self._reader.add_nodes(graph, protos, function=body.function)
        renamed: dict[str, str] = {}
        for argument, meaning in body.arguments.items():
            kind, _colon, name = meaning.partition(":")
            if kind == "const":
                self._captured_constant(graph, name)
            renamed[argument] = self._variable(graph, name) if kind == "var" else name or argument
        for name, value in body.results.items():
            if value not in renamed and value not in graph.tensors and name not in graph.values:
                renamed[value] = name
        _rename(graph, renamed)
        for port in (*graph.inputs, *graph.outputs):
            known = graph.values.get(port.name)
            port.shape = port.shape if port.shape is not None or known is None else known.shape
            if known is None or known.shape is None:
                graph.values[port.name] = Value(port.name, port.dtype, port.shape)
        complete(graph)

    def _variable(self, graph: Graph, key: str) -> str:
        """Add a variable; one that is called like a port or like another variable is called by its checkpoint key."""
        tensor = self._variables.tensor(key)
        other = graph.tensors.get(tensor.name)
        ports = {port.name for port in (*graph.inputs, *graph.outputs)}
        if tensor.name in ports or (other is not None and other.source != tensor.source):
            tensor.name = key
        graph.tensors[tensor.name] = tensor
        return tensor.name

    def _captured_constant(self, graph: Graph, name: str) -> None:
        """A function may capture a constant of the main graph, or a table, which stays a plain value."""
        number = next((at for at, node in enumerate(self._meta.graph_def.node) if node.name == name), None)
        node = self._nodes.get(name)
        if node is None or number is None:
            return
        if node.op == "Const" and "value" in node.attr:
            tensor = constant_tensor(name, node.attr["value"].tensor, f"constant::{number}")
            graph.tensors[name] = tensor
            graph.values[name] = Value(name, tensor.dtype, list(tensor.shape))

    def _needed(self, body: Body) -> list[tuple[int, Any]]:
        """Return the nodes of the main graph that the results depend on, without those that are inputs; variables
        among them become tensors."""
        numbers = {node.name: at for at, node in enumerate(self._meta.graph_def.node)}
        inputs = {name.split(":")[0] for name in body.arguments}
        todo = [value.split(":")[0] for value in body.results.values()] or list(numbers)
        found: set[str] = set()
        while todo:
            name = todo.pop()
            node = self._nodes.get(name)
            if node is None or name in found or name in inputs:
                continue
            key = self._variables.key_of(node)
            if key:
                body.arguments[f"{name}:0"] = f"var:{key}"
                continue
            found.add(name)
            todo += [given.lstrip("^").split(":")[0] for given in node.input]
        return [(numbers[name], self._nodes[name]) for name in sorted(found, key=numbers.__getitem__)]

    def _called_functions(self, graph: Graph, shown: str) -> dict[str, Graph]:
        """Read the functions that the shown graph and the other signatures call, directly or through others."""
        todo = [key for node in graph.nodes for key in node.subgraphs]
        bodies = [self._body(signature).function for _name, signature in sorted(self._signatures.items())]
        todo += [key for key in bodies if key not in ("", shown)]
        found: dict[str, Graph] = {}
        while todo:
            name = todo.pop(0)
            if name in found or name not in self._functions:
                continue
            function = self._functions[name]
            found[name] = self._function(function)
            todo += [key for node in function.node_def for key in called(node) if key in self._functions]
        return found

    def _function(self, function: Any) -> Graph:
        signature = function.signature
        graph = Graph(name=signature.name)
        for at, argument in enumerate(signature.input_arg):
            attributes = function.arg_attr[at].attr if at in function.arg_attr else {}
            shapes = list(attributes["_output_shapes"].list.shape) if "_output_shapes" in attributes else []
            port = Port(argument.name, dtype_of(argument.type), shape_of(shapes[0]) if len(shapes) == 1 else None)
            graph.inputs.append(port)
            graph.values[port.name] = Value(port.name, port.dtype, port.shape)
        self._reader.add_nodes(graph, enumerate(function.node_def), function=signature.name)
        complete(graph)
        for argument in signature.output_arg:
            value = function.ret[argument.name]
            known = graph.values.get(value)
            graph.outputs.append(Port(value, dtype_of(argument.type), known.shape if known else None))
        return graph

    def _describe(self, graph: Graph, signature: str, body: Body) -> None:
        info = self._meta.meta_info_def
        graph.producer = f"TensorFlow {info.tensorflow_version}".strip()
        graph.metadata["tags"] = ", ".join(info.tags)
        if signature:
            graph.metadata["signature"] = signature
        if body.function:
            graph.metadata["function"] = body.function
            graph.notes.append(
                _("Shown is what the signature {name} runs. Functions for training and saving are left out.").format(
                    name=signature or "__call__"
                )
            )
        assets = sorted(item.filename for item in self._meta.asset_file_def)
        if assets:
            graph.metadata["assets"] = "\n".join(assets)
        graph.notes += self._variables.notes(graph)
        python = sorted({node.op for each in graph.all_graphs() for node in each.nodes} & _PYTHON)
        if python:
            graph.notes.append(
                _("Calls Python code that the file does not hold ({ops}): it runs only where it was made.").format(
                    ops=", ".join(python)
                )
            )


def _data(node: Any) -> list[str]:
    return [given for given in node.input if not given.startswith("^")]


def _followed(value: str, through: Mapping[str, Sequence[str]]) -> str:
    """Follow a value back through Identity and IdentityN nodes of a function."""
    for _step in range(1000):
        parts = value.split(":")
        given = through.get(parts[0])
        if len(parts) == 1 or given is None:
            return value
        value = given[int(parts[-1])]
    return value


def _ports_of(infos: Any) -> list[Port]:
    return [
        Port(name, dtype_of(info.dtype), shape_of(info.tensor_shape), alias=info.name)
        for name, info in sorted(infos.items())
    ]


def _rename(graph: Graph, renamed: Mapping[str, str]) -> None:
    """Call values by what the caller calls them."""
    for node in graph.nodes:
        node.inputs = [renamed.get(name, name) for name in node.inputs]
        node.outputs = [renamed.get(name, name) for name in node.outputs]
    for old, new in renamed.items():
        value = graph.values.pop(old, None)
        if value is not None and new not in graph.tensors:
            value.name = new
            graph.values[new] = value


def read_array(path: Path, tensor: Tensor, region: tuple[slice, ...] | None) -> NDArray[np.generic]:
    """Read a variable from the checkpoint or a constant from the graph. Raises WorkbenchError."""
    kind, _colon, place = tensor.source.partition(":")
    if kind == "checkpoint":
        return Variables.bundle(path).read(place, region)
    function, _colon, number = place.rpartition(":")
    meta = load(path)
    try:
        if function:
            owner = next(item for item in meta.graph_def.library.function if item.signature.name == function)
            node = owner.node_def[int(number)]
        else:
            node = meta.graph_def.node[int(number)]
        values = constant_array(node.attr["value"].tensor)
    except (StopIteration, ValueError, IndexError, TypeError, MemoryError) as error:
        raise WorkbenchError(
            _("The tensor {name} cannot be read: {reason}.").format(name=tensor.name, reason=error),
            _("The folder is damaged or was changed after it was opened. Open it again."),
        ) from error
    return values[region] if region else values
