"""The house rules that no linter knows: what the window imports, and how large modules and functions may grow."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "workbench"
MODULES = sorted(PACKAGE.rglob("*.py"))
MODULE_LINES, MAIN_WINDOW_LINES, FUNCTION_LINES = 400, 300, 40
HEAVY = {"tensorflow", "keras", "tf_keras", "onnx", "onnxruntime", "h5py", "ai_edge_litert", "tf2onnx", "PIL"}
BANNED_WORDS = ("Manager", "Helper", "Handler", "Processor", "Controller", "Util", "Misc", "Legacy")
BANNED_ENDINGS = ("Base", "Data", "Info")
"""They say nothing at the end of a name; at its start, Data means a data set (DataSpec)."""

VERBS = ("CheckData",)
"""Jobs, which are called after what they do."""


def identifier(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=identifier)
def test_module_is_within_its_budget_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    budget = MAIN_WINDOW_LINES if path.name == "main_window.py" else MODULE_LINES
    assert len(text.splitlines()) <= budget
    assert ast.get_docstring(ast.parse(text)), "a module opens with a sentence that says what it is for"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=identifier)
def test_functions_are_short(path: Path) -> None:
    long = {f.name: body_lines(f) for f in functions(ast.parse(path.read_text())) if body_lines(f) > FUNCTION_LINES}
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=identifier)
def test_names_say_what_things_are(path: Path) -> None:
    tree = ast.parse(path.read_text())
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if any(word in name for word in BANNED_WORDS)]
    assert not [name for name in classes if name.endswith(BANNED_ENDINGS) and name not in VERBS]
    assert not {*BANNED_WORDS} & {word.capitalize() for word in path.stem.split("_")}


def modules_after(statement: str) -> set[str]:
    """Return the top-level packages that a fresh Python holds after ``statement``."""
    code = f"{statement}\nimport sys, json\nprint(json.dumps([name.partition('.')[0] for name in sys.modules]))"
    environment = {"QT_QPA_PLATFORM": "offscreen", "PATH": "/usr/bin:/bin"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_jobs_and_plugins_can_be_described_without_heavy_imports_or_qt() -> None:
    loaded = modules_after(
        "import workbench.passes, workbench.exporters, workbench.runtimes, workbench.formats, workbench.datasets\n"
        "from workbench.core.plugins import discover\n"
        "from workbench.jobs import catalogue, runner\n"
        "discover(workbench.passes, workbench.passes.Pass)\n"
        "discover(workbench.exporters, workbench.exporters.Exporter)\n"
        "discover(workbench.runtimes, workbench.runtimes.Runtime)\n"
        "discover(workbench.formats, workbench.formats.Format)\n"
        "discover(workbench.datasets, workbench.datasets.Reader)\n"
    )
    assert not loaded & (HEAVY | {"PySide6"})


def test_the_command_line_starts_without_heavy_imports_or_qt() -> None:
    assert not modules_after("import workbench.cli") & (HEAVY | {"PySide6"})
