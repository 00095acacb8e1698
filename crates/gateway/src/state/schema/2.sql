-- What is remembered of curators: without it, whoever holds the key of a curator's role could show withdrawn ballots anew.
CREATE TABLE ballot (
    curator BLOB NOT NULL,
    project TEXT NOT NULL,
    file TEXT NOT NULL,
    voter TEXT NOT NULL,
    serial INTEGER NOT NULL,
    PRIMARY KEY (curator, project, file, voter)
) STRICT, WITHOUT ROWID;

CREATE TABLE heard (
    repository BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
