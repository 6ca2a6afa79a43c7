"""What is said of a library's exception in one line."""

from __future__ import annotations

import pytest

from workbench.core.errors import first_line


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
