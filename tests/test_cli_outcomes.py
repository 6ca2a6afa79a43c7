"""What the command line does beside its commands: signals and exceptions of threads."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import click
import pytest

from workbench import cli


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Add a command for the time of a test; it calls what is put into the list."""
    todo: list[object] = []

    @click.command()
    def try_out() -> None:
        for each in todo:
            each()

    monkeypatch.setitem(cli.cli.commands, "try-out", try_out)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back after ``main`` has set its own
    return todo


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_a_cancel_and_handlers_are_put_back(command: list[object], number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    command.append(lambda: os.kill(os.getpid(), number))
    command.append(lambda: threading.Event().wait(5))
    assert cli.main(["try-out"]) == 130
    assert before == {each: signal.getsignal(each) for each in before}


def test_what_a_thread_did_not_catch_is_logged(command: list[object], own_home: Path) -> None:
    def blunder() -> None:
        raise RuntimeError("a bug in a thread")

    def start() -> None:
        thread = threading.Thread(target=blunder, name="outbox")
        thread.start()
        thread.join(10)

    command.append(start)
    assert cli.main(["try-out"]) == 0
    (log,) = own_home.rglob("cli.log")
    text = log.read_text(encoding="utf-8")
    assert "a bug in a thread" in text
    assert "outbox" in text
