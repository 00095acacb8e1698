-- The index's database, version 1. Times are microseconds since 1970 (UTC), digests 32 bytes.

CREATE TABLE project (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    -- 0 active, 1 archived, 2 quarantined, 3 deprecated (PEP 792).
    marker INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    -- The last published ticket that changed it; 0: nothing of it is published.
    serial INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What lies in the folder of blobs. A row is written only after its bytes are durable.
CREATE TABLE blob (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL REFERENCES project,
    name TEXT NOT NULL,
    -- 0 accepted, 1 published, 2 refused by the publisher, 3 deleted. A row is never removed: a name keeps its bytes for ever.
    state INTEGER NOT NULL,
    -- The ticket by which it is (or was) to be added.
    ticket INTEGER NOT NULL,
    display_name TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 BLOB NOT NULL REFERENCES blob,
    requires_python TEXT,
    core_metadata BLOB REFERENCES blob,
    attestations BLOB REFERENCES blob,
    uploaded INTEGER NOT NULL,
    uploader TEXT NOT NULL,
    -- The reasons; NULL: not yanked.
    yanked TEXT,
    yanked_by_index TEXT,
    UNIQUE (project, name)
) STRICT;

-- The durable queue and what became of it. AUTOINCREMENT: a number is never given out twice.
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- 0 add, 1 yank, 2 status, 3 delete.
    kind INTEGER NOT NULL,
    project INTEGER NOT NULL REFERENCES project,
    file INTEGER REFERENCES file,
    -- Of a yank: the version, unless it is about one file; the reason (NULL: take it back); in whose name (0 developers, 1 index).
    release TEXT,
    yanked TEXT,
    by INTEGER,
    -- Of a status.
    marker INTEGER,
    reason TEXT,
    -- What became of it: published with this version of the timestamp, or refused with this reason. Both NULL: it waits.
    version INTEGER,
    refused TEXT
) STRICT;
CREATE INDEX ticket_pending ON ticket (id) WHERE version IS NULL AND refused IS NULL;

-- The commit point: the newest timestamp, with counts of what it publishes. One row, none before the first publication.
CREATE TABLE head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    timestamp BLOB NOT NULL,
    projects INTEGER NOT NULL DEFAULT 0,
    files INTEGER NOT NULL DEFAULT 0,
    file_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Bytes of metadata and targets, apart from the rows that change.
CREATE TABLE document (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE metadata (
    id INTEGER PRIMARY KEY,
    -- VERSION.ROLE.json
    path TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    document INTEGER NOT NULL,
    -- Until when it was the newest of its role; NULL: it is.
    superseded_at INTEGER
) STRICT;
CREATE UNIQUE INDEX metadata_current ON metadata (role) WHERE superseded_at IS NULL;
CREATE INDEX metadata_old ON metadata (role, superseded_at) WHERE superseded_at IS NOT NULL;

CREATE TABLE target (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    document INTEGER NOT NULL,
    superseded_at INTEGER,
    UNIQUE (path, sha256)
) STRICT;
CREATE UNIQUE INDEX target_current ON target (path) WHERE superseded_at IS NULL;
CREATE INDEX target_old ON target (path, superseded_at) WHERE superseded_at IS NOT NULL;

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Of its secret.
    sha256 BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The normalised name; NULL: the whole index.
    project TEXT,
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER,
    -- A day, as YYYY-MM-DD.
    last_used TEXT
) STRICT;
