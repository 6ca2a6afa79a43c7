"""Output shapes of Keras layers from their settings: a rule for each known layer, None wherever it is not certain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.core.graph import Dim

Shape = list[Dim] | None
Rule = Callable[[Mapping[str, Any], list[Dim]], Shape]


def output_shape(op: str, settings: Mapping[str, Any], inputs: Sequence[Shape]) -> Shape:
    """Return the shape of the (first) output, batch included, or None when the settings do not say for certain."""
    if not inputs or inputs[0] is None:
        return _whatever_the_input(op, settings) if inputs else None
    shapes = [shape for shape in inputs if shape is not None]
    try:
        if op in _MERGING:
            return _merged(op, settings, shapes) if len(shapes) == len(inputs) or "Head" in op else None
        if op in ("TFOpLambda", "Merge"):
            return _operation(settings, shapes) if len(shapes) == len(inputs) else None
        rule = _RULES.get(op)
        if op in _UNCHANGED or op.startswith(("Random", "SpatialDropout", "Gaussian")):
            rule = _same
        return rule(settings, shapes[0]) if rule else None
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
        return None  # a setting is missing or strange: no shape rather than a wrong one


def _whatever_the_input(op: str, settings: Mapping[str, Any]) -> Shape:
    """Return the shape of layers that make a matrix of anything: the batch and one axis of unknown size."""
    pooled = op.startswith("Global") and not settings.get("keepdims")
    return [None, None] if op == "Flatten" or pooled else None


def as_shape(value: Any) -> Shape:
    """Return a shape from a configuration, None when it is none."""
    if not isinstance(value, list) or not all(dim is None or isinstance(dim, int) for dim in value):
        return None
    return list(value)


_UNCHANGED_NAMES = """
    Activation ActivityRegularization AlphaDropout BatchNormalization Dropout ELU GroupNormalization Identity
    LayerNormalization LeakyReLU Masking Normalization PReLU ReLU Rescaling RMSNormalization Softmax
    ThresholdedReLU UnitNormalization
"""
_UNCHANGED = frozenset(_UNCHANGED_NAMES.split())
_MERGING_NAMES = """
    GroupQueryAttention GroupedQueryAttention Add Subtract Multiply Average Maximum Minimum Concatenate Dot
    MultiHeadAttention Attention
"""
_MERGING = frozenset(_MERGING_NAMES.split())


def _same(_settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return list(shape)


def _many(value: Any, rank: int) -> list[int]:
    """Return one integer per spatial dimension; raises ValueError for anything else."""
    found = [value] * rank if isinstance(value, int) else list(value)
    if len(found) != rank or not all(isinstance(item, int) and not isinstance(item, bool) for item in found):
        raise ValueError(value)
    return found


def _spatial(settings: Mapping[str, Any], shape: list[Dim]) -> tuple[list[Dim], Dim, bool]:
    """Return spatial dimensions, channels, and whether the channels come first."""
    first = settings.get("data_format", settings.get("dim_ordering")) in ("channels_first", "th")
    return (shape[2:], shape[1], True) if first else (shape[1:-1], shape[-1], False)


def _joined(batch: Dim, spatial: Sequence[Dim], channels: Dim, first: bool) -> Shape:  # noqa: FBT001 - internal
    return [batch, channels, *spatial] if first else [batch, *spatial, channels]


def _windowed(settings: Mapping[str, Any], dims: list[Dim], kernel: list[int], strides: list[int]) -> list[Dim]:
    dilation = _many(settings.get("dilation_rate", 1), len(dims))
    padding = str(settings.get("padding", settings.get("border_mode", "valid"))).lower()
    if padding not in ("valid", "same", "causal"):
        raise ValueError(padding)
    result: list[Dim] = []
    for dim, size, stride, rate in zip(dims, kernel, strides, dilation, strict=True):
        if not isinstance(dim, int):
            result.append(None)
            continue
        span = (size - 1) * rate + 1
        out = -(-dim // stride) if padding in ("same", "causal") else (dim - span) // stride + 1
        if out < 1:
            raise ValueError(dim)
        result.append(out)
    return result


def _conv(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, _channels, first = _spatial(settings, shape)
    kernel, strides = _kernel_of(settings, len(dims))
    filters = settings["filters"] if "filters" in settings else settings["nb_filter"]
    return _joined(shape[0], _windowed(settings, dims, kernel, strides), int(filters), first)


def _kernel_of(settings: Mapping[str, Any], rank: int) -> tuple[list[int], list[int]]:
    """Return kernel size and strides; Keras 1 names them otherwise."""
    if "kernel_size" in settings:
        return _many(settings["kernel_size"], rank), _many(settings.get("strides", 1), rank)
    older = {1: ("filter_length",), 2: ("nb_row", "nb_col"), 3: ("kernel_dim1", "kernel_dim2", "kernel_dim3")}[rank]
    strides = settings.get("subsample_length", 1) if rank == 1 else settings.get("subsample", 1)
    return [int(settings[name]) for name in older], _many(strides, rank)


def _conv_recurrent(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    """ConvLSTM: a convolution of every step."""
    step = _conv(settings, [shape[0], *shape[2:]])
    if step is None or not settings.get("return_sequences"):
        return step
    return [step[0], shape[1], *step[1:]]


def _recurrent_cells(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    """RNN around cells: the last one says how wide the output is."""
    cell = settings["cell"]
    while cell["class_name"] == "StackedRNNCells":
        cell = cell["config"]["cells"][-1]
    if cell["class_name"] not in ("LSTMCell", "GRUCell", "SimpleRNNCell"):
        return None
    return _recurrent({**settings, "units": cell["config"]["units"]}, shape)


def _depthwise(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, channels, first = _spatial(settings, shape)
    kernel, strides = _many(settings["kernel_size"], len(dims)), _many(settings.get("strides", 1), len(dims))
    wide = channels * int(settings.get("depth_multiplier", 1)) if isinstance(channels, int) else None
    return _joined(shape[0], _windowed(settings, dims, kernel, strides), wide, first)


def _transposed(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, _channels, first = _spatial(settings, shape)
    kernel, strides = _many(settings["kernel_size"], len(dims)), _many(settings.get("strides", 1), len(dims))
    if settings.get("output_padding") is not None or set(_many(settings.get("dilation_rate", 1), len(dims))) != {1}:
        return None
    same = settings.get("padding", "valid") == "same"
    spatial: list[Dim] = [
        dim * stride + (0 if same else max(size - stride, 0)) if isinstance(dim, int) else None
        for dim, size, stride in zip(dims, kernel, strides, strict=True)
    ]
    return _joined(shape[0], spatial, int(settings["filters"]), first)


def _pool(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, channels, first = _spatial(settings, shape)
    pool = _many(settings.get("pool_size", settings.get("pool_length")), len(dims))
    strides = settings.get("strides", settings.get("stride"))
    steps = _many(strides, len(dims)) if strides is not None else pool
    return _joined(shape[0], _windowed({**settings, "dilation_rate": 1}, dims, pool, steps), channels, first)


def _global_pool(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, channels, first = _spatial(settings, shape)
    return _joined(shape[0], [1] * len(dims), channels, first) if settings.get("keepdims") else [shape[0], channels]


def _dense(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return [*shape[:-1], int(settings["units"] if "units" in settings else settings["output_dim"])]


def _flatten(_settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return [shape[0], _product(shape[1:])]


def _product(dims: Sequence[Dim]) -> Dim:
    total = 1
    for dim in dims:
        if not isinstance(dim, int):
            return None
        total *= dim
    return total


def _reshape(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    target: list[Dim] = list(settings["target_shape"])
    if -1 in target:
        total, known = _product(shape[1:]), _product([dim for dim in target if dim != -1])
        unknown = total // known if isinstance(total, int) and isinstance(known, int) else None
        target = [unknown if dim == -1 else dim for dim in target]
    return [shape[0], *target]


def _permute(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return [shape[0], *(shape[int(axis)] for axis in settings["dims"])]


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    if isinstance(value, int):
        return [(value, value)] * rank
    if rank == 1 and len(value) == 2 and all(isinstance(item, int) for item in value):
        return [(value[0], value[1])]
    return [(item, item) if isinstance(item, int) else (int(item[0]), int(item[1])) for item in value]


def _padded(sign: int, setting: str) -> Rule:
    def rule(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
        dims, channels, first = _spatial(settings, shape)
        pairs = _pairs(settings[setting], len(dims))
        spatial: list[Dim] = [
            dim + sign * (before + after) if isinstance(dim, int) else None
            for dim, (before, after) in zip(dims, pairs, strict=True)
        ]
        return _joined(shape[0], spatial, channels, first)

    return rule


def _upsampled(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    dims, channels, first = _spatial(settings, shape)
    factors = _many(settings["size"], len(dims))
    spatial: list[Dim] = [dim * f if isinstance(dim, int) else None for dim, f in zip(dims, factors, strict=True)]
    return _joined(shape[0], spatial, channels, first)


def _embedding(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return [*shape, int(settings["output_dim"])]


def _recurrent(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    units = int(settings["units"] if "units" in settings else settings["output_dim"])
    return [shape[0], shape[1], units] if settings.get("return_sequences") else [shape[0], units]


def _repeat(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    return [shape[0], int(settings["n"]), shape[1]]


def _bidirectional(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    inner = _wrapped(settings, shape)
    if inner is None or settings.get("merge_mode") not in ("concat", "sum", "mul", "ave"):
        return None
    width = inner[-1]
    if settings["merge_mode"] == "concat":
        return [*inner[:-1], width * 2 if isinstance(width, int) else None]
    return inner


def _time_distributed(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    inner = _wrapped(settings, [shape[0], *shape[2:]])
    return None if inner is None else [inner[0], shape[1], *inner[1:]]


def _wrapped(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    layer = settings["layer"]
    return output_shape(str(layer["class_name"]), layer["config"], [shape])


def _resized(settings: Mapping[str, Any], shape: list[Dim]) -> Shape:
    if len(shape) != 4:
        return None
    _dims, channels, first = _spatial(settings, shape)
    return _joined(shape[0], [int(settings["height"]), int(settings["width"])], channels, first)


def _merged(op: str, settings: Mapping[str, Any], shapes: list[list[Dim]]) -> Shape:
    if op in ("MultiHeadAttention", "GroupQueryAttention", "GroupedQueryAttention"):
        return list(shapes[0]) if settings.get("output_shape") is None else None
    if op == "Attention":
        return [*shapes[0][:-1], shapes[1][-1]] if len(shapes) > 1 else None
    if op == "Dot":
        return None
    if op != "Concatenate":
        return list(shapes[0]) if all(shape == shapes[0] for shape in shapes) else None
    axis = int(settings.get("axis", -1)) % len(shapes[0])
    widths = [shape[axis] for shape in shapes]
    total: Dim = sum(w for w in widths if isinstance(w, int)) if all(isinstance(w, int) for w in widths) else None
    joined: list[Dim] = []
    for at in range(len(shapes[0])):
        known = [shape[at] for shape in shapes if shape[at] is not None]
        joined.append(total if at == axis else (known[0] if known else None))
    return joined


_ELEMENTWISE = frozenset(
    f"{group}.{name}"
    for group, names in (
        ("nn", "relu relu6 sigmoid tanh softmax elu selu gelu silu swish softplus leaky_relu"),
        ("math", "tanh sigmoid exp log sqrt square abs negative rsqrt sin cos softplus erf"),
        ("", "cast identity stop_gradient clip_by_value"),
    )
    for name in names.split()
)
_BINARY = frozenset(
    [*(f"math.{name}" for name in ["add", "subtract", "multiply", "divide", "maximum", "minimum", "pow", "truediv"])]
    + [f"__operators__.{name}" for name in ["add", "sub", "mul", "truediv", "pow"]]
)


def _operation(settings: Mapping[str, Any], shapes: list[list[Dim]]) -> Shape:
    """Return the shape behind a TensorFlow call in a functional model, or a Merge layer of Keras 1."""
    if "mode" in settings:
        axis = settings.get("concat_axis", -1)
        names = {"concat": "Concatenate", "sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}
        mode = names.get(settings["mode"])
        return _merged(mode, {"axis": axis}, shapes) if mode else None
    function = str(settings.get("function", ""))
    if function.lstrip(".") in {name.lstrip(".") for name in _ELEMENTWISE}:
        return list(shapes[0]) if len(shapes) == 1 else None
    if function not in _BINARY:
        return None
    constant = next((settings[name] for name in ("call.y", "call.x") if name in settings), None)
    if len(shapes) == 1 and isinstance(constant, int | float):
        return list(shapes[0])
    return list(shapes[0]) if len(shapes) == 2 and shapes[0] == shapes[1] else None


_RULES: dict[str, Rule] = {
    "Dense": _dense,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Permute": _permute,
    "RepeatVector": _repeat,
    "Embedding": _embedding,
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "Resizing": _resized,
    "CenterCrop": _resized,
    **{f"{name}{rank}D": _conv for name in ("Conv", "SeparableConv", "Convolution") for rank in (1, 2, 3)},
    **{f"DepthwiseConv{rank}D": _depthwise for rank in (1, 2)},
    **{f"{name}{rank}DTranspose": _transposed for name in ("Conv", "Convolution") for rank in (1, 2, 3)},
    **{
        f"{name}{rank}D": _pool for name in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool") for rank in (1, 2, 3)
    },
    **{
        f"Global{name}{rank}D": _global_pool
        for name in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool")
        for rank in (1, 2, 3)
    },
    **{f"ZeroPadding{rank}D": _padded(1, "padding") for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _padded(-1, "cropping") for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": _upsampled for rank in (1, 2, 3)},
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN"), _recurrent),
    **{f"ConvLSTM{rank}D": _conv_recurrent for rank in (1, 2, 3)},
    "RNN": _recurrent_cells,
}
