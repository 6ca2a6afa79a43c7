"""What the command line prints for a person cannot steer the terminal, whatever a file calls its layers."""

from __future__ import annotations

import json

import pytest

from workbench.cli.console import Console, harmless, table
from workbench.core.events import Log, Progress

STEERING = "\x1b]0;owned\x07\x1b[2Jname\r\x9b31m\u202eabc\x00\x7f"


def is_harmless(text: str) -> bool:
    return all(sign in "\n\t" or sign.isprintable() for sign in text)


def test_nothing_of_a_file_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(verbose=True)
    console.result({}, table([{"name": STEERING, "count": "1"}]))
    console.say(STEERING)
    console.error(STEERING, STEERING)
    console.on_event(Progress(0.5, STEERING))
    console.on_event(Log(STEERING, "warning"))
    said = capsys.readouterr()
    assert "owned" in said.out
    assert is_harmless(said.out)
    assert said.err.count("owned") == 5
    assert is_harmless(said.err)


def test_json_keeps_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    Console(as_json=True).result({"name": STEERING}, "")
    written = capsys.readouterr().out
    assert "\x1b" not in written
    assert json.loads(written) == {"name": STEERING}


def test_lines_and_other_scripts_stay() -> None:
    text = "Ebene\tSchicht\n层 слой \u00d7 é 👍"
    assert harmless(text) == text


def test_a_table_stays_straight(capsys: pytest.CaptureFixture[str]) -> None:
    Console().result({}, table([{"name": "a\nb\x1b[31m", "n": "1"}, {"name": "plain", "n": "22"}]))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
