"""One worker process as its owner sees it: start it, talk to it, kill it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec
import psutil

from workbench.core import wire
from workbench.core.events import AnyEvent, Ready
from workbench.jobs import Job
from workbench.jobs.engines import worker_command, worker_environment

_TAIL_LINES = 200
_LINE_BYTES = 65536
_GROUP_S = 2.0
"""SIGKILL is delivered at once; only a process inside a system call that cannot be interrupted takes longer."""
_DECODER = msgspec.json.Decoder(AnyEvent)


class Garbled(msgspec.Struct, frozen=True):
    """A line that is no event: something else wrote to the protocol."""

    line: str


class Channel:
    """A worker of ``engine``. ``nested`` keeps it in this process's group, so that it is killed with it."""

    def __init__(
        self,
        engine: str,
        *,
        scratch: Path,
        python: Path | None = None,
        preload: Sequence[str] = (),
        idle_s: float = 0.0,
        modules: Sequence[str] = (),
        nested: bool = False,
        on_line: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.engine = engine
        self.ready = threading.Event()
        self.peak_rss = 0
        self._nested = nested
        self._on_line = on_line
        self._oom_kills = _oom_kills()
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._events: queue.SimpleQueue[AnyEvent | Garbled | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            worker_command(python=python, preload=preload, idle_s=idle_s, modules=modules, scratch=scratch),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(engine),
            start_new_session=not nested,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._threads = [
            threading.Thread(target=self._read_events, name=f"events of {self.pid}", daemon=True),
            threading.Thread(target=self._read_stderr, name=f"stderr of {self.pid}", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The worker's process id (and that of its group, unless nested)."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with: the negative signal number when a signal ended it; None while it runs."""
        return self._process.poll()

    def send(self, job: Job) -> bool:
        """Hand over a job; False when the worker is gone."""
        try:
            _stream(self._process.stdin).write(wire.encode(job) + b"\n")
            _stream(self._process.stdin).flush()
        except (BrokenPipeError, ValueError):  # ValueError: closed by ``end`` in another thread
            return False
        return True

    def receive(self, timeout: float) -> AnyEvent | Garbled | None:
        """Return the next event, or None when the worker has closed its end; raises queue.Empty after ``timeout`` s."""
        return self._events.get(timeout=timeout)

    def watch_memory(self) -> None:
        """Remember how much memory the worker holds, to be able to say so after it was killed."""
        try:
            self.peak_rss = max(self.peak_rss, psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return

    def kill(self) -> None:
        """Kill the worker and all that it started, at once."""
        if sys.platform == "win32":
            _kill_tree(self.pid)
        elif self._nested:
            self._process.kill()
        else:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # gone already (macOS says so with EPERM)
                return

    def end(self) -> list[str]:
        """Kill what is left of the worker, wait for it, and return the last lines of its stderr."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0 if self._events_closed() else 0)  # its own end says more than our killing it
        self.kill()
        self._process.wait()
        if sys.platform != "win32" and not self._nested:
            _await_group(self.pid)
        for thread in self._threads:
            thread.join(2)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            _close(stream)
        return list(self._tail)

    def ran_out_of_memory(self) -> bool:
        """Say whether the kernel killed any process for memory since this worker started (Linux)."""
        return _oom_kills() > self._oom_kills

    def _events_closed(self) -> bool:
        return not self._threads[0].is_alive()

    def _read_events(self) -> None:
        for line in _stream(self._process.stdout):
            event = _decoded(line)
            if isinstance(event, Ready):
                self.ready.set()
            else:
                self._events.put(event)
        self.ready.set()  # nobody should wait for a dead worker
        self._events.put(None)

    def _read_stderr(self) -> None:
        stream = _stream(self._process.stderr)
        while line := stream.readline(_LINE_BYTES):
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self._tail.append(text)
                self._on_line(text)


def _decoded(line: bytes) -> AnyEvent | Garbled:
    try:
        event: AnyEvent = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            event = wire.decode(line, AnyEvent)  # type: ignore[arg-type]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Garbled(line[:500].decode("utf-8", "replace"))
    return event


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise TypeError("the worker was started without this pipe")
    return stream


def _close(stream: IO[bytes] | None) -> None:
    try:
        _stream(stream).close()
    except BrokenPipeError:  # what could not be written any more
        return


def _await_group(group: int) -> None:
    """Wait until what a killed worker had started is dead too, so that nothing of it writes any more."""
    deadline = time.monotonic() + _GROUP_S
    while any(_runs_in(group, pid) for pid in psutil.pids()) and time.monotonic() < deadline:
        time.sleep(0.005)


def _runs_in(group: int, pid: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        return os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, PermissionError, psutil.Error):
        return False


def _kill_tree(pid: int) -> None:
    try:
        root = psutil.Process(pid)
        family = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _oom_kills() -> int:
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters.splitlines() if line.startswith("oom_kill ")), 0)
