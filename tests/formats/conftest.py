"""Writers of tiny model files, each a fixture that returns the path."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tiny_files import Array, add_functions, add_node, add_objects, add_ops, set_info, write_bundle

from workbench.backends import saved_model_proto as proto

Write = Callable[..., Path]


@pytest.fixture
def keras_h5(tmp_path: Path) -> Write:
    """Write an .h5: configuration (None for weights only) and weights by layer."""

    def write(
        config: Any,
        weights: Mapping[str, Mapping[str, Array]],
        *,
        name: str = "model.h5",
        version: str = "2.4.0",
        options: Mapping[str, Any] | None = None,
    ) -> Path:
        path = tmp_path / name
        with h5py.File(path, "w") as file:
            if config is not None:
                file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
            root = file if config is None else file.create_group("model_weights")
            for owner in {file, root}:
                owner.attrs["keras_version"] = version
            file.attrs["backend"] = "tensorflow"
            root.attrs["layer_names"] = np.array([layer.encode() for layer in weights], dtype="S64")
            for layer, arrays in weights.items():
                group = root.create_group(layer)
                group.attrs["weight_names"] = np.array([weight.encode() for weight in arrays], dtype="S64")
                for weight, values in arrays.items():
                    group.create_dataset(weight, data=values, **(options or {}))
        return path

    return write


@pytest.fixture
def keras_zip(tmp_path: Path) -> Write:
    """Write a .keras archive: configuration and weights by path."""

    def write(
        config: Any,
        weights: Mapping[str, Array],
        *,
        names: Mapping[str, str] | None = None,
        compression: int = zipfile.ZIP_STORED,
    ) -> Path:
        inner, path = tmp_path / "inner.h5", tmp_path / "model.keras"
        with h5py.File(inner, "w") as file:
            file.create_group("layers")
            for place, values in weights.items():
                file.create_dataset(place, data=values)
            for place, layer in (names or {}).items():
                file.require_group(place).attrs["name"] = layer
        with zipfile.ZipFile(path, "w", compression) as archive:
            archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01"}))
            archive.writestr("config.json", json.dumps(config))
            archive.write(inner, "model.weights.h5")
        return path

    return write


@pytest.fixture
def save(tmp_path: Path) -> Write:
    """Write bytes or a protobuf message."""

    def write(content: Any, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
        return path

    return write


@pytest.fixture
def saved_model(tmp_path: Path) -> Write:
    """Write a TensorFlow 2 SavedModel: y = relu(x @ kernel) behind a signature wrapper, with an optimizer slot."""

    def write(*, kernel: Array | None = None, python: bool = False) -> Path:
        path = tmp_path / "saved"
        message = proto.SavedModel(saved_model_schema_version=1)
        meta = message.meta_graphs.add()
        meta.meta_info_def.tags.append("serve")
        meta.meta_info_def.tensorflow_version = "2.21.0"
        add_ops(meta)
        add_functions(meta, python=python)
        nodes = meta.graph_def.node
        add_node(nodes, "VarHandleOp", "kernel", shared_name="kernel")
        add_node(nodes, "Placeholder", "serving_default_x", dtype=1)
        call = add_node(
            nodes, "StatefulPartitionedCall", "StatefulPartitionedCall", ["serving_default_x", "kernel"], f="@wrapper"
        )
        call.attr["Tout"].list.type.append(1)
        signature = meta.signature_def["serving_default"]
        set_info(signature.inputs["x"], "serving_default_x:0", [-1, 4])
        set_info(signature.outputs["y"], "StatefulPartitionedCall:0", [-1, 3])
        set_info(meta.signature_def["__saved_model_init_op"].outputs["__saved_model_init_op"], "NoOp", [])
        add_objects(meta)
        values = np.arange(12, dtype=np.float32).reshape(4, 3) if kernel is None else kernel
        path.mkdir()
        (path / "saved_model.pb").write_bytes(message.SerializeToString())
        graph = proto.TrackableObjectGraph()
        graph.nodes.add().children.add(node_id=1, local_name="weights")
        graph.nodes.add().attributes.add(
            name="VARIABLE_VALUE", full_name="kernel", checkpoint_key="weights/.ATTRIBUTES/VARIABLE_VALUE"
        )
        write_bundle(
            path / "variables" / "variables",
            {"weights/.ATTRIBUTES/VARIABLE_VALUE": values, "optimizer/slot": np.zeros(50_000, np.float32)},
            {"_CHECKPOINTABLE_OBJECT_GRAPH": graph.SerializeToString()},
        )
        return path

    return write
