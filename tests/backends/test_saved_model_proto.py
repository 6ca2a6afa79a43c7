"""Our declarations of TensorFlow's messages agree with TensorFlow's own, field by field."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

CODE = """
import json
from workbench.backends import saved_model_proto as ours
from tensorflow.core.framework import attr_value_pb2, function_pb2, graph_pb2, node_def_pb2, op_def_pb2, tensor_pb2
from tensorflow.core.framework import tensor_shape_pb2, tensor_slice_pb2, types_pb2, variable_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2, saved_object_graph_pb2, saver_pb2
from tensorflow.core.protobuf import tensor_bundle_pb2
from tensorflow.core.protobuf import trackable_object_graph_pb2
import tensorflow as tf

theirs = {}
def collect(message):
    theirs[message.name] = message
    for nested in message.nested_types:
        collect(nested)
for module in (attr_value_pb2, function_pb2, graph_pb2, node_def_pb2, op_def_pb2, tensor_pb2, tensor_shape_pb2,
               tensor_slice_pb2, variable_pb2, meta_graph_pb2, saved_model_pb2, saved_object_graph_pb2, saver_pb2,
               tensor_bundle_pb2, trackable_object_graph_pb2):
    for message in module.DESCRIPTOR.message_types_by_name.values():
        collect(message)
def kind(field):
    return "int32" if field.type == field.TYPE_ENUM else str(field.type)
wrong = []
count = 0
for name, message in ours._CLASSES.items():
    for field in message.DESCRIPTOR.fields:
        count += 1
        other = theirs[name].fields_by_number.get(field.number)
        same_kind = other is not None and (kind(other) == kind(field) or (kind(other) == "int32" and field.type == 5))
        if other is None or other.name != field.name or not same_kind or other.is_repeated != field.is_repeated:
            wrong.append([name, field.name, other and other.name])
names = {}
for number in range(1, 64):
    try:
        names[number] = tf.dtypes.as_dtype(number).name
    except TypeError:
        continue
dtypes = [[number, name, ours.dtype_of(number)] for number, name in names.items() if name != ours.dtype_of(number)]
print(json.dumps([count, wrong, dtypes]))
"""


@pytest.mark.slow
def test_declarations_agree_with_tensorflow() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    count, wrong, dtypes = json.loads(run.stdout.splitlines()[-1])
    assert count > 80
    assert wrong == []
    assert dtypes == []
