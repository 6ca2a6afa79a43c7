"""Build a Graph from a Keras model configuration: data only, no class of the file is ever looked up or made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.graph import Attribute, Graph, Node, Port, Tensor, Value
from workbench.core.i18n import _
from workbench.formats.keras_calls import Call, Reference, calls_of, references
from workbench.formats.keras_names import is_custom, is_lambda, keeps_float
from workbench.formats.keras_shapes import Shape, as_shape, output_shape
from workbench.formats.keras_weights import Layer, LayerWeights, Weights, inner_layers, layer_name


def build_graph(model: Layer, weights: Weights) -> Graph:
    """Return the Graph of a whole model configuration, nested models as functions. Raises WorkbenchError."""
    builder = _Builder()
    graph = builder.model(model, weights, key="")
    graph.functions = builder.functions
    graph.notes = builder.notes()
    return graph


class _Builder:
    """Collects nested models and what the person should know while levels are built."""

    def __init__(self) -> None:
        self.functions: dict[str, Graph] = {}
        self._lambdas: list[str] = []
        self._custom: dict[str, list[str]] = {}
        self._subclassed: list[str] = []

    def notes(self) -> list[str]:
        """Return the notes, translated."""
        found = []
        if self._lambdas:
            found.append(
                _("Holds Python code in Lambda layers ({names}). It is shown, never run.").format(
                    names=", ".join(self._lambdas[:8])
                )
            )
        if self._custom:
            text = _("Uses layers that are not part of Keras ({names}): to run or convert it, their code is needed.")
            kinds = [
                f"{kind}: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
                for kind, names in list(self._custom.items())[:8]
            ]
            found.append(text.format(names="; ".join(kinds)))
        if self._subclassed:
            names = ", ".join(self._subclassed[:8])
            found.append(_("{names}: the architecture is Python code that the file does not hold.").format(names=names))
        return found

    def model(self, model: Layer, weights: Weights, *, key: str) -> Graph:
        """Build one level."""
        layers = inner_layers(model)
        graph = Graph(name=layer_name(model))
        if not layers:
            self._subclassed.append(f"{graph.name} ({model.get('class_name', '?')})")
            return graph
        level = _Level(self, graph, key)
        owned = weights.assign(layers)
        config = model.get("config")
        if isinstance(config, Mapping) and "output_layers" in config:
            level.functional(config, layers, owned)
        else:
            level.sequential(config, layers, owned)
        return graph

    def remark(self, layer: Layer) -> None:
        """Remember a layer that could run code or needs code that is not here; wrapped layers included."""
        for item in _with_wrapped(layer):
            if is_lambda(item):
                self._lambdas.append(layer_name(item))
            elif is_custom(item):
                self._custom.setdefault(str(item.get("class_name")), []).append(layer_name(item))


def _with_wrapped(layer: Layer) -> Iterator[Layer]:
    yield layer
    config = layer.get("config")
    if isinstance(config, Mapping):
        for key in ("layer", "backward_layer", "cell"):
            inner = config.get(key)
            if isinstance(inner, Mapping) and "class_name" in inner:
                yield from _with_wrapped(inner)


class _Level:
    """One model level under construction."""

    def __init__(self, builder: _Builder, graph: Graph, key: str) -> None:
        self._builder, self._graph, self._key = builder, graph, key

    def functional(self, config: Mapping[str, Any], layers: Sequence[Layer], owned: Sequence[LayerWeights]) -> None:
        """Add every call of every layer; references may point forward, so names are fixed before shapes."""
        calls = {layer_name(layer): calls_of(layer) for layer in layers}
        offsets = _first_call_numbers(config, calls)
        pending: list[tuple[Layer, Call, int, LayerWeights]] = []
        for layer, mine in zip(layers, owned, strict=True):
            name = layer_name(layer)
            if layer.get("class_name") == "InputLayer":
                self._input(layer)
                continue
            for number, call in enumerate(calls[name] or [Call()]):
                pending.append((layer, call, number, mine))
        self._declare_shapes(calls, offsets)
        for layer, call, number, mine in _in_dependency_order(pending, offsets):
            inputs = [_value(ref, offsets) for ref in call.inputs]
            self._node(layer, inputs, mine, number, call)
        for ref in references(config["output_layers"]):
            self._output(_value(ref, offsets))
        declared = [_value(ref, offsets) for ref in references(config.get("input_layers", []))]
        ports = {port.name: port for port in self._graph.inputs}
        self._graph.inputs = [ports[name] for name in declared if name in ports] or self._graph.inputs

    def sequential(self, config: Any, layers: Sequence[Layer], owned: Sequence[LayerWeights]) -> None:
        """Chain the layers; the input is an InputLayer, or what the first layer or the build says of it."""
        current = ""
        for layer, mine in zip(layers, owned, strict=True):
            if layer.get("class_name") == "InputLayer":
                current = self._input(layer)
                continue
            if not current:
                current = self._implied_input(config, layer)
            current = self._node(layer, [current], mine, 0, Call())
        if current:
            self._output(current)

    def _implied_input(self, config: Any, layer: Layer) -> str:
        """Name the input as Keras 2 does, after the first layer."""
        first = layer
        while inner_layers(first):
            first = inner_layers(first)[0]
        settings = first.get("config")
        settings = settings if isinstance(settings, Mapping) else {}
        shape = as_shape(settings.get("batch_input_shape")) or as_shape(settings.get("batch_shape"))
        if shape is None and isinstance(config, Mapping):
            shape = as_shape(config.get("build_input_shape"))
        if shape is None:
            shape = _built_shape(layer)
        name = layer_name(first) if first.get("class_name") == "InputLayer" else f"{layer_name(layer)}_input"
        return self._add_input(name, dtype_of(settings), shape)

    def _input(self, layer: Layer) -> str:
        settings = layer.get("config")
        settings = settings if isinstance(settings, Mapping) else {}
        shape = as_shape(settings.get("batch_input_shape", settings.get("batch_shape")))
        return self._add_input(layer_name(layer), dtype_of(settings, declared=True), shape)

    def _add_input(self, name: str, dtype: str, shape: Shape) -> str:
        self._graph.inputs.append(Port(name, dtype, shape))
        self._graph.values[name] = Value(name, dtype, shape)
        return name

    def _output(self, value: str) -> None:
        known = self._graph.values.get(value) or Value(value)
        self._graph.outputs.append(Port(value, known.dtype, known.shape))

    def _declare_shapes(self, calls: Mapping[str, list[Call]], offsets: Mapping[str, int]) -> None:
        """Keras 3 writes the shape of every tensor beside each use of it."""
        for each in calls.values():
            for call in each:
                for ref in call.inputs:
                    if ref.shape is not None:
                        name = _value(ref, offsets)
                        self._graph.values.setdefault(name, Value(name, ref.dtype, ref.shape))

    def _node(self, layer: Layer, inputs: list[str], mine: LayerWeights, number: int, call: Call) -> str:
        name, op = layer_name(layer), str(layer.get("class_name", "?"))
        graph = self._graph
        tensors = [self._tensor(tensor) for tensor in mine.tensors] if number == 0 else []
        node = Node(name if number == 0 else f"{name}#{number + 1}", op, [*inputs, *tensors])
        node.outputs = [node.name] + [f"{node.name}:{at}" for at in call.extra_outputs]
        node.attributes = attributes_of(layer, call)
        node.domain = str(layer.get("module") or "") if is_custom(layer) or is_lambda(layer) else ""
        node.domain = node.domain or ("custom" if is_custom(layer) else "")
        if number:
            node.attributes.append(Attribute("shared_weights_with", name))
            node.subgraphs = [key for key in (self._key + name,) if key in self._builder.functions]
        else:
            self._builder.remark(layer)
            node.parameters = sum(graph.tensors[each].elements() for each in tensors if graph.tensors[each].is_weight)
        if inner_layers(layer):
            self._nested(layer, node, mine)
        else:
            self._declare_outputs(layer, node, inputs, call)
        graph.nodes.append(node)
        return node.name

    def _declare_outputs(self, layer: Layer, node: Node, inputs: list[str], call: Call) -> None:
        """Add the values that a plain layer makes, with dtype and shape where they are certain."""
        values, op = self._graph.values, node.op
        settings = layer.get("config")
        settings = dict(settings) if isinstance(settings, Mapping) else {}
        known = [values[each].shape if each in values else None for each in inputs]
        called_with = {f"call.{name}": value for name, value in call.settings.items()}
        shape = output_shape(op, {**settings, **called_with}, known)
        dtype = dtype_of(settings)
        given = values[inputs[0]].dtype if inputs and inputs[0] in values else ""
        if not dtype and keeps_float(op) and given.startswith(("float", "bfloat")):
            dtype = given
        for at, output in enumerate(node.outputs):
            state = op in ("LSTM", "GRU", "SimpleRNN") and at and shape is not None
            later = [shape[0], shape[-1]] if state and shape is not None else None
            values.setdefault(output, Value(output, dtype, shape if at == 0 else later))

    def _nested(self, layer: Layer, node: Node, mine: LayerWeights) -> None:
        """Build the model inside once, as a function; its calls share it and its output shapes."""
        key = self._key + layer_name(layer)
        inner = self._builder.functions.get(key)
        if inner is None:
            inner = self._builder.model(layer, mine.inner, key=key + "/")
            self._builder.functions[key] = inner
            node.parameters = sum(item.parameters for item in inner.nodes)
        node.subgraphs = [key]
        for output in node.outputs:
            at = int(output.rpartition(":")[2]) if output != node.name else 0
            port = inner.outputs[at] if at < len(inner.outputs) else Port(output, "", None)
            self._graph.values.setdefault(output, Value(output, port.dtype, port.shape))

    def _tensor(self, tensor: Tensor) -> str:
        name, number = tensor.name, 1
        while tensor.name in self._graph.tensors:
            number += 1
            tensor.name = f"{name}_{number}"
        self._graph.tensors[tensor.name] = tensor
        return tensor.name


def _first_call_numbers(config: Mapping[str, Any], calls: Mapping[str, list[Call]]) -> dict[str, int]:
    """Return the number of each layer's first call: Keras counts a nested model's own definition as call 0."""
    highest: dict[str, int] = {}
    outputs = list(references(config["output_layers"]))
    for ref in [*outputs, *(ref for each in calls.values() for call in each for ref in call.inputs)]:
        highest[ref.layer] = max(highest.get(ref.layer, 0), ref.call)
    return {name: max(0, highest.get(name, 0) - max(len(each), 1) + 1) for name, each in calls.items()}


def _value(ref: Reference, offsets: Mapping[str, int]) -> str:
    number = max(0, ref.call - offsets.get(ref.layer, 0))
    name = ref.layer if number == 0 else f"{ref.layer}#{number + 1}"
    return name if ref.output == 0 else f"{name}:{ref.output}"


def _in_dependency_order(
    pending: list[tuple[Layer, Call, int, LayerWeights]], offsets: Mapping[str, int]
) -> list[tuple[Layer, Call, int, LayerWeights]]:
    """Sort calls so that producers come first, and note which further outputs of each call are used."""
    by_name = {(layer_name(item[0]), item[2]): item for item in pending}
    done: dict[tuple[str, int], None] = {}
    for start in by_name:
        stack = [start]
        entered = set()
        while stack:
            key = stack[-1]
            if key in done:
                stack.pop()
                continue
            needs = [
                need
                for ref in by_name[key][1].inputs
                if (need := (ref.layer, max(0, ref.call - offsets.get(ref.layer, 0)))) in by_name and need not in done
            ]
            if key in entered and any(need in entered for need in needs):
                raise WorkbenchError(
                    _("The layers of this model form a loop at {name}.").format(name=key[0]),
                    _("The configuration is damaged. Get the file again from its source."),
                )
            entered.add(key)
            if needs:
                stack.extend(needs)
            else:
                done[key] = None
                stack.pop()
    for item in pending:
        for ref in item[1].inputs:
            source = by_name.get((ref.layer, max(0, ref.call - offsets.get(ref.layer, 0))))
            if source and ref.output and ref.output not in source[1].extra_outputs:
                source[1].extra_outputs.append(ref.output)
    return [by_name[key] for key in done]


def _built_shape(layer: Layer) -> Shape:
    built = layer.get("build_config")
    return as_shape(built.get("input_shape")) if isinstance(built, Mapping) else None


def dtype_of(settings: Any, *, declared: bool = False) -> str:
    """Return the dtype of a layer's output: its compute dtype (float16 under a mixed_float16 policy)."""
    value = settings.get("dtype") if isinstance(settings, Mapping) else None
    if isinstance(value, Mapping):
        inner = value.get("config")
        value = inner.get("name") if isinstance(inner, Mapping) else None
    text = str(value or ("float32" if declared else ""))
    return text.removeprefix("mixed_").removeprefix("<dtype: '").removesuffix("'>")


def attributes_of(layer: Layer, call: Call) -> list[Attribute]:
    """Return the settings of a layer, JSON-safe and short enough to be looked at."""
    config = layer.get("config")
    found = [
        Attribute(str(key), summarize(value))
        for key, value in (config.items() if isinstance(config, Mapping) else ())
        if key not in ("name", "layers", "input_layers", "output_layers")
    ]
    return found + [Attribute(f"call.{name}", summarize(value)) for name, value in call.settings.items()]


def summarize(value: Any, depth: int = 0) -> Any:
    """Shorten a setting: objects to "Class(key=value)", code and long lists to how long they are."""
    if isinstance(value, str):
        return value if len(value) <= 300 else _("text, {count} characters").format(count=len(value))
    if isinstance(value, list):
        if len(value) > 64:
            return _("list of {count}").format(count=len(value))
        return [summarize(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        if "class_name" in value:
            inner = value.get("config")
            settings = inner.items() if isinstance(inner, Mapping) and depth < 4 else ()
            shown = ", ".join(f"{key}={summarize(item, depth + 1)}" for key, item in settings if item is not None)
            return f"{value['class_name']}({shown})"[:2000]
        return {str(key): summarize(item, depth + 1) for key, item in list(value.items())[:64]}
    return value if value is None or isinstance(value, bool | int | float) else str(value)
