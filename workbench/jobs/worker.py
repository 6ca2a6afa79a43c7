"""A worker: reads Jobs from standard input, writes Events; everything that touches a model file runs in one."""

from __future__ import annotations

import argparse
import contextlib
import errno
import faulthandler
import gc
import importlib
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from workbench.core import i18n, wire
from workbench.core.errors import EngineRequired, JobCrashed, WorkbenchError
from workbench.core.events import (
    Crashed,
    Event,
    Failed,
    Finished,
    Log,
    Progress,
    Ready,
    Redirected,
    Samples,
    Started,
)
from workbench.core.i18n import _
from workbench.jobs import Job, parent
from workbench.jobs.catalogue import Catalogue
from workbench.jobs.scratch import KeptScratch

_PROGRESS_S = 0.05
_ACTIONABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Wire:
    """The private end of the protocol: one line an event, from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, event: Event) -> None:
        """Write one event; ends the process when nobody reads."""
        line = memoryview(wire.encode(event) + b"\n")
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except BrokenPipeError:
                parent.abandon()


class WireReport:
    """The Report of one job; what comes after its end is dropped."""

    def __init__(self, wire_: Wire, scratch: Path) -> None:
        self.scratch = scratch
        self._wire = wire_
        self._open = True
        self._last = ("", 0.0)

    def progress(self, fraction: float | None, text: str) -> None:
        """Pass progress on, at most 20 times a second for the same text."""
        now = time.monotonic()
        if text == self._last[0] and now - self._last[1] < _PROGRESS_S and fraction != 1:
            return
        self._last = (text, now)
        self._send(Progress(fraction, text))

    def log(self, text: str, level: Literal["debug", "info", "warning"] = "info") -> None:
        """Pass a line on."""
        self._send(Log(text, level))

    def samples(self, samples: Samples) -> None:
        """Pass latencies on."""
        self._send(samples)

    def close(self) -> None:
        """Drop what a thread that outlives its job still says."""
        self._open = False

    def _send(self, event: Event) -> None:
        if self._open:
            self._wire.send(event)


class Worker:
    """Takes jobs one after the other."""

    def __init__(self, inlet: int, outlet: int, *, scratch: Path, modules: Sequence[str]) -> None:
        self._inlet = inlet
        self._wire = Wire(outlet)
        self._scratch = scratch
        self._kept = KeptScratch()
        self._catalogue = Catalogue(modules)
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._loading = ""

    def run(self, preload: Sequence[str], idle_s: float) -> None:
        """Serve until standard input closes, which ends the process even in the middle of a job.

        What to ``preload`` is imported when there has been no job for ``idle_s`` seconds.
        """
        self._wire.send(Ready(os.getpid()))
        threading.Thread(target=self._listen, name="listen", daemon=True).start()
        waiting = list(preload)
        while serve(self._next_line(waiting, idle_s), self._wire, self._catalogue, self._scratch, self._kept):
            gc.collect()

    def _next_line(self, waiting: list[str], idle_s: float) -> bytes:
        if waiting and idle_s:
            with contextlib.suppress(queue.Empty):
                return self._lines.get(timeout=idle_s)
        while waiting and self._preload(waiting[-1]):
            waiting.pop()
        return self._lines.get()

    def _listen(self) -> None:
        with open(self._inlet, "rb") as lines:  # noqa: PTH123 - a descriptor
            for line in lines:
                self._lines.put(line)
                if (
                    self._loading
                ):  # looked at after the line is there, as ``_preload`` looks for a line after setting it
                    self._wire.send(Progress(None, _("Loading {library}").format(library=self._loading)))
        parent.abandon()

    def _preload(self, name: str) -> bool:
        """Import a library unless a job is waiting; say whether it is done with."""
        self._loading = name
        try:
            if not self._lines.empty():
                return False
            importlib.import_module(name)
        except ImportError:
            traceback.print_exc()  # a job that needs it will say so; this worker can do the others
        finally:
            self._loading = ""
        return True


def serve(line: bytes, wire_: Wire, catalogue: Catalogue, root: Path, kept: KeptScratch) -> bool:
    """Run the job that ``line`` spells and say how it ended; False when this process should not run another one."""
    try:
        job = catalogue.decode(line)
        root.mkdir(parents=True, exist_ok=True)  # a cache may be cleared at any time
        scratch = Path(tempfile.mkdtemp(prefix="job", dir=root))
        # What libraries leave in the temporary folder (AutoGraph's sources, TFLite's SavedModels) goes with the job.
        os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    except msgspec.MsgspecError as error:
        wire_.send(Crashed(_("The worker could not take up the job."), str(error), traceback.format_exc()))
        return True
    except OSError as error:
        reason = _("Cannot write to the folder for scratch files {path}: {reason}.")
        wire_.send(Failed(reason.format(path=root, reason=error.strerror), _("Free some space and try again.")))
        return True
    wire_.send(Started(os.getpid(), str(scratch)))
    report = WireReport(wire_, scratch)
    ending: Event
    sound = True
    try:
        ending = Finished(msgspec.Raw(wire.encode(job.run(report))))
    except EngineRequired as required:
        ending = Redirected(required.engine)
    except WorkbenchError as error:
        if error.__cause__:
            report.log("".join(traceback.format_exception(error.__cause__)).rstrip(), "debug")
        ending = Failed(error.message, error.hint)
    except JobCrashed as crash:
        ending = Crashed(crash.message, crash.hint, crash.details)
    except MemoryError as error:
        sound = False  # what a library left half done is not trusted with the next job
        ending = _out_of_memory(job, error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary: whatever a library raises ends this job only
        ending = _unexpected(job, error)
    report.close()
    if isinstance(ending, Finished) and job.keeps_scratch:
        kept.add(type(job).__name__, scratch)
    else:
        shutil.rmtree(scratch, ignore_errors=True)
    wire_.send(ending)
    return sound


def _out_of_memory(job: Job, error: MemoryError) -> Event:
    return Crashed(
        _("{job}: the memory of this computer does not suffice.").format(job=job.title()),
        _("Close other programs, or use a smaller batch or fewer samples."),
        "".join(traceback.format_exception(error)),
    )


def _unexpected(job: Job, error: BaseException) -> Event:
    if isinstance(error, OSError) and error.errno in _ACTIONABLE:
        where = f" ({error.filename})" if error.filename else ""
        return Failed(
            _("{job}: {reason}.").format(job=job.title(), reason=f"{error.strerror}{where}"),
            _("Free some space or choose a folder that you may write to; nothing was left half-written."),
        )
    return Crashed(
        _("{job} failed: {kind} in a library or in this program.").format(job=job.title(), kind=type(error).__name__),
        _("The details say where; please report them with the model if you can share it."),
        "".join(traceback.format_exception(error)),
    )


def _take_over_streams() -> tuple[int, int]:
    """Return private descriptors of the protocol; what prints goes to stderr, what reads finds nothing."""
    inlet, outlet = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return inlet, outlet


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker until its parent closes standard input; returns the exit code."""
    inlet, outlet = _take_over_streams()
    parser = argparse.ArgumentParser(prog="python -m workbench.jobs.worker", description=__doc__)
    parser.add_argument("--parent", type=int, default=0, help="pid of the process that started this one")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the jobs' scratch folders")
    parser.add_argument("--preload", action="append", default=[], help="library to import while idle")
    parser.add_argument("--idle", type=float, default=0.0, help="seconds without a job before --preload")
    parser.add_argument("--jobs", action="append", default=[], help="module with further kinds of Job")
    given = parser.parse_args(arguments)
    parent.die_with_parent(given.parent)
    parent.be_first_to_go()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the command line's; it ends the worker
    i18n.set_language()
    Worker(inlet, outlet, scratch=given.scratch, modules=given.jobs).run(given.preload, given.idle)
    return 0


if __name__ == "__main__":
    sys.exit(main())
