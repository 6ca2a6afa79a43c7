"""Load a Keras file safely, with the Keras that wrote it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from workbench.backends.keras_config import KerasFile, check_keras_config
from workbench.core.errors import EngineRequired, WorkbenchError, first_line, library_errors
from workbench.core.i18n import _

PRE_KERAS3_ENGINE = "tf-keras"


def require_engine(path: Path) -> None:
    """Check a Keras file without TensorFlow; raises EngineRequired when another engine must open it.

    A SavedModel folder opens in every engine. Raises WorkbenchError like ``load_keras``.
    """
    here = os.environ.get("WORKBENCH_ENGINE", "base")
    if path.is_file() and check_keras_config(path).is_pre_keras3 and here != PRE_KERAS3_ENGINE:
        raise EngineRequired(PRE_KERAS3_ENGINE)


def load_keras(path: Path) -> Any:
    """Return the model, uncompiled. A file of Keras 1 or 2 gives a tf_keras model, any other a Keras 3 one.

    Nothing stored in the file is executed. Raises EngineRequired("tf-keras"), before TensorFlow is imported, when
    tf_keras is needed and this is not its engine; WorkbenchError for code in the file, custom layers, weights only.
    """
    require_engine(path)
    file = check_keras_config(path)
    if file.is_pre_keras3:
        import tf_keras as library
    else:
        import keras as library
    with warnings.catch_warnings(), _without_random_weights(), _called_by_its_kind(path, file.kind) as checked:
        warnings.simplefilter("ignore")  # what Keras says of files that it reads all the same
        with library_errors(lambda error: _explain(path, file, error)):
            return library.models.load_model(str(checked), compile=False, safe_mode=True)


@contextmanager
def _called_by_its_kind(path: Path, kind: str) -> Iterator[Path]:
    """Give the file a name by which Keras reads what was checked: Keras chooses by the ending, not by the content."""
    endings = {"h5": (".h5", ".hdf5"), "zip": (".keras",)}[kind]
    if path.name.endswith(endings):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="keras-") as folder:
        named = Path(folder) / f"model{endings[0]}"
        try:
            named.hardlink_to(path.resolve())
        except OSError:  # another disk, or one without hard links
            shutil.copyfile(path, named)
        yield named


@contextmanager
def _without_random_weights() -> Iterator[None]:
    """Let Keras 3 start weights at zero: they are read from the file next, and drawing them takes thrice their size."""
    if os.environ.get("WORKBENCH_ENGINE", "base") == PRE_KERAS3_ENGINE:
        yield
        return
    from keras import initializers, ops

    def zeros(self: Any, shape: Any, dtype: Any = None, **_settings: Any) -> Any:
        return ops.zeros(shape, dtype=dtype or "float32")

    drawn = ("VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal", "Orthogonal")
    kept = {name: getattr(initializers, name).__call__ for name in drawn}
    try:
        for name in drawn:
            getattr(initializers, name).__call__ = zeros
        yield
    finally:
        for name, original in kept.items():
            getattr(initializers, name).__call__ = original


def _explain(path: Path, file: KerasFile, error: Exception) -> WorkbenchError:
    text = str(error)
    unknown = re.search(r"Unknown (?:layer|activation function|initializer)[^\w]*'?([\w>.]+)", text) or re.search(
        r"Could not locate (?:class|function) '([^']+)'", text
    )
    if unknown:
        return WorkbenchError(
            _("{file} uses the custom object {name}, which is not part of Keras.").format(
                file=path.name, name=unknown.group(1)
            ),
            _("Where the class is known, export the model as a SavedModel (model.export) and open that."),
        )
    return WorkbenchError(
        _("Keras cannot rebuild {file} (written by Keras {version}): {reason}").format(
            file=path.name, version=file.version or _("of unknown version"), reason=first_line(error)
        ),
        _("Open it where it was made and save it again, or export it as a SavedModel."),
    )
