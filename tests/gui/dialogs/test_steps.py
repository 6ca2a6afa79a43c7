"""The Optimize and Export dialogs on a bundled sample, with real workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

import workbench.passes
from workbench.core.agreement import Agreement
from workbench.core.agreement import failed as agreement_failed
from workbench.core.datasets import DataSpec
from workbench.core.plugins import discover, install_command
from workbench.gui import steps
from workbench.gui.dialogs.export import ExportDialog, TargetPath
from workbench.gui.dialogs.optimize import OptimizeDialog
from workbench.gui.dialogs.step_page import ObstacleNotice
from workbench.gui.dialogs.step_result import StepResult, headline_of, level_of
from workbench.gui.main_window import MainWindow
from workbench.jobs.transform import Transformed
from workbench.passes import Pass

WAIT_MS = 120_000


def texts(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel))


@pytest.fixture
def optimize(window: MainWindow, open_model: Callable[[Path], None], samples: Path, qtbot: QtBot) -> OptimizeDialog:
    """The dialog on the ONNX digits, which need no TensorFlow."""
    open_model(samples / "digits.onnx")
    dialog = OptimizeDialog(window.state, window.jobs, window, choose="dynamic-int8")
    dialog.show()
    return dialog


def test_optimize_makes_a_child_and_shows_what_it_came_to(
    optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot, samples: Path
) -> None:
    page = optimize.current_page()
    assert page is not None
    page.data.path.setText(str(samples / "digits-test.npz"))
    optimize.start()
    qtbot.waitUntil(lambda: optimize.outcome() is not None, timeout=WAIT_MS)
    shown = optimize.findChild(StepResult)
    assert shown is not None
    assert "before" in texts(shown)
    outcome = optimize.outcome()
    assert outcome is not None
    assert outcome.verified is not None
    assert outcome.verified.data == str(samples / "digits-test.npz")
    assert str(outcome.verified.samples) in texts(shown)
    root, child = window.state.project.models()
    assert child.parent == root.id
    assert child.bytes < root.bytes
    assert child.name == "digits-dynamic-int8.onnx"
    assert child.step is not None
    assert child.step["plugin"] == "dynamic-int8"
    optimize.open_made()
    assert window.state.current is not None
    assert window.state.current.id == child.id
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_a_closed_dialog_leaves_its_job_to_the_window(
    optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot
) -> None:
    optimize.start()
    optimize.close()
    qtbot.waitUntil(lambda: "is ready" in window.messages.text(), timeout=WAIT_MS)
    assert len(window.state.project.models()) == 2


def test_cancel_goes_back_to_the_settings(optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot) -> None:
    optimize.start()
    assert optimize.stack.currentIndex() == 1
    optimize.cancel()
    qtbot.waitUntil(lambda: optimize.stack.currentIndex() == 0, timeout=10_000)
    assert optimize.messages.text() == ""
    assert len(window.state.project.models()) == 1
    optimize.close()


def test_data_of_a_wrong_shape_is_said_before_and_by_the_job(
    optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot, samples: Path
) -> None:
    page = optimize.current_page()
    assert page is not None
    page.data.path.setText(str(samples / "tumours-test.csv"))
    page.data.check()
    qtbot.waitUntil(lambda: page.data.verdict() not in ("", "Checking..."), timeout=WAIT_MS)
    assert "30" in page.data.verdict() or "shape" in page.data.verdict()
    optimize.start()
    qtbot.waitUntil(lambda: bool(optimize.messages.text()), timeout=WAIT_MS)
    assert optimize.stack.currentIndex() == 0
    assert len(window.state.project.models()) == 1
    optimize.close()


def test_fitting_data_says_what_it_feeds(optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot, samples) -> None:
    page = optimize.current_page()
    assert page is not None
    page.data.path.setText(str(samples / "digits-test.npz"))
    page.data.check()
    qtbot.waitUntil(lambda: "504" in page.data.verdict(), timeout=WAIT_MS)
    assert "first 64 samples: from 0" in page.data.verdict()
    assert window.state.project.datasets() == [], "looking at data is not using it"
    optimize.close()


def test_copy_as_command_says_the_settings(optimize: OptimizeDialog) -> None:
    page = optimize.current_page()
    assert page is not None
    page.form.set_values({"per_channel": False})
    optimize.copy_button.click()
    command = QApplication.clipboard().text()
    assert command.startswith("workbench optimize ")
    assert "--pass dynamic-int8" in command
    assert "--no-per-channel" in command
    optimize.close()


def test_a_pass_that_does_not_fit_is_listed_last_with_its_reason(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path
) -> None:
    open_model(samples / "digits.tflite")
    unfit = [name for name, found in discover(workbench.passes, Pass).items() if "tflite" not in found.accepts]
    assert unfit, "every pass takes TFLite now: choose another format for this test"
    dialog = OptimizeDialog(window.state, window.jobs, window, choose=unfit[0])
    page = dialog.current_page()
    assert page is not None
    notice = page.findChild(ObstacleNotice)
    assert notice is not None
    assert "TFLite" in texts(notice)
    assert not dialog.start_button.isEnabled()
    assert not page.form.isEnabled()
    assert set(dialog.list.ids()[-len(unfit) :]) == set(unfit)
    dialog.close()


def test_a_missing_package_is_named_with_the_command_that_brings_it() -> None:
    class Needy(Pass):  # type: ignore[type-arg]
        id = "needy"
        accepts = {"onnx": "onnx"}
        needs = ("no_such_package_anywhere",)
        install = "no-such-package>=1"

    assert "no_such_package_anywhere" in steps.obstacle(Needy(), None, "onnx")
    assert install_command(Needy()) == "pip install no-such-package>=1"


def test_export_writes_where_it_was_told(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    open_model(samples / "digits.onnx")
    dialog = ExportDialog(window.state, window.jobs, window, choose="onnx")
    dialog.show()
    page = dialog.current_page()
    assert page is not None
    target = page.target
    assert isinstance(target, TargetPath)
    assert target.is_free()
    target.set_path(samples / "digits.onnx")
    assert not target.is_free()
    assert "exists already" in texts(target)
    assert not dialog.start_button.isEnabled()
    target.set_path(tmp_path / "out" / "digits.onnx")
    dialog.start()
    qtbot.waitUntil(lambda: dialog.outcome() is not None or bool(dialog.messages.text()), timeout=WAIT_MS)
    assert dialog.messages.text() == ""
    assert (tmp_path / "out" / "digits.onnx").is_file()
    assert "Verified" in texts(dialog)
    dialog.close()


def test_the_name_must_not_be_empty(optimize: OptimizeDialog) -> None:
    page = optimize.current_page()
    assert page is not None
    assert isinstance(page.target, QLineEdit)
    page.target.clear()
    assert not optimize.start_button.isEnabled()
    optimize.close()


def made(verified: Agreement | None) -> Transformed:
    return Transformed(
        artifact="/a/b.onnx", format="onnx", bytes_before=100, bytes_after=50, verified=verified, seconds=1, plugin="p"
    )


def agreement(error: float, *, passed: bool, tolerance: float | None) -> Agreement:
    return Agreement(
        runtime="onnxruntime", max_abs_error=error, max_rel_error=error, cosine=1 - error, samples=8, passed=passed,
        tolerance=tolerance,
    )  # fmt: skip


def test_what_is_beyond_tolerance_is_never_called_verified(qtbot: QtBot) -> None:
    failed = made(agreement(0.5, passed=False, tolerance=1e-4))
    assert level_of(failed) == "bad"
    assert headline_of(failed).startswith("Not verified")
    nothing = made(None)
    assert level_of(nothing) == "bad"
    assert headline_of(nothing).startswith("Not verified")
    broken = made(agreement_failed("The result does not run: why", runtime="litert", tolerance=1e-4, data="d"))
    assert level_of(broken) == "bad"
    assert headline_of(broken) == "Not verified. The result does not run. Do not use it."
    good = made(agreement(1e-7, passed=True, tolerance=1e-4))
    assert level_of(good) == "good"
    assert headline_of(good).startswith("Verified.")
    page = StepResult(failed)
    qtbot.addWidget(page)
    assert "beyond the tolerance" in texts(page)


def test_steps_come_back_as_command_and_recipe(
    optimize: OptimizeDialog, window: MainWindow, qtbot: QtBot, samples: Path, tmp_path: Path
) -> None:
    optimize.start()
    qtbot.waitUntil(lambda: optimize.outcome() is not None, timeout=WAIT_MS)
    child = window.state.project.models()[1]
    command = steps.command_of_step(window.state, child)
    assert command.split()[:3] == ["workbench", "optimize", str(samples / "digits.onnx")]
    steps.save_recipe(window.state, child, tmp_path / "again")
    assert "dynamic-int8" in (tmp_path / "again.yaml").read_text()
    optimize.close()


def test_int8_with_random_input_has_to_be_agreed_to(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path
) -> None:
    open_model(samples / "digits.onnx")
    dialog = OptimizeDialog(window.state, window.jobs, window, choose="static-int8")
    dialog.show()
    page = dialog.current_page()
    assert page is not None
    assert page.random.isVisible()
    assert "No calibration data" in texts(page.random)
    assert not dialog.start_button.isEnabled()
    page.random.agree.setChecked(True)
    assert dialog.start_button.isEnabled()
    page.random.agree.setChecked(False)
    page.data.path.setText(str(samples / "digits-calibration.npz"))
    assert not page.random.isVisible()
    assert dialog.start_button.isEnabled()
    assert page.data.mapTo(page, page.data.pos()).y() < page.form.mapTo(page, page.form.pos()).y()
    assert "io" not in page.form.editors
    dialog.close()


def test_data_used_before_the_restart_is_chosen(
    window: MainWindow, open_model: Callable[[Path], None], samples: Path
) -> None:
    open_model(samples / "digits.onnx")
    root = window.state.current
    assert root is not None
    used = DataSpec(path=str(samples / "digits-calibration.npz"), limit=50)
    step = made(None)
    step.data = used
    window.state.project.add_model(
        samples / "digits.tflite", name="child", format="tflite", parent=root.id, step=msgspec.to_builtins(step)
    )
    dialog = OptimizeDialog(window.state, window.jobs, window, choose="static-int8")
    page = dialog.current_page()
    assert page is not None
    assert page.data.spec() == used
    dialog.close()
