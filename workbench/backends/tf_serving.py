"""Warm-up requests for TensorFlow Serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from workbench.backends.tensorflow_session import TensorFlowSession
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"

FREE_SIZES = (1, 16, 64, 224)
"""Tried in turn for dimensions other than the batch that the model leaves free."""


def write_warmup(version_folder: Path, *, name: str, signature: str, count: int) -> int:
    """Write ``count`` requests of reproducible numbers that the model was seen to answer; return how many.

    None are written when the model takes text or refuses every size that was tried.
    """
    session = TensorFlowSession(version_folder, device="cpu", threads=None, signature=signature)
    try:
        size = _accepted_size(session)
        if size is None or count == 0:
            return 0
        place = version_folder / WARMUP_FILE
        place.parent.mkdir(exist_ok=True)
        with tf.io.TFRecordWriter(str(place)) as writer:
            for seed in range(count):
                writer.write(_request(session, name, signature, size=size, seed=seed))
    finally:
        session.close()
    return count


def _accepted_size(session: TensorFlowSession) -> int | None:
    if any(port.dtype == "string" or port.shape is None for port in session.inputs):
        return None
    for size in FREE_SIZES:
        try:
            session.run({port.name: _numbers(port, size, seed=0) for port in session.inputs})
        except WorkbenchError:
            continue
        return size
    return None


def _request(session: TensorFlowSession, name: str, signature: str, *, size: int, seed: int) -> bytes:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for port in session.inputs:
        request.inputs[port.name].CopyFrom(tf.make_tensor_proto(_numbers(port, size, seed=seed)))
    log: Any = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
    serialized: bytes = log.SerializeToString()
    return serialized


def _numbers(port: Port, size: int, *, seed: int) -> NDArray[np.generic]:
    """Return one sample: small whole numbers for integers (they may index), normal ones for reals."""
    shape = [dim if isinstance(dim, int) else (1 if index == 0 else size) for index, dim in enumerate(port.shape or [])]
    generator = np.random.default_rng(seed)
    dtype = np.dtype(tf.dtypes.as_dtype(port.dtype).as_numpy_dtype)
    numbers = generator.integers(0, 2, shape) if dtype.kind in "iub" else generator.standard_normal(shape)
    return np.asarray(numbers).astype(dtype)
