"""TensorFlow operations that tf2onnx writes as operations ONNX does not have, expressed in ONNX ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tf2onnx


def _constant(ctx: Any, node: Any, value: float) -> str:
    dtype = tf2onnx.utils.map_onnx_to_numpy_type(ctx.get_dtype(node.input[0]))
    name: str = ctx.make_const(tf2onnx.utils.make_name("constant"), np.array(value, dtype)).output[0]
    return name


def _replace(ctx: Any, node: Any, build: Callable[[], tuple[str, list[str]]]) -> None:
    """Put the last operation that ``build`` names (op, inputs) in the place of ``node``."""
    shape, dtype, outputs, name = (
        ctx.get_shape(node.output[0]),
        ctx.get_dtype(node.output[0]),
        list(node.output),
        node.name,
    )
    op, inputs = build()
    ctx.remove_node(name)
    ctx.make_node(op, inputs, outputs=outputs, shapes=[shape], dtypes=[dtype], name=name)


def _erfc(ctx: Any, node: Any, _name: str, _args: Any) -> None:
    """erfc(x) = 1 - erf(x): what Keras' GELU is made of."""
    _replace(ctx, node, lambda: ("Sub", [_constant(ctx, node, 1), ctx.make_node("Erf", [node.input[0]]).output[0]]))


def _expm1(ctx: Any, node: Any, _name: str, _args: Any) -> None:
    """expm1(x) = exp(x) - 1: what Keras' CELU is made of."""
    _replace(ctx, node, lambda: ("Sub", [ctx.make_node("Exp", [node.input[0]]).output[0], _constant(ctx, node, 1)]))


def _log1p(ctx: Any, node: Any, _name: str, _args: Any) -> None:
    """log1p(x) = log(1 + x)."""
    _replace(
        ctx,
        node,
        lambda: ("Log", [ctx.make_node("Add", [node.input[0], _constant(ctx, node, 1)]).output[0]]),
    )


def missing_ops() -> dict[str, tuple[Any, list[Any]]]:
    """Return what tf2onnx calls custom op handlers, by TensorFlow op."""
    return {"Erfc": (_erfc, []), "Expm1": (_expm1, []), "Log1p": (_log1p, [])}
