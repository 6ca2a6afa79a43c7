"""The SQLite file of a project: opened safely, brought to the schema of this version, written in transactions."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _

_APPLICATION_ID = 0x4D574231  # "MWB1": tells our file from another SQLite database
_BUSY_S = 5.0


class Database:
    """One connection, usable from any thread; other windows on the same file wait for each other's short writes.

    WAL with synchronous=NORMAL: what was committed survives the death of the process, and a power cut leaves a sound
    file that may lack the last commits; the artifacts' step.json files, which are fsynced, bring those back.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """``read_only`` takes the file as it is: it must exist, in the schema of this version."""
        self.path = path
        self._lock = threading.RLock()
        try:
            self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        try:
            self._prepare(read_only=read_only)
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(path, error) from error
        except WorkbenchError:
            self._connection.close()
            raise

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query. Raises WorkbenchError when the file has become unusable."""
        with self._lock:
            try:
                return self._connection.execute(query, values).fetchall()
            except sqlite3.OperationalError as error:
                raise _unusable(self.path, error) from error

    def state(self) -> tuple[int, int]:
        """Return a mark that is another one after every change, by this connection or by another window."""
        with self._lock:
            return self.rows("PRAGMA data_version")[0][0], self._connection.total_changes

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of it or nothing. Raises WorkbenchError when the disk is full or another window is stuck."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise _unusable(self.path, error) from error

    def close(self) -> None:
        """Close; safe to call twice."""
        with self._lock:
            self._connection.close()

    def _prepare(self, *, read_only: bool) -> None:
        connection = self._connection
        connection.row_factory = sqlite3.Row
        if read_only:  # not SQLite's own read-only mode, which cannot read a WAL file that nobody else has open
            connection.execute("PRAGMA query_only = ON")
            self._check(len(_migrations()))
            return
        connection.execute("PRAGMA foreign_keys = ON")
        self._switch_to_wal()
        connection.execute("PRAGMA synchronous = NORMAL")
        scripts = _migrations()
        if _version(connection) < len(scripts):
            with self.transaction():
                for number, script in enumerate(scripts[_version(connection) :], _version(connection) + 1):
                    for statement in _statements(script):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {number}")
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        self._check(len(scripts))

    def _switch_to_wal(self) -> None:
        """Switch, waiting for another window that does so at this moment: here SQLite does not wait by itself."""
        deadline = time.monotonic() + _BUSY_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)

    def _check(self, known: int) -> None:
        version = _version(self._connection)
        if version > known:
            raise WorkbenchError(
                _("{path} was made by a newer version of Model Workbench.").format(path=self.path.parent),
                _("Update Model Workbench to open it; nothing in it was changed."),
            )
        if version < known:
            raise WorkbenchError(
                _("{path} was made by an older version of Model Workbench.").format(path=self.path.parent),
                _("Open it in the window once, which brings it up to date."),
            )
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        complaint = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if application != _APPLICATION_ID or complaint != "ok":
            raise _unusable(self.path, sqlite3.DatabaseError(complaint))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrations() -> list[str]:
    """Return the scripts in order; script n brings the schema to version n."""
    folder = resources.files("workbench.core") / "migrations"
    scripts = sorted((item for item in folder.iterdir() if item.name.endswith(".sql")), key=lambda item: item.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def _statements(script: str) -> Iterator[str]:
    """Split a script (``executescript`` would commit the transaction that it stands in)."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _unusable(path: Path, error: sqlite3.Error) -> WorkbenchError:
    reason = str(error)
    if "readonly" in reason or "unable to open" in reason:
        return WorkbenchError(
            _("Cannot write to the project folder {path}.").format(path=path.parent),
            _("Choose a folder that you may write to."),
        )
    if "locked" in reason or "busy" in reason:
        return WorkbenchError(
            _("The project {path} is busy: another program holds it.").format(path=path.parent),
            _("Wait a moment and try again, or close the other window."),
        )
    if "full" in reason:
        return WorkbenchError(
            _("Cannot save to the project {path}: the disk is full.").format(path=path.parent),
            _("Free some space and try again; nothing was left half-written."),
        )
    return WorkbenchError(
        _("The project file {path} cannot be read: {reason}.").format(path=path, reason=reason),
        _("It may be damaged or not a project. The models beside it are untouched; open them from another project."),
    )
