-- What a project remembers. Times are ISO 8601 in UTC; JSON columns are spelled by workbench.core.wire.
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    path TEXT NOT NULL,                 -- absolute, or relative to the project folder when it lies inside
    format TEXT NOT NULL,
    parent INTEGER REFERENCES models (id) ON DELETE SET NULL,
    step TEXT,                          -- JSON of Transformed: how it was made from its parent
    sha256 TEXT NOT NULL DEFAULT '',    -- '' until some job has read the whole model
    bytes INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,          -- with bytes: notices that a file changed on disk without reading it
    created TEXT NOT NULL,
    removed INTEGER NOT NULL DEFAULT 0  -- kept for the lineage of what was made from it
);

CREATE UNIQUE INDEX models_by_name ON models (name) WHERE removed = 0;

CREATE TABLE datasets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    label TEXT NOT NULL,
    spec TEXT NOT NULL UNIQUE,          -- JSON of DataSpec
    sha256 TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,                 -- "benchmark", "evaluate", "compare" ...
    result TEXT NOT NULL,               -- JSON of the job's result
    samples_path TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
);

CREATE TABLE run_models (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (run, model)
) WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL                 -- JSON
) WITHOUT ROWID;
