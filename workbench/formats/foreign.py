"""Name files and folders that are no model we open: what each one is, and the way out."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from workbench.core.containers import HDF5_MAGIC, ZIP_MAGIC
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import N_, _
from workbench.core.protobuf_wire import TopLevel, top_level

HEAD = 65536


class Sample(NamedTuple):
    """What is looked at of an unknown file."""

    path: Path
    head: bytes
    size: int
    members: tuple[str, ...] | None
    """Names in the archive when it is a readable zip."""
    wire: TopLevel | None
    """Top-level fields when the content can be a protobuf message."""

    @property
    def text(self) -> str:
        """The beginning as text, without white space before it."""
        return self.head[:HEAD].decode("utf-8", "replace").lstrip("\ufeff \t\r\n")

    def has(self, *endings: str) -> bool:
        """Say whether the archive holds a member whose name ends so."""
        return any(name.endswith(endings) for name in self.members or ())


class Kind(NamedTuple):
    """One foreign kind: how it is known, what it is called, what the person can do."""

    test: Callable[[Sample], bool]
    what: str
    hint: str


_SUPPORTED = N_("Model Workbench opens Keras (.h5, .keras), SavedModel folders, ONNX and TFLite.")
_TORCH = N_(
    "Export it where it was made: torch.onnx.export(model, example_input, 'model.onnx'), then open the ONNX file."
)
_CONVERT = N_("Get the model in its original format (Keras, SavedModel, ONNX or TFLite) from where it was made.")
_AGAIN = N_("Download or copy the file again and compare its size with the source.")
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")


def _markup(pattern: str) -> Callable[[Sample], bool]:
    """Match the first tag of an XML or HTML text, behind its declaration and comments."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda sample: b"\x00" not in sample.head[:1024] and bool(compiled.match(_first_tag(sample.text)))


def _first_tag(text: str) -> str:
    for _count in range(100):
        end = "-->" if text.startswith("<!--") else "?>" if text.startswith("<?") else ""
        if not end or end not in text:
            break
        text = text.partition(end)[2].lstrip()
    return text


def _starts(*magic: bytes) -> Callable[[Sample], bool]:
    return lambda sample: sample.head.startswith(magic)


def _text(pattern: str) -> Callable[[Sample], bool]:
    compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
    return lambda sample: b"\x00" not in sample.head[:1024] and bool(compiled.match(sample.text))


def _is_text(sample: Sample) -> bool:
    head = sample.head[:4096]
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return False
    return "\ufffd" not in head.decode("utf-8", "replace")[:-1]


def _is_frozen_graph(sample: Sample) -> bool:
    wire = sample.wire  # GraphDef: 1 node (repeated), 2 library, 3 version, 4 versions
    return bool(
        wire and 1 in wire.lengths and set(wire.fields) <= {1, 2, 3, 4} and re.search(rb"\n.[\w/.-]+\x12", sample.head)
    )


def _is_saved_model_proto(sample: Sample) -> bool:
    return bool(sample.wire and sample.head[:2] == b"\x08\x01" and set(sample.wire.fields) == {1, 2})


def _is_truncated_onnx(sample: Sample) -> bool:
    wire = sample.wire  # ModelProto: 1 ir_version, 2 producer_name, 7 graph
    return bool(wire and not wire.complete and sample.head[:1] == b"\x08" and 7 in wire.fields)


def _is_tensor_bundle(sample: Sample) -> bool:
    return re.search(r"\.data-\d{5}-of-\d{5}$", sample.path.name) is not None


def _is_sstable(sample: Sample) -> bool:
    with sample.path.open("rb") as file:
        file.seek(max(0, sample.size - 8))
        return file.read(8) == b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def _holds_models(sample: Sample) -> bool:
    return sample.has(".h5", ".hdf5", ".keras", ".onnx", ".tflite", "saved_model.pb")


_KINDS: tuple[Kind, ...] = (
    Kind(lambda s: s.size == 0, N_("an empty file (0 bytes)"), N_("The download or copy failed. Get the file again.")),
    Kind(
        _text(r"version https://git-lfs\.github\.com/spec"),
        N_("a Git LFS pointer, not the model itself"),
        N_("Run `git lfs pull` in the repository, or download the file from its web page."),
    ),
    Kind(
        _markup(r"<(!doctype html|html|head|body)\b"),
        N_("a web page (HTML)"),
        N_("The download saved a page instead of the model: log in or use the file's direct link, and download again."),
    ),
    Kind(_starts(HDF5_MAGIC), N_("an HDF5 file, but not a Keras model"), _SUPPORTED),
    Kind(
        _starts(b"GGUF"),
        N_("a GGUF language model"),
        N_("Language models in GGUF run in llama.cpp; it has no graph inside."),
    ),
    Kind(
        lambda s: s.head[8:9] == b"{" and int.from_bytes(s.head[:8], "little") < s.size and b'"data_offsets"' in s.head,
        N_("a safetensors file: weights only, no architecture inside"),
        N_("Export the model to ONNX where its code is; safetensors hold only the numbers."),
    ),
    Kind(
        lambda s: s.members is not None and s.has("data.pkl") and s.has("constants.pkl"),
        N_("a TorchScript archive (PyTorch)"),
        _TORCH,
    ),
    Kind(lambda s: s.members is not None and s.has("data.pkl"), N_("a PyTorch checkpoint"), _TORCH),
    Kind(_starts(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"), N_("a PyTorch checkpoint (old pickle form)"), _TORCH),
    Kind(
        lambda s: re.match(rb"\x80[\x02-\x05]", s.head) is not None,
        N_("a Python pickle"),
        N_("A pickle runs code when it is opened: it is never loaded. Save the model with model.save('model.keras')."),
    ),
    Kind(
        lambda s: len({"config.json", "metadata.json", "model.weights.h5"} & set(s.members or ())) > 1,
        N_("a .keras archive with parts missing"),
        N_("Save the model again with model.save('model.keras')."),
    ),
    Kind(
        lambda s: s.members is not None and _holds_models(s),
        N_("a zip archive that holds a model: {models}"),
        N_("Unpack the archive and open the model inside."),
    ),
    Kind(
        lambda s: s.members is not None and s.has(".npy"),
        N_("a NumPy .npz archive: data, no model"),
        N_("Use it as calibration or evaluation data."),
    ),
    Kind(lambda s: s.members is not None and s.has(".mlmodel"), N_("a zipped Core ML package"), _CONVERT),
    Kind(lambda s: s.members is not None, N_("a zip archive without a model"), _SUPPORTED),
    Kind(_starts(ZIP_MAGIC), N_("a truncated or damaged zip archive (.keras files are zip archives)"), _AGAIN),
    Kind(_starts(b"\x93NUMPY"), N_("a NumPy array: data, no model"), N_("Use it as calibration or evaluation data.")),
    Kind(
        _starts(b"\x1f\x8b"),
        N_("a gzip-compressed file"),
        N_("Unpack it first (gunzip or tar xzf) and open what comes out."),
    ),
    Kind(
        _starts(b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf'\x1c", b"Rar!"),
        N_("a compressed archive"),
        N_("Unpack it first and open what comes out."),
    ),
    Kind(
        lambda s: s.head[257:262] == b"ustar",
        N_("a tar archive"),
        N_("Unpack it first (tar xf) and open what comes out."),
    ),
    Kind(
        _starts(*_IMAGES), N_("an image"), N_("Open a model first, then use images as input data in Run or Optimize.")
    ),
    Kind(lambda s: s.head[:4] == b"RIFF" or s.head[4:8] == b"ftyp", N_("a sound or video file"), _SUPPORTED),
    Kind(_starts(b"%PDF"), N_("a PDF document"), _SUPPORTED),
    Kind(_starts(b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe"), N_("a program or library"), _SUPPORTED),
    Kind(_markup(r"<net\s"), N_("an OpenVINO IR model"), _CONVERT),
    Kind(
        lambda s: s.path.suffix == ".bin" and s.path.with_suffix(".xml").exists(),
        N_("the weights of an OpenVINO IR model"),
        _CONVERT,
    ),
    Kind(
        _text(r'\{.{0,2000}"(modelTopology|weightsManifest)"'),
        N_("a TensorFlow.js model"),
        N_("Open the Keras model or SavedModel from which it was converted."),
    ),
    Kind(
        _text(r'\{.{0,200}"class_name"\s*:\s*"(Sequential|Functional|Model)"'),
        N_("a Keras architecture in JSON, without weights"),
        N_("Load it with its weights in Keras and save both with model.save('model.keras')."),
    ),
    Kind(_text(r"7767517\s"), N_("an ncnn model"), _CONVERT),
    Kind(
        _text(r"(#[^\n]*\n|\s)*(name\s*:\s*\"|layers?\s*\{|input\s*:\s*\")"),
        N_("a Caffe network description (prototxt)"),
        _CONVERT,
    ),
    Kind(
        _text(r"(#[^\n]*\n|\s)*(node\s*\{|saved_model_schema_version)"),
        N_("a TensorFlow graph in text form"),
        N_("Load it in TensorFlow and save it with tf.saved_model.save."),
    ),
    Kind(
        _text(r"(ir_version\s*:|producer_name\s*:)"),
        N_("an ONNX model in text form"),
        N_("Save it in binary form with onnx.save(model, 'model.onnx')."),
    ),
    Kind(
        lambda s: s.head[4:8] == b"TFL3",
        N_("a truncated or damaged TFLite model"),
        _AGAIN,
    ),
    Kind(
        lambda s: s.head[4:8] == b"ORTM",
        N_("an ONNX Runtime (.ort) model"),
        N_("Open the ONNX file from which it was made."),
    ),
    Kind(
        _is_saved_model_proto,
        N_("the graph file of a SavedModel"),
        N_("Open the folder that holds it ({folder}), not the file: its variables are beside it."),
    ),
    Kind(
        _is_frozen_graph,
        N_("a TensorFlow 1 frozen graph (GraphDef)"),
        N_("Convert it: `python -m tf2onnx.convert --graphdef FILE --inputs NAME:0 --outputs NAME:0 --output m.onnx`."),
    ),
    Kind(
        lambda s: s.path.suffix == ".meta" and s.wire is not None and set(s.wire.fields) <= {1, 2, 3, 4, 5, 6, 7},
        N_("the graph of a TensorFlow 1 checkpoint (.meta)"),
        N_("Load the checkpoint in TensorFlow and save it with tf.saved_model.save."),
    ),
    Kind(
        lambda s: _is_tensor_bundle(s) or _is_sstable(s),
        N_("part of a TensorFlow checkpoint: weights only, no architecture inside"),
        N_("Load it into the model's code and save with model.save('model.keras') or model.export('folder')."),
    ),
    Kind(
        lambda s: s.path.suffix == ".caffemodel",
        N_("a Caffe model"),
        _CONVERT,
    ),
    Kind(
        lambda s: (
            s.path.suffix == ".mlmodel"
            or bool(
                s.wire and s.head[:1] == b"\x08" and s.wire.fields[1:2] == (2,) and any(f >= 200 for f in s.wire.fields)
            )
        ),
        N_("a Core ML model"),
        _CONVERT,
    ),
    Kind(_is_truncated_onnx, N_("a truncated ONNX model: its end is missing"), _AGAIN),
    Kind(_is_text, N_("a text file"), _SUPPORTED),
)


def sample_of(path: Path) -> Sample:
    """Look at the beginning of a file, its archive members and its protobuf skeleton."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
        wire = top_level(file, size)
    members: tuple[str, ...] | None = None
    if head.startswith(ZIP_MAGIC):
        try:
            with zipfile.ZipFile(path) as archive:
                members = tuple(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            members = None
    return Sample(path, head, size, members, wire)


def foreign_file(path: Path) -> WorkbenchError:
    """Return the error that names a file that no format takes."""
    sample = sample_of(path)
    if sample.head.startswith(HDF5_MAGIC):
        from workbench.backends import hdf5

        try:
            with hdf5.opened(path, path.name):
                pass
        except WorkbenchError as error:
            return error
    for kind in _KINDS:
        if kind.test(sample):
            return _error(sample, kind.what, kind.hint)
    return _error(sample, N_("no model in a format that is known here"), _SUPPORTED)


def _error(sample: Sample, what: str, hint: str) -> WorkbenchError:
    endings = (".h5", ".hdf5", ".keras", ".onnx", ".tflite", "saved_model.pb")
    models = [name for name in sample.members or () if name.endswith(endings)]
    shown = ", ".join(models[:3]) + (" ..." if len(models) > 3 else "")
    return WorkbenchError(
        _("{name} is {what}.").format(name=sample.path.name, what=_(what).format(models=shown)),
        _(hint).format(folder=sample.path.parent),
    )


def foreign_folder(path: Path) -> WorkbenchError:
    """Return the error that names a folder that is no SavedModel, and the model inside if there is one."""
    shown = path.name or path
    names = sorted(item.name for item in islice(path.iterdir(), 100_000))
    if not names:
        return WorkbenchError(_("The folder {name} is empty.").format(name=shown), _(_SUPPORTED))
    if "Manifest.json" in names and "Data" in names:
        return WorkbenchError(_("{name} is a Core ML package.").format(name=shown), _(_CONVERT))
    if "checkpoint" in names or any(re.search(r"\.data-\d{5}-of-\d{5}$", name) for name in names):
        return WorkbenchError(
            _("{name} holds a TensorFlow checkpoint: weights only, no architecture inside.").format(name=shown),
            _("Load it into the model's code and save with model.save('model.keras') or model.export('folder')."),
        )
    if "saved_model.pbtxt" in names:
        return WorkbenchError(
            _("{name} is a SavedModel in text form.").format(name=shown),
            _("Load it in TensorFlow and save it again with tf.saved_model.save, which writes the binary form."),
        )
    if "model.json" in names and any(name.endswith(".bin") for name in names):
        return WorkbenchError(_("{name} holds a TensorFlow.js model.").format(name=shown), _(_CONVERT))
    inside = _models_inside(path)
    if not inside:
        return WorkbenchError(
            _("The folder {name} is no SavedModel and holds no model.").format(name=shown),
            _("A SavedModel folder holds saved_model.pb and variables. ") + _(_SUPPORTED),
        )
    if len(inside) == 1:
        return WorkbenchError(
            _("The folder {name} is no SavedModel itself, but holds one model.").format(name=shown),
            _("Open {model}.").format(model=inside[0]),
        )
    return WorkbenchError(
        _("The folder {name} is no SavedModel itself, but holds several models.").format(name=shown),
        _("Open one of them: {models}").format(models=", ".join(str(item) for item in inside[:5])),
    )


def _models_inside(path: Path) -> list[Path]:
    """Look three levels deep, at no more than 2,000 entries."""
    found: list[Path] = []
    entries = 0
    for pattern in ("*", "*/*", "*/*/*"):
        for item in sorted(islice(path.glob(pattern), 2000)):
            entries += 1
            if entries > 2000:
                return found
            if item.name == "saved_model.pb":
                found.append(item.parent)
            elif item.suffix in {".h5", ".hdf5", ".keras", ".onnx", ".tflite"} and item.is_file():
                found.append(item)
    return found
