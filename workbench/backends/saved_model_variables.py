"""Which checkpoint entry belongs to which variable of a SavedModel."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from workbench.backends.saved_model_proto import dtype_of
from workbench.backends.tensor_bundle import TensorBundle
from workbench.core.graph import Graph, Tensor
from workbench.core.i18n import _, ngettext

_VARIABLE_OPS = frozenset(["VarHandleOp", "VariableV2", "Variable"])


@lru_cache(maxsize=1)
def _opened(prefix: Path, modified: int, size: int) -> TensorBundle:
    return TensorBundle(prefix)


class Variables:
    """The variables of one SavedModel: TensorFlow 2 finds them by object path, TensorFlow 1 by name."""

    def __init__(self, meta: Any, path: Path) -> None:
        self._objects = meta.object_graph_def
        self._path = path
        self._wanted = any(node.op in _VARIABLE_OPS for node in meta.graph_def.node)
        self._bundle = self.bundle(path) if self._prefix(path).with_suffix(".index").exists() else None
        self._key_by_object: dict[int, str] = {}
        self._key_by_name: dict[str, str] = {}
        self._name_by_key: dict[str, str] = {}
        if self._bundle is not None:
            self._match_objects(self._bundle)

    @staticmethod
    def _prefix(path: Path) -> Path:
        return path / "variables" / "variables"

    @classmethod
    def bundle(cls, path: Path) -> TensorBundle:
        """Open the checkpoint inside a SavedModel folder. Raises WorkbenchError."""
        prefix = cls._prefix(path)
        status = prefix.with_suffix(".index").stat()
        return _opened(prefix, status.st_mtime_ns, status.st_size)

    def _match_objects(self, bundle: TensorBundle) -> None:
        """Walk the saved objects and the checkpoint's objects along the same names; both start at the root."""
        tracked = bundle.object_graph()
        if tracked is None or not self._objects.nodes:
            return
        for item in tracked.nodes:
            for attribute in item.attributes:
                if attribute.full_name:
                    self._key_by_name.setdefault(attribute.full_name, attribute.checkpoint_key)
        todo, seen = [(0, 0)], {0}
        while todo:
            saved, other = todo.pop()
            node, peer = self._objects.nodes[saved], tracked.nodes[other]
            if node.HasField("variable") and peer.attributes:
                key = peer.attributes[0].checkpoint_key
                self._key_by_object[saved] = key
                self._name_by_key.setdefault(key, node.variable.name)
            names = {child.local_name: child.node_id for child in peer.children}
            for child in node.children:
                if child.node_id not in seen and child.local_name in names:
                    seen.add(child.node_id)
                    todo.append((child.node_id, names[child.local_name]))

    def captured(self, function: str, arguments: int) -> dict[int, str]:
        """Return checkpoint keys of the variables that a concrete function captures, by argument number."""
        if function not in self._objects.concrete_functions:
            return {}
        bound = list(self._objects.concrete_functions[function].bound_inputs)
        first = arguments - len(bound)
        keys = {first + at: self._key_by_object.get(number) for at, number in enumerate(bound)}
        return {at: key for at, key in keys.items() if key}

    def key_of(self, node: Any) -> str:
        """Return the checkpoint key of a variable's node in the main graph, "" when it is none or is not stored."""
        if node is None or node.op not in _VARIABLE_OPS or self._bundle is None:
            return ""
        shared = node.attr["shared_name"].s.decode("utf-8", "replace") if "shared_name" in node.attr else ""
        for name in (shared, node.name):
            key = self._key_by_name.get(name, name)
            if name and key in self._bundle.entries:
                return key
        return ""

    def call_function(self) -> str:
        """Return the concrete function that calling the root object runs, "" when there is none."""
        nodes = self._objects.nodes
        for wanted in ("__call__", "call_and_return_all_conditional_losses", "call"):
            for child in nodes[0].children if nodes else ():
                item = nodes[child.node_id]
                if child.local_name == wanted and item.HasField("function") and item.function.concrete_functions:
                    return str(item.function.concrete_functions[0])
        return min(self._objects.concrete_functions, default="") if len(self._objects.concrete_functions) == 1 else ""

    def tensor(self, key: str) -> Tensor:
        """Describe a stored variable."""
        assert self._bundle is not None  # keys come only out of it
        entry = self._bundle.entries[key]
        dtype = dtype_of(entry.dtype)
        name = self._name_by_key.get(key) or key.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE")
        weight = dtype.startswith(("float", "bfloat", "complex"))
        return Tensor(name, dtype, self._bundle.shape(key), int(entry.size), f"checkpoint:{key}", is_weight=weight)

    def notes(self, graph: Graph) -> list[str]:
        """Say what is stored beside what is shown, and what is missing."""
        if self._bundle is None:
            if not self._wanted:
                return []
            return [_("The variables are missing: the folder holds no variables/variables.index.")]
        parts = [node.name for node in graph.nodes if node.op in _VARIABLE_OPS]
        found = []
        if parts:
            found.append(
                ngettext(
                    "{count} variable is stored in parts ({name}): it is neither read nor counted.",
                    "{count} variables are stored in parts ({name} ...): they are neither read nor counted.",
                    len(parts),
                ).format(count=len(parts), name=parts[0])
            )
        used = {tensor.source.partition(":")[2] for tensor in graph.tensors.values()}
        rest = sum(
            int(entry.size)
            for key, entry in self._bundle.entries.items()
            if key not in used and not key.startswith("_CHECKPOINTABLE")
        )
        if rest >= 100_000:
            text = _("{size:.1f} MB of the variables are not used by what is shown (optimizer state, copies, metrics).")
            found.append(text.format(size=rest / 1e6))
        return found
