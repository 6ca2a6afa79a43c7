"""What the command line says: results on stdout, progress and messages on stderr, and the exit codes."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
import msgspec

from workbench.core import wire
from workbench.core.events import AnyEvent, Log, Progress
from workbench.core.i18n import _
from workbench.jobs import Job

UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and line feed
    r"\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"  # what turns the direction of writing or ends a line
)
COUNTS = re.compile(r"\d+")
OK, ACT, USAGE, BUG, CANCELLED = 0, 1, 2, 70, 130


class Console:
    """One command's output. With ``as_json`` stdout carries exactly one JSON document."""

    def __init__(self, *, as_json: bool = False, verbose: bool = False) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self._shown = ""
        self._on_terminal = sys.stderr.isatty()

    def result(self, document: Mapping[str, Any], text: str) -> None:
        """Print the result: the document with --json, else the text for a person."""
        self.end_progress()
        if self.as_json:
            line = wire.encode(document)  # an infinite error becomes the text "Infinity": JSON has no word for it
            click.echo(msgspec.json.format(line, indent=2) if sys.stdout.isatty() else line)
        elif text:
            click.echo(harmless(text))

    def say(self, text: str) -> None:
        """Print one line for a person, on stderr."""
        self.end_progress()
        click.echo(harmless(text), err=True)

    def error(self, message: str, hint: str) -> None:
        """Print an error: with --json ``{error, hint}`` on stdout, and always readable on stderr."""
        self.end_progress()
        if self.as_json:
            click.echo(wire.encode({"error": message, "hint": hint}))
        click.echo(f"{click.style(_('Error') + ':', fg='red', bold=True)} {harmless(message)}", err=True)
        if hint:
            click.echo(harmless(hint), err=True)

    def on_event(self, event: AnyEvent) -> None:
        """Show a job's progress and log."""
        if isinstance(event, Progress):
            self._progress(event)
        elif isinstance(event, Log) and (event.level == "warning" or (self.verbose and event.text)):
            self.say(event.text)

    def _progress(self, event: Progress) -> None:
        share = "" if event.fraction is None else f"{event.fraction:4.0%} "
        text = _one_line(event.text)
        line = f"{share}{text}"
        if self._on_terminal:
            width = max(len(self._shown), len(line))
            click.echo(f"\r{line:<{width}}", err=True, nl=False)
            self._shown = line
        elif (stage := COUNTS.sub("#", text)) and stage != self._shown:
            # In a log file one line for each stage is enough: "sample 17" differs from "sample 18" by its count only.
            click.echo(text, err=True)
            self._shown = stage

    def end_progress(self) -> None:
        """Clear the progress line."""
        if self._shown and self._on_terminal:
            click.echo("\r" + " " * len(self._shown) + "\r", err=True, nl=False)
        self._shown = ""

    def run(self, job: Job) -> Any:
        """Run a job in a worker, showing its progress; return its result."""
        from workbench.jobs.runner import run_job

        return run_job(job, on_event=self.on_event)


def harmless(text: str) -> str:
    """Return a text in which nothing can steer the terminal: names in it come out of files."""
    return UNSAFE.sub("\ufffd", text)


def _one_line(text: str) -> str:
    return harmless(text).replace("\n", " ")


def plain(value: Any) -> Any:
    """Return structs as JSON-safe builtins."""
    return msgspec.to_builtins(value)


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Lay rows out in columns; the first row's keys are the headings, and columns of figures are right-aligned."""
    if not rows:
        return ""
    headings = list(rows[0])
    cells = [headings, *([_one_line(row[name]) for name in headings] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(headings))]
    numeric = [all(_is_figure(line[column]) for line in cells[1:]) for column in range(len(headings))]
    lines = (
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        for line in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def _is_figure(text: str) -> bool:
    return not text or text[0].isdigit() or text[0] in "-+."
