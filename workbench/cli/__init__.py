"""The command line: the same Jobs as the window, with JSON for scripts and exit codes 0, 1, 2, 70, 130."""

from __future__ import annotations

import importlib
import logging
import os
import shlex
import sys
import threading
import traceback
from pathlib import Path

import click

from workbench import __version__
from workbench.cli.console import ACT, BUG, CANCELLED, USAGE, Console
from workbench.core import log
from workbench.core.errors import JobCrashed, WorkbenchError
from workbench.core.i18n import _
from workbench.jobs.signals import terminating

WHERE = {
    "open": "playing.open_window",
    "inspect": "looking.inspect",
    "graph": "looking.graph",
    "optimize": "making.optimize",
    "run": "measuring.run",
    "bench": "measuring.bench",
    "compare": "measuring.compare",
    "evaluate": "measuring.evaluate",
    "export": "making.export",
    "recipe": "playing.recipe",
    "replay": "playing.replay",
    "demo": "playing.demo",
    "plugins": "looking.plugins",
}
"""Each command's module and name: only the one that runs is imported, which is a third of a short command's time."""


class WindowByDefault(click.Group):
    """Without a command, ``workbench [MODEL]`` opens the window; commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, sorted."""
        return sorted({*WHERE, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in self.commands and cmd_name in WHERE:
            module, name = WHERE[cmd_name].split(".")
            self.commands[cmd_name] = getattr(importlib.import_module(f"workbench.cli.{module}"), name)
        return super().get_command(ctx, cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``open`` in front when the first word is no command and no option."""
        known = args and (args[0].startswith("-") or args[0] in self.list_commands(ctx))
        if not args or (not known and Path(args[0]).exists()):
            args = ["open", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=WindowByDefault,
    help=_("Open, inspect, optimize, measure and export neural network models. Nothing leaves this computer."),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="workbench")
def cli() -> None:
    """Hold the commands."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code: 0 done, 1 you can act, 2 usage, 70 our bug, 130 cancelled."""
    words = sys.argv[1:] if arguments is None else arguments
    threading.excepthook = _note_thread_error
    console = Console(as_json="--json" in words)
    try:
        with terminating():
            return int(cli.main(args=words, prog_name="workbench", standalone_mode=False) or 0)
    except click.UsageError as error:
        console.error(error.format_message(), _("'workbench --help' lists the commands and their options."))
        return USAGE
    except WorkbenchError as error:
        console.error(error.message, error.hint)
        return ACT
    except (KeyboardInterrupt, click.Abort):
        console.end_progress()
        return CANCELLED
    except BrokenPipeError:
        # The reader of our output went away (| head): not an error, but Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the third outcome: ours to report, never a traceback
        return _crashed(console, error, words)


def _note_thread_error(problem: threading.ExceptHookArgs) -> None:
    """Log what nobody caught in a thread of ours: the job that it served ends by itself, with a message."""
    if problem.exc_type is SystemExit:
        return
    log.start("cli")
    name = problem.thread.name if problem.thread else ""
    trace = "".join(traceback.format_exception(problem.exc_type, problem.exc_value, problem.exc_traceback))
    logging.getLogger(__name__).error("uncaught in the thread %s\n%s", name, trace)


def _crashed(console: Console, error: Exception, words: list[str]) -> int:
    """Log our bug and say where the log is and how to reproduce it."""
    path = log.start("cli")
    logging.getLogger(__name__).error("%s", "".join(traceback.format_exception(error)))
    again = _("To see it again: {command}. Log: {path}").format(command=shlex.join(["workbench", *words]), path=path)
    if isinstance(error, JobCrashed):
        logging.getLogger(__name__).error("%s", error.details)
        console.error(error.message, f"{error.hint}\n{again}".strip())
    else:
        console.error(_("Something went wrong inside the workbench: {kind}.").format(kind=type(error).__name__), again)
    return BUG
