"""Export for TensorFlow Serving: a versioned folder with everything that is needed to start the server and ask it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from workbench.core.errors import WorkbenchError
from workbench.core.events import Report
from workbench.core.graph import Graph, Port
from workbench.core.i18n import N_, _
from workbench.core.outcome import Outcome
from workbench.core.params import Params, meta
from workbench.core.paths import resources
from workbench.core.shapes import bracketed
from workbench.exporters import Exporter
from workbench.exporters.obstacles import unloadable

FILES = ("models.config", "docker-compose.yml", "rest_client.py", "grpc_client.py", "README.md")


class TfServingParams(Params, frozen=True):
    """Settings of the export for TensorFlow Serving."""

    name: Annotated[str, meta(N_("Name"), N_("What clients call the model; empty takes the source's file name."))] = ""
    version: Annotated[
        int, meta(N_("Version"), N_("The server loads the highest version, or the one that models.config names."), ge=1)
    ] = 1
    signature: Annotated[
        str,
        meta(
            N_("Signature"),
            N_("Which entry point of a SavedModel clients ask; empty takes serving_default."),
            formats=("saved-model",),
        ),
    ] = ""
    warmup: Annotated[
        int,
        meta(N_("Warm-up requests"), N_("How many requests the server runs before it reports ready."), ge=0, le=1000),
    ] = 3
    rest_port: Annotated[int, meta(N_("REST port"), N_("Port on this machine for REST."), ge=1, le=65535)] = 8501
    grpc_port: Annotated[int, meta(N_("gRPC port"), N_("Port on this machine for gRPC."), ge=1, le=65535)] = 8500


class TfServingExport(Exporter[TfServingParams]):
    """Keras or SavedModel to a folder for TensorFlow Serving."""

    id = "tf-serving"
    label = N_("TensorFlow Serving")
    summary = N_(
        "A versioned model with warm-up requests, server configuration, Docker Compose file and client samples."
    )
    needs = ("tensorflow", "keras", "jinja2")
    install = "tensorflow tensorflow-serving-api"
    params = TfServingParams
    accepts = ("keras-h5", "keras-zip", "saved-model")
    produces = ""
    suffix = ""
    verify = "tensorflow"

    def requires(self, graph: Graph) -> str | None:
        """Say why the source cannot be loaded."""
        return unloadable(graph)

    def run(self, source: Path, target: Path, params: TfServingParams, *, report: Report) -> Outcome:
        """Write the folder ``target``; raises WorkbenchError when TensorFlow cannot load the source."""
        from workbench.backends.keras_models import require_engine

        require_engine(source)
        from workbench.backends.saved_model_export import to_saved_model
        from workbench.backends.tf_serving import write_warmup

        name = serving_name(params.name or source.stem)
        version_folder = target / name / str(params.version)
        version_folder.parent.mkdir(parents=True)
        program = to_saved_model(source, version_folder, signature=params.signature, report=report)
        signature, inputs, outputs = program.signature, program.inputs, program.outputs
        del program
        report.progress(0.8, _("Writing warm-up requests"))
        warmup = write_warmup(version_folder, name=name, signature=signature, count=params.warmup)
        _write_files(
            target,
            {
                "name": name,
                "version": params.version,
                "signature": signature,
                "inputs": [_described(port) for port in inputs],
                "outputs": [_described(port) for port in outputs],
                "warmup": warmup,
                "rest_port": params.rest_port,
                "grpc_port": params.grpc_port,
            },
        )
        notes = [_("Start it with: docker compose up (in {folder}).").format(folder=target.name)]
        if params.warmup and not warmup:
            notes.append(_("No warm-up requests were written: no input could be made up that the model answers."))
        return Outcome(notes=notes)

    def loadable(self, target: Path) -> Path:
        """Return the version folder, a SavedModel."""
        found = sorted(path.parent for path in target.glob("*/*/saved_model.pb"))
        if not found:
            raise WorkbenchError(_("{path} holds no version of a model.").format(path=target))
        return found[-1]


def serving_name(text: str) -> str:
    """Return ``text`` as a name that paths, URLs and the server's configuration take unchanged."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_") or "model"


def _described(port: Port) -> dict[str, str]:
    return {"name": port.name, "dtype": port.dtype, "shape": bracketed(port.shape)}


def _write_files(target: Path, values: dict[str, Any]) -> None:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources() / "serving"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters.update(python=repr, plain=_plain)  # names come out of the model: they must stay names
    for name in FILES:
        text = environment.get_template(f"{name}.j2").render(values)
        (target / name).write_text(text, encoding="utf-8")


def _plain(text: str) -> str:
    """Return a name on one line, without what would end a table's cell or a piece of code in Markdown."""
    return re.sub(r"[`|<>]", "_", "".join(sign if sign.isprintable() else "_" for sign in text))
