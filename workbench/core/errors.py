"""The one exception that a person is meant to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class WorkbenchError(Exception):
    """The person can act: ``message`` names the thing and the condition, ``hint`` says the way out.

    Both texts are already translated. The window shows them in the message bar, the command line on stderr (exit 1).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def first_line(error: BaseException, limit: int = 300) -> str:
    """Return what a library's exception says in its first line, cut to ``limit``; its class where it says nothing."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)[:limit]


class EngineRequired(Exception):  # noqa: N818 - not an error
    """Control flow, not a failure: this job must run in another engine; the runner sends it there."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine)
        self.engine = engine


@contextmanager
def library_errors(message: str | Callable[[Exception], WorkbenchError], hint: str = "") -> Iterator[None]:
    """Around the one call of a library that may raise anything: say it as ``message``, with its {reason}.

    ``message`` may also be a function that explains the exception. What is meant for the person already, what sends
    the job to another engine and exhausted memory are passed on; our own code belongs outside, where a bug stays one.
    """
    try:
        yield
    except (WorkbenchError, EngineRequired, MemoryError):
        raise
    except Exception as error:
        if isinstance(message, str):
            raise WorkbenchError(message.replace("{reason}", first_line(error)), hint) from error
        raise message(error) from error


class JobCrashed(Exception):  # noqa: N818 - says what happened, as EngineRequired does
    """A job ended by our bug or by a library that crashed, hung or ran out of memory: exit 70, and a report."""

    def __init__(self, message: str, hint: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
