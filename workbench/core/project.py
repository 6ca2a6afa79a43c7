"""A project: a folder with a database and the artifacts; models and their lineage, data sets, runs, view state."""

from __future__ import annotations

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
        """Add a model; ``name`` is made unique. Raises WorkbenchError when there is no such file."""
        path = path.expanduser().absolute()
        size, mtime = self._stat(path)
        step_hashes = step or {}
        with self._database.transaction() as connection:
            taken = [row["name"] for row in connection.execute("SELECT name FROM models WHERE removed = 0")]
            row = connection.execute(
                "INSERT INTO models (name, path, format, parent, step, sha256, bytes, mtime_ns, created)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
                (
                    unique_name(name, taken),
                    self._stored(path),
                    format,
                    parent,
                    wire.encode(step).decode() if step is not None else None,
                    sha256 or step_hashes.get("artifact_sha256", ""),
                    size,
                    mtime,
                    _now(),
                ),
            ).fetchone()
            connection.execute(
                "UPDATE models SET sha256 = ? WHERE id = ? AND sha256 = ''",
                (step_hashes.get("source_sha256", ""), parent),
            )
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
                (label or Path(spec.path).name, wire.encode(spec).decode(), sha256, _now()),
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
        if row["id"] not in self._steps:  # a step never changes, and decoding it is what takes time
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
                parent = known.get(Path(kept.source)) or self._adopt(Path(kept.source))
                record = self.add_model(
                    artifact, name=artifact.name, format=kept.step["format"], parent=parent, step=kept.step
                )
                known[artifact] = record.id
        artifacts.remove_unfinished(self.folder / "models", known)

    def _adopt(self, source: Path) -> int | None:
        return self.add_model(source, name=source.name, format="").id if source.exists() else None


def _dataset(row: sqlite3.Row) -> DatasetRecord:
    spec = wire.decode(row["spec"], DataSpec)
    return DatasetRecord(row["id"], row["label"], spec, row["sha256"], row["created"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
