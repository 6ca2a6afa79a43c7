"""Which array or column feeds which model input, and which one holds the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.core.datasets import DataSpec, Preprocessing
from workbench.core.errors import WorkbenchError
from workbench.core.graph import Port
from workbench.core.i18n import _
from workbench.core.shapes import bracketed, listed
from workbench.datasets.fitting import Fitting
from workbench.datasets.labels import CLASS_NAMES, is_label_name
from workbench.datasets.ports import SampleShape, sample_shapes

Shapes = Mapping[str, tuple[int, ...]]
"""Shape of each array by name, sample axis first."""


def match_inputs(spec: DataSpec, ports: Sequence[Port], arrays: Shapes) -> dict[str, str]:
    """Return the array name for each input name: as asked, else by name, else by shape where that is unambiguous."""
    asked = _asked(spec.inputs, ports, arrays)
    if asked:
        return asked
    by_name = {port.name: name for port in ports if (name := _same_name(port.name, arrays))}
    if len(by_name) == len(ports):
        return by_name
    free = {name: shape for name, shape in arrays.items() if not _is_aside(name, spec) and shape}
    fitting = [_fitting_names(wanted, free, spec.preprocessing) for wanted in sample_shapes(ports)]
    if len(ports) == 1:
        return {ports[0].name: _only(ports[0], fitting[0], free)}
    if len(free) == len(ports) and all(name in names for name, names in zip(free, fitting, strict=True)):
        return {port.name: name for port, name in zip(ports, free, strict=True)}
    raise WorkbenchError(
        _("It is not clear which array feeds which input. Inputs: {inputs}. Arrays: {arrays}.").format(
            inputs=", ".join(port.name for port in ports), arrays=_listed(arrays)
        ),
        _("Say it in the setting inputs: {example}.").format(example=",".join(f"{port.name}=ARRAY" for port in ports)),
    )


def match_labels(spec: DataSpec, inputs: Sequence[str], arrays: Shapes) -> str:
    """Return the array that holds the labels, or "" when there is none; with several, the one of the same split."""
    if spec.labels:
        return _known(spec.labels, arrays)
    taken = {*inputs, *(name for name in arrays if name.lower() in CLASS_NAMES)}
    candidates = [name for name in arrays if is_label_name(name) and name not in taken and arrays[name]]
    split = {part for name in inputs for part in _parts(name)} & {"train", "test", "val", "validation", "valid"}
    same = [name for name in candidates if split & set(_parts(name))] if split else candidates
    lengths = {arrays[name][0] for name in inputs if name in arrays}
    same = [name for name in same if arrays[name][0] in lengths]
    return same[0] if len(same) == 1 else ""


def _asked(setting: str, ports: Sequence[Port], arrays: Shapes) -> dict[str, str]:
    """Return what "array" or "input=array,..." says."""
    if not setting.strip():
        return {}
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    if len(parts) == 1 and (parts[0] in arrays or "=" not in parts[0]):
        if len(ports) != 1:
            raise WorkbenchError(
                _("The model has {n} inputs.").format(n=len(ports)),
                _("Say which array feeds each: {example}.").format(
                    example=",".join(f"{port.name}=ARRAY" for port in ports)
                ),
            )
        return {ports[0].name: _known(parts[0], arrays)}
    pairs = {}
    for part in parts:
        name, _equals, array = part.rpartition("=")
        if name not in {port.name for port in ports}:
            raise WorkbenchError(
                _("The model has no input called {name}.").format(name=name or array),
                _("Its inputs: {names}.").format(names=", ".join(port.name for port in ports)),
            )
        pairs[name] = _known(array, arrays)
    left = [port.name for port in ports if port.name not in pairs]
    if left:
        raise WorkbenchError(
            _("Nothing feeds input {name}.").format(name=", ".join(left)), _("Add it to the setting inputs.")
        )
    return pairs


def _known(name: str, arrays: Shapes) -> str:
    if name not in arrays:
        raise WorkbenchError(
            _("The data has nothing called {name}.").format(name=name),
            _("It has: {names}.").format(names=_listed(arrays)),
        )
    return name


def _same_name(port: str, arrays: Shapes) -> str:
    """Find an array called as the input, with or without a TensorFlow ":0" or "serving_default_"."""
    bare = port.split(":", maxsplit=1)[0]
    for name in (port, bare, bare.removeprefix("serving_default_")):
        if name in arrays:
            return name
    return ""


def _is_aside(name: str, spec: DataSpec) -> bool:
    return name == spec.labels or name.lower() in CLASS_NAMES or is_label_name(name)


def _fitting_names(wanted: SampleShape, arrays: Shapes, preprocessing: Preprocessing) -> list[str]:
    fitting = []
    for name, shape in arrays.items():
        try:
            Fitting(wanted, shape[1:], preprocessing)
        except WorkbenchError:
            continue
        fitting.append(name)
    return fitting


def _only(port: Port, fitting: list[str], arrays: Shapes) -> str:
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise WorkbenchError(
            _("Several arrays fit input {name}: {arrays}.").format(name=port.name, arrays=", ".join(fitting)),
            _("Say which one in the setting inputs."),
        )
    if len(arrays) == 1:
        return next(iter(arrays))  # its shape is wrong: Fitting says how
    raise WorkbenchError(
        _("No array fits input {name}, which takes samples of shape ({shape}).").format(
            name=port.name, shape=listed(sample_shapes([port])[0].shape)
        ),
        _("It has: {names}.").format(names=_listed(arrays) or _("nothing but labels")),
    )


def _parts(name: str) -> list[str]:
    return name.lower().replace("-", "_").split("_")


def _listed(arrays: Shapes) -> str:
    return ", ".join(f"{name} {bracketed(shape)}" for name, shape in arrays.items())
