-- Times are microseconds since 1970, digests 32 bytes. docs/formats/state.md says what each column means.
CREATE TABLE source (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    url TEXT
) STRICT;

CREATE TABLE page (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    project TEXT NOT NULL,
    time INTEGER NOT NULL,
    UNIQUE (source, project)
) STRICT;

CREATE TABLE file (
    page INTEGER NOT NULL,
    name TEXT NOT NULL,
    sha256 BLOB,
    size INTEGER,
    url TEXT NOT NULL,
    url_key INTEGER NOT NULL,
    listed INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    absent_until INTEGER,
    upload_time INTEGER,
    last_modified_asked INTEGER NOT NULL DEFAULT 0,
    last_modified INTEGER,
    PRIMARY KEY (page, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_by_url ON file (url_key);

CREATE TABLE host (
    host TEXT NOT NULL,
    source INTEGER NOT NULL,
    PRIMARY KEY (host, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE binding (
    project TEXT NOT NULL PRIMARY KEY,
    source INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE hostile (
    source INTEGER NOT NULL,
    project TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    contradiction TEXT NOT NULL,
    PRIMARY KEY (source, project, file, sha256, contradiction)
) STRICT, WITHOUT ROWID;

CREATE TABLE evidence (
    id BLOB NOT NULL PRIMARY KEY,
    time INTEGER NOT NULL,
    source INTEGER NOT NULL,
    project TEXT NOT NULL,
    file TEXT,
    contradiction TEXT NOT NULL,
    left BLOB NOT NULL,
    left_size INTEGER NOT NULL,
    right BLOB NOT NULL,
    right_size INTEGER NOT NULL
) STRICT;
CREATE INDEX evidence_by_project ON evidence (source, project);

CREATE TABLE trusted_policy (
    sha256 BLOB NOT NULL PRIMARY KEY,
    path TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('revocation_epoch', 0);
