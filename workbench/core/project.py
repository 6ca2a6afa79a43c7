"""A project: a folder with a database and the artifacts; models and their lineage, data sets, runs, view state."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from workbench.core import artifacts, wire
from workbench.core.database import Database
from workbench.core.datasets import DataSpec
from workbench.core.errors import WorkbenchError
from workbench.core.i18n import _
from workbench.core.lineage import ModelRecord, ancestry, unique_name
from workbench.core.paths import size_of

__all__ = ["DatasetRecord", "ModelRecord", "Project", "RunRecord", "Status"]

logger = logging.getLogger(__name__)

Status = Literal["present", "missing", "changed"]


DATABASE = "project.sqlite"
"""What makes a folder a project."""


class DatasetRecord(msgspec.Struct, frozen=True):
    """A data set that was used in a project."""

    id: int
    label: str
    spec: DataSpec
    sha256: str
    created: str


class RunRecord(msgspec.Struct, frozen=True):
    """A benchmark, evaluation or comparison that ended."""

    id: int
    kind: str
    models: list[int]
    result: dict[str, Any]
    """JSON of the job's result."""
    samples_path: str
    """Absolute path of the measured latencies, "" when there are none."""
    created: str


class Project:
    """An open project folder. Every call is a short query or a ``stat``: fit for the GUI thread, safe from any."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._database = database
        self._known: tuple[tuple[int, int], dict[int, ModelRecord]] = ((-1, -1), {})
        self._steps: dict[int, dict[str, Any] | None] = {}

    @classmethod
    def open(cls, folder: Path) -> Project:
        """Open the project in ``folder``, creating or migrating it, and take in what finished but was not recorded.

        Raises WorkbenchError when the folder cannot be written, the file is damaged, or a newer version made it.
        """
        folder = folder.expanduser().absolute()
        try:
            (folder / "models").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkbenchError(
                _("Cannot use {path} as a project folder: {reason}.").format(path=folder, reason=error.strerror),
                _("Choose a folder that you may write to."),
            ) from error
        project = cls(folder, Database(folder / DATABASE))
        try:
            project._reconcile()
        except BaseException:
            project.close()
            raise
        return project

    @classmethod
    def read(cls, folder: Path) -> Project:
        """Open an existing project to look at it only: nothing is created, migrated or taken in.

        For a worker, beside the window that writes. Raises WorkbenchError when there is none or it cannot be read.
        """
        folder = folder.expanduser().absolute()
        if not (folder / DATABASE).is_file():
            raise WorkbenchError(
                _("{path} is not a project folder.").format(path=folder),
                _("Choose the folder that holds {name}.").format(name=DATABASE),
            )
        return cls(folder, Database(folder / DATABASE, read_only=True))

    def close(self) -> None:
        """Close the database; safe to call twice."""
        self._database.close()

    # Models

    def models(self) -> list[ModelRecord]:
        """Return all models that have not been removed, oldest first."""
        return [record for record in self._all().values() if not record.removed]

    def model(self, model_id: int) -> ModelRecord:
        """Return one model, removed ones included; raises WorkbenchError when there is none."""
        found = self._all().get(model_id)
        if found is None:
            raise WorkbenchError(_("The project has no model number {id}.").format(id=model_id))
        return found

    def lineage(self, model_id: int) -> list[ModelRecord]:
        """Return the models from the first ancestor down to this one, removed ancestors included."""
        self.model(model_id)
        return ancestry(self._all(), model_id)

    def add_model(
        self,
        path: Path,
        *,
        name: str,
        format: str,  # noqa: A002 - the word of ModelRecord
        parent: int | None = None,
        step: dict[str, Any] | None = None,
        sha256: str = "",
    ) -> ModelRecord:
        """Add a model, or renew the one that is there for this path: its id stays, and a name that a person gave.

        ``name`` is made unique. Raises WorkbenchError when there is no such file.
        """
        path = path.expanduser().absolute()
        size, mtime = self._stat(path)
        hashes = step or {}
        values = {
            "path": self._stored(path),
            "name": name,
            "format": format,
            "parent": parent,
            "step": wire.encode(step).decode() if step is not None else None,
            "sha256": sha256 or hashes.get("artifact_sha256", ""),
            "bytes": size,
            "mtime_ns": mtime,
            "created": _now(),
        }
        with self._database.transaction() as connection:
            row = _put_model(connection, values, default_name=path.name)
            connection.execute(
                "UPDATE models SET sha256 = ? WHERE id = ? AND sha256 = ''", (hashes.get("source_sha256", ""), parent)
            )
        self._steps.pop(row["id"], None)
        artifacts.settle(path)
        return self._record(row)

    def rename_model(self, model_id: int, name: str) -> ModelRecord:
        """Give a model another name, made unique; its file keeps its own."""
        current = self.model(model_id).name
        wanted = name.strip() or current
        with self._database.transaction() as connection:
            others = connection.execute("SELECT name FROM models WHERE removed = 0 AND id != ?", (model_id,))
            unique = unique_name(wanted, [row["name"] for row in others])
            row = connection.execute(
                "UPDATE models SET name = ? WHERE id = ? RETURNING *", (unique, model_id)
            ).fetchone()
        return self._record(row)

    def remove_model(self, model_id: int) -> None:
        """Take a model and its runs off the project. Files stay, and so does its place in the lineage of others."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE id IN (SELECT run FROM run_models WHERE model = ?)", (model_id,))
            connection.execute("UPDATE models SET removed = 1 WHERE id = ?", (model_id,))

    def status(self, record: ModelRecord) -> Status:
        """Say whether a model's file is as it was when it was added, by size and time (no reading)."""
        try:
            size, mtime = self._stat(Path(record.path))
        except WorkbenchError:
            return "missing"
        return "present" if (size, mtime) == (record.bytes, record.mtime_ns) else "changed"

    def new_artifact_path(self, name: str, suffix: str) -> Path:
        """Return a path of its own below ``models`` for a job to write to; ``suffix`` is "" for a folder."""
        return artifacts.reserve(self.folder / "models", name, suffix)

    # Data sets

    def datasets(self) -> list[DatasetRecord]:
        """Return the data sets that were used, oldest first."""
        return [_dataset(row) for row in self._database.rows("SELECT * FROM datasets ORDER BY id")]

    def add_dataset(self, spec: DataSpec, sha256: str = "", label: str = "") -> DatasetRecord:
        """Remember a data set; the same spec is kept once, with the newest hash and label."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "INSERT INTO datasets (label, spec, sha256, created) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (spec) DO UPDATE SET label = excluded.label,"
                " sha256 = CASE WHEN excluded.sha256 = '' THEN sha256 ELSE excluded.sha256 END RETURNING *",
                (label or spec.label(), wire.encode(spec).decode(), sha256, _now()),
            ).fetchone()
        return _dataset(row)

    # Runs

    def runs(self, kind: str = "") -> list[RunRecord]:
        """Return the runs (of one ``kind``), oldest first."""
        rows = self._database.rows(
            "SELECT runs.*, (SELECT json_group_array(model) FROM"
            " (SELECT model FROM run_models WHERE run = runs.id ORDER BY position)) AS models"
            " FROM runs WHERE ? IN ('', kind) ORDER BY id",
            (kind,),
        )
        return [self._run(row) for row in rows]

    def add_run(self, kind: str, model_ids: Sequence[int], result: dict[str, Any], samples_path: str = "") -> RunRecord:
        """Remember a run of one or more models; ``samples_path`` inside the project folder is stored relative to it."""
        created = _now()
        stored = self._stored(Path(samples_path)) if samples_path else ""
        unique = list(dict.fromkeys(model_ids))
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (kind, result, samples_path, created) VALUES (?, ?, ?, ?)",
                (kind, wire.encode(result).decode(), stored, created),
            )
            run = int(cursor.lastrowid or 0)
            connection.executemany(
                "INSERT INTO run_models (run, model, position) VALUES (?, ?, ?)",
                [(run, model, position) for position, model in enumerate(unique)],
            )
        return RunRecord(run, kind, unique, result, samples_path, created)

    # View state

    def get_setting(self, name: str, default: Any = None) -> Any:
        """Return a value that ``set_setting`` stored."""
        rows = self._database.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return wire.restored(msgspec.json.decode(rows[0]["value"])) if rows else default

    def set_setting(self, name: str, value: Any) -> None:
        """Store a JSON-safe value."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO settings VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, wire.encode(value).decode()),
            )

    def _all(self) -> dict[int, ModelRecord]:
        """Return all models by id; read again only after a change, since menus ask for them all the time."""
        state, records = self._known
        now = self._database.state()
        if now != state:
            rows = self._database.rows("SELECT * FROM models ORDER BY id")
            records = {row["id"]: self._record(row) for row in rows}
            self._known = (now, records)
        return records

    def _record(self, row: sqlite3.Row) -> ModelRecord:
        fields = dict(row)
        fields["path"] = str(self.folder / row["path"])
        if self._steps.get(row["id"]) is None:  # a step never changes, and decoding it is what takes time
            self._steps[row["id"]] = wire.restored(msgspec.json.decode(row["step"])) if row["step"] else None
        fields["step"] = self._steps[row["id"]]
        fields["removed"] = bool(row["removed"])
        return ModelRecord(**fields)

    def _run(self, row: sqlite3.Row) -> RunRecord:
        samples = str(self.folder / row["samples_path"]) if row["samples_path"] else ""
        result = wire.restored(msgspec.json.decode(row["result"]))
        return RunRecord(row["id"], row["kind"], msgspec.json.decode(row["models"]), result, samples, row["created"])

    def _stored(self, path: Path) -> str:
        """Return how a path is stored: relative inside the project folder, which may be moved as a whole."""
        path = path.absolute()
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)

    def _stat(self, path: Path) -> tuple[int, int]:
        try:
            files = [path, *path.rglob("*")] if path.is_dir() else [path]
            return size_of(path), max(item.lstat().st_mtime_ns for item in files)
        except OSError as error:
            raise WorkbenchError(
                _("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror),
                _("It may have been moved, renamed or deleted."),
            ) from error

    def _reconcile(self) -> None:
        """Take in artifacts that a job finished while nobody was left to record them; remove what died half-way."""
        known = {Path(record.path): record.id for record in self._all().values()}
        for artifact, kept in artifacts.kept_steps(self.folder / "models"):
            if artifact not in known:
                try:
                    parent = known.get(Path(kept.source)) or self._adopt(Path(kept.source))
                    record = self.add_model(
                        artifact, name=artifact.name, format=kept.step["format"], parent=parent, step=kept.step
                    )
                except WorkbenchError as error:  # of this artifact; the project opens all the same
                    logger.warning("%s is not taken in: %s", artifact, error.message)
                    continue
                known[artifact] = record.id
        artifacts.remove_unfinished(self.folder / "models", known)

    def _adopt(self, source: Path) -> int | None:
        return self.add_model(source, name=source.name, format="").id if source.exists() else None


def _put_model(connection: sqlite3.Connection, values: dict[str, Any], *, default_name: str) -> sqlite3.Row:
    """Insert a row, or update the one with the same path: a window and a look at what is finished may both add it."""
    found = connection.execute(
        "SELECT * FROM models WHERE path = :path AND removed = 0 ORDER BY id LIMIT 1", values
    ).fetchone()
    own_id = found["id"] if found else 0
    others = [
        row["name"] for row in connection.execute("SELECT name FROM models WHERE removed = 0 AND id != ?", (own_id,))
    ]
    named = found["name"] if found and found["name"] != default_name else unique_name(values["name"], others)
    row: sqlite3.Row
    if found is None:
        row = connection.execute(
            "INSERT INTO models (name, path, format, parent, step, sha256, bytes, mtime_ns, created) VALUES"
            " (:name, :path, :format, :parent, :step, :sha256, :bytes, :mtime_ns, :created) RETURNING *",
            values | {"name": named},
        ).fetchone()
        return row
    same = (found["bytes"], found["mtime_ns"]) == (values["bytes"], values["mtime_ns"])
    row = connection.execute(
        "UPDATE models SET name = :name, format = :format, bytes = :bytes, mtime_ns = :mtime_ns, sha256 = :sha256,"
        " parent = coalesce(:parent, parent), step = coalesce(:step, step) WHERE id = :id RETURNING *",
        values
        | {
            "id": own_id,
            "name": named,
            "format": values["format"] or found["format"],
            "sha256": values["sha256"] or (found["sha256"] if same else ""),
        },
    ).fetchone()
    return row


def _dataset(row: sqlite3.Row) -> DatasetRecord:
    spec = wire.decode(row["spec"], DataSpec)
    return DatasetRecord(row["id"], row["label"], spec, row["sha256"], row["created"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
