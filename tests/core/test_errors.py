"""What is said of a library's exception in one line."""

from __future__ import annotations

import pytest

from workbench.core.errors import EngineRequired, WorkbenchError, first_line, library_errors


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("one\ntwo"), "one"),
        (ValueError("\n\n  one  \ntwo"), "one"),
        (ValueError(""), "ValueError"),
        (KeyError(), "KeyError"),
        (ValueError("x" * 1000), "x" * 300),
    ],
)
def test_a_reason_is_the_first_line_that_says_something(error: Exception, said: str) -> None:
    assert first_line(error) == said


def test_what_a_library_raises_is_said_with_its_reason() -> None:
    with pytest.raises(WorkbenchError, match="No luck: one") as caught, library_errors("No luck: {reason}", "Stop."):
        raise TypeError("one\ntwo")
    assert caught.value.hint == "Stop."
    assert isinstance(caught.value.__cause__, TypeError)
    explained = library_errors(lambda error: WorkbenchError(f"{type(error).__name__} it is"))
    with pytest.raises(WorkbenchError, match="TypeError it is"), explained:
        raise TypeError


@pytest.mark.parametrize(
    "error", [WorkbenchError("mine"), EngineRequired("tf-keras"), MemoryError(), KeyboardInterrupt(), SystemExit()]
)
def test_what_is_not_the_librarys_passes_through(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, library_errors("No luck: {reason}"):
        raise error
    assert caught.value is error
