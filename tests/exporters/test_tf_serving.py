"""The TensorFlow Serving exporter: what a server needs, and client samples that really talk to one."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc
import numpy as np
import pytest
import small_nets
import tensorflow as tf
import yaml
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

from workbench.exporters.tf_serving import TfServingExport, TfServingParams, _write_files, serving_name
from workbench.runtimes.tensorflow import TensorFlow


@pytest.fixture
def exported(model_file, tmp_path: Path, ear) -> Path:
    target = tmp_path / "deploy"
    settings = TfServingParams(name="many ports!", version=3, warmup=2, rest_port=9001)
    TfServingExport().run(model_file("many-ports", "keras-zip"), target, settings, report=ear)
    return target


def test_folder_is_what_the_server_reads(exported: Path) -> None:
    assert (exported / "many_ports" / "3" / "saved_model.pb").is_file()
    config = (exported / "models.config").read_text()
    assert re.search(r'name: "many_ports"', config)
    assert re.search(r'base_path: "/models/many_ports"', config)
    assert "versions: 3" in config
    service = yaml.safe_load((exported / "docker-compose.yml").read_text())["services"]["serving"]
    assert service["ports"] == ["127.0.0.1:9001:8501", "127.0.0.1:8500:8500"]
    assert "./many_ports:/models/many_ports:ro" in service["volumes"]
    assert "{{" not in "".join(path.read_text() for path in exported.iterdir() if path.is_file())
    readme = (exported / "README.md").read_text()
    assert "| input | `picture` | float32 | [?, 16, 16, 3] |" in readme
    assert "| output | `sure` | float32 | [?, 1] |" in readme


def test_warmup_requests_are_ones_that_the_model_answers(exported: Path) -> None:
    version = TfServingExport().loadable(exported)
    session = TensorFlow().open(version)
    stored = tf.data.TFRecordDataset(str(version / "assets.extra" / "tf_serving_warmup_requests"))
    logs = [prediction_log_pb2.PredictionLog.FromString(record.numpy()) for record in stored]
    assert len(logs) == 2
    for log in logs:
        request = log.predict_log.request
        assert (request.model_spec.name, request.model_spec.signature_name) == ("many_ports", "serving_default")
        outputs = session.run({name: tf.make_ndarray(value) for name, value in request.inputs.items()})
        assert outputs["kind"].shape == (1, 3)


@pytest.fixture
def feeds(exported: Path, tmp_path: Path):
    session = TensorFlow().open(TfServingExport().loadable(exported))
    arrays = small_nets.inputs(session.inputs)
    np.savez(tmp_path / "input.npz", **arrays)
    return session, arrays


def ask(client: Path, *arguments: str) -> str:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "no_proxy": "*"}
    ran = subprocess.run(
        [sys.executable, str(client), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def test_rest_client_sends_what_the_server_expects(exported: Path, feeds, tmp_path: Path) -> None:
    session, arrays = feeds
    asked = []

    class Serving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            given = {port.name: np.asarray(body["inputs"][port.name], port.dtype) for port in session.inputs}
            outputs = {name: value.tolist() for name, value in session.run(given).items()}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"outputs": outputs}).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Serving)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        said = ask(exported / "rest_client.py", str(tmp_path / "input.npz"), f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == ["/v1/models/many_ports/versions/3:predict"]
    assert "kind (2, 3)" in said
    assert f"{session.run(arrays)['sure'][0, 0]:.4f}"[:5] in said


def test_grpc_client_sends_what_the_server_expects(exported: Path, feeds, tmp_path: Path) -> None:
    session, arrays = feeds
    asked = []

    class Serving(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802 - the service's own name
            asked.append((request.model_spec.name, request.model_spec.version.value))
            answer = predict_pb2.PredictResponse()
            given = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            for name, value in session.run(given).items():
                answer.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return answer

    server = grpc.server(futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Serving(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        said = ask(exported / "grpc_client.py", str(tmp_path / "input.npz"), f"127.0.0.1:{port}")
    finally:
        server.stop(None).wait()
    assert asked == [("many_ports", 3)]
    assert "kind (2, 3)" in said
    assert f"{session.run(arrays)['sure'][0, 0]:.4f}"[:5] in said


def constants_of(client: Path) -> dict[str, object]:
    """Return the constants of a written program, which is parsed and not run."""
    assigned = [item for item in ast.parse(client.read_text(encoding="utf-8")).body if isinstance(item, ast.Assign)]
    return {ast.unparse(item.targets[0]): ast.literal_eval(item.value) for item in assigned}


HOSTILE = 'a"""\nimport os  # `|{{ 7 * 7 }}\\" + \'😀\u2028'


def test_names_from_the_model_stay_names(tmp_path: Path) -> None:
    port = {"name": HOSTILE, "dtype": "float32", "shape": f"[{HOSTILE}, 3]"}
    values = {
        "name": "net",
        "version": 2,
        "signature": HOSTILE,
        "inputs": [port],
        "outputs": [port],
        "warmup": 0,
        "rest_port": 8501,
        "grpc_port": 8500,
    }
    _write_files(tmp_path, values)
    rest, remote = constants_of(tmp_path / "rest_client.py"), constants_of(tmp_path / "grpc_client.py")
    for constants in (rest, remote):
        assert constants["SIGNATURE"] == HOSTILE
        assert constants["INPUTS"] == {HOSTILE: ("float32", port["shape"])}
    assert rest["FIRST_OUTPUT"] == HOSTILE
    assert rest["PREDICT"] == "/v1/models/net/versions/2:predict"
    assert (remote["MODEL"], remote["VERSION"]) == ("net", 2)
    for client in ("rest_client.py", "grpc_client.py"):
        parsed = ast.parse((tmp_path / client).read_text(encoding="utf-8"))
        assert "import os" not in str(ast.get_docstring(parsed))
        imported = {alias.name for item in ast.walk(parsed) if isinstance(item, ast.Import) for alias in item.names}
        assert "os" not in imported
    service = yaml.safe_load((tmp_path / "docker-compose.yml").read_text())["services"]["serving"]
    assert service["volumes"][1] == "./net:/models/net:ro"
    rows = [line for line in (tmp_path / "README.md").read_text(encoding="utf-8").split("\n") if "import os" in line]
    assert [row.count("|") for row in rows] == [0, 5, 5]
    assert all(row.count("`") == 2 for row in rows)


def test_chosen_signature_is_the_one_served(tmp_path: Path, ear) -> None:
    module = tf.Module()
    spec = [tf.TensorSpec((None, 3), name="x")]
    module.double = tf.function(lambda x: {"y": 2 * x}, input_signature=spec)
    module.text = tf.function(
        lambda x: {"y": tf.strings.length(x)}, input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    tf.saved_model.save(module, str(tmp_path / "model"), signatures={"double": module.double, "text": module.text})
    settings = TfServingParams(signature="double")
    TfServingExport().run(tmp_path / "model", tmp_path / "deploy", settings, report=ear)
    assert constants_of(tmp_path / "deploy" / "rest_client.py")["SIGNATURE"] == "double"
    outcome = TfServingExport().run(
        tmp_path / "model", tmp_path / "texts", TfServingParams(signature="text"), report=ear
    )
    assert "No warm-up requests" in outcome.notes[1]


@pytest.mark.parametrize(
    ("text", "name"), [("my model (2)", "my_model_2"), ("a/b", "a_b"), ("§", "model"), ("ok-1", "ok-1")]
)
def test_names_are_safe_everywhere(text: str, name: str) -> None:
    assert serving_name(text) == name
