"""Jobs that end in every way a job can end; workers of the tests import this module (``--jobs odd_jobs``)."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, ClassVar, Literal

import msgspec

from workbench.core.errors import EngineRequired, WorkbenchError
from workbench.core.events import Report, Samples
from workbench.core.writing import atomic_target
from workbench.jobs import Job, Lane
from workbench.jobs.clean import run_clean
from workbench.jobs.engines import current_engine


class Odd(Job, frozen=True):
    """What the odd jobs share."""

    name: str = "odd job"

    def title(self) -> str:
        return self.name


class Echoed(msgspec.Struct):
    text: str
    number: float
    pid: int
    engine: str
    scratch: str


class Echo(Odd, frozen=True):
    """Says what it was told."""

    result_type: ClassVar[type] = Echoed
    keeps_scratch: ClassVar[bool] = True
    text: str = ""
    number: float = 0.0

    def run(self, report: Report) -> Echoed:
        report.progress(0.5, "half way")
        report.log(self.text, "warning")
        report.samples(Samples("a|b|cpu", "measured", [1.0, 2.0], 0.1, 10.0))
        (report.scratch / "kept.txt").write_text(self.text, encoding="utf-8")
        return Echoed(self.text, self.number, os.getpid(), current_engine(), str(report.scratch))


class EchoAside(Echo, frozen=True):
    """Echo in the reading lane."""

    lane: ClassVar[Lane] = "reading"


class Infinite(Odd, frozen=True):
    """Returns numbers that JSON does not know."""

    result_type: ClassVar[type] = dict[str, float]

    def run(self, report: Report) -> dict[str, float]:
        return {"up": float("inf"), "down": float("-inf"), "none": float("nan"), "one": 1.0}


class LeaveWaste(Odd, frozen=True):
    """Finishes and leaves files that nobody needs, here and in a clean process."""

    result_type: ClassVar[type] = str

    def run(self, report: Report) -> str:
        (report.scratch / "waste.bin").write_bytes(bytes(1000))
        echoed: Echoed = run_clean(Echo(text="nested"), report)
        return (Path(echoed.scratch) / "kept.txt").read_text(encoding="utf-8")


class Refuse(Odd, frozen=True):
    """Fails in a way that the person can act on."""

    def run(self, report: Report) -> dict[str, Any]:
        (report.scratch / "left.txt").write_text("x", encoding="utf-8")
        raise WorkbenchError("No such ähm.", "Take another.") from KeyError("the cause")


class Blunder(Odd, frozen=True):
    """Raises what nobody expects."""

    kind: Literal["value", "exit", "memory", "disk", "unserializable"] = "value"

    def run(self, report: Report) -> Any:
        if self.kind == "exit":
            sys.exit(3)
        if self.kind == "memory":
            raise MemoryError
        if self.kind == "disk":
            raise OSError(28, "No space left on device", "/some/where")
        if self.kind == "unserializable":
            return object()
        raise ValueError("the secret of the traceback")


class Die(Odd, frozen=True):
    """Takes its process along."""

    how: Literal["segfault", "kill", "exit", "abort"] = "segfault"
    nested: bool = False

    def run(self, report: Report) -> Any:
        if self.nested:
            return run_clean(Die(how=self.how), report)
        if self.how == "segfault":
            ctypes.string_at(0)
        elif self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.how == "abort":
            os.abort()
        os._exit(7)


class Wait(Odd, frozen=True):
    """Never ends by itself; with ``target`` it does so while it writes, with ``nested`` in a clean process too."""

    target: str = ""
    nested: bool = False
    helpers: int = 0
    hold_gil: bool = False

    def run(self, report: Report) -> Any:
        (report.scratch / "left.txt").write_text("x", encoding="utf-8")
        children = [
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) for _ in range(self.helpers)
        ]
        report.log(f"pids {os.getpid()} {' '.join(str(child.pid) for child in children)}")
        if self.hold_gil:
            ctypes.PyDLL(None).sleep(600)
        if self.nested:
            return run_clean(Wait(target=self.target), report)
        if self.target:
            with atomic_target(Path(self.target)) as partial:
                partial.write_bytes(b"half")
                report.log("writing")
                threading.Event().wait()
        threading.Event().wait()
        return {}


class WaitShortly(Wait, frozen=True):
    """Has a limit of half a second."""

    time_limit_s: ClassVar[float | None] = 0.5


class Chatter(Odd, frozen=True):
    """A C library that prints."""

    lines: int = 50_000

    def run(self, report: Report) -> dict[str, int]:
        libc = ctypes.CDLL(None)
        for number in range(self.lines):
            libc.puts(b'{"event":"finished","result":{}}' if number % 2 else b"x" * 100)
        libc.fflush(None)
        print("from Python", flush=True)
        os.write(1, b"\xff\xfe no newline at the end")
        return {"lines": self.lines}


class Scribble(Odd, frozen=True):
    """Breaks the protocol on purpose, as nothing but a library that closes foreign descriptors could."""

    def run(self, report: Report) -> Any:
        for descriptor in range(3, 30):
            try:
                os.write(descriptor, b"garbage\n")
            except OSError:
                continue
        return {}


class NeedsEngine(Odd, frozen=True):
    """Runs in one engine only."""

    result_type: ClassVar[type] = Echoed
    engine: str = "tf-keras"
    nested: bool = False

    def run(self, report: Report) -> Echoed:
        if self.nested:
            echoed: Echoed = run_clean(NeedsEngine(engine=self.engine), report)
            return echoed
        if current_engine() != self.engine:
            raise EngineRequired(self.engine)
        return Echoed(os.environ["TF_USE_LEGACY_KERAS"], 0.0, os.getpid(), current_engine(), str(report.scratch))


class NeedsEngineAside(NeedsEngine, frozen=True):
    """The same, asked in the reading lane."""

    lane: ClassVar[Lane] = "reading"


class Nap(Odd, frozen=True):
    """Takes so many seconds and says when."""

    result_type: ClassVar[type] = list[float]
    seconds: float = 0.0

    def run(self, report: Report) -> list[float]:
        begin = time.time()
        threading.Event().wait(self.seconds)
        return [begin, time.time()]


class Nameless(Odd, frozen=True):
    """Breaks the rule that a title can always be had, just when it is needed."""

    def title(self) -> str:
        raise LookupError("no title")

    def run(self, report: Report) -> Any:
        os._exit(1)


class Tolerant(Odd, frozen=True):
    """Is told a number that JSON does not know."""

    result_type: ClassVar[type] = float
    tolerance: float | None = None

    def run(self, report: Report) -> float:
        return float(self.tolerance or 0)
