"""The TUF core beside its peers: canonical JSON, a client's update and lookup, first signing, releases."""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import canonical
import clients
import signing
import tools
from report import Report
from repository import Repository

PARTS = {"canonical": canonical.measure, "client": clients.measure, "signing": signing.first, "release": signing.releases}
SMALL_SECONDS, FULL_SECONDS = 900, 2 * 3600
SIZES = {"200 k": 200_000, "5 M": 5_000_000}
SHAPES = ("succinct", "classic")
ROOM_BYTES = 6 << 30  # twice 5 M targets, twice 200 k, and what the peers write


def run(report: Report, asked: Namespace) -> None:
    world = World(report, asked.small)
    try:
        for name in asked.only or PARTS:
            PARTS[name](world)
    except AssertionError as problem:
        sys.exit(f"not measured: {problem}")
    finally:
        if asked.keep:
            report.note(f"kept {world.folder}")
        else:
            shutil.rmtree(world.folder, ignore_errors=True)


class World:
    """What the parts share: the report, a folder on disk, the repositories, each made once."""

    def __init__(self, report: Report, small: bool) -> None:
        self.report, self.small = report, small
        self.sizes = ["200 k"] if small else list(SIZES)
        self.rounds = 2 if small else 7
        tools.FOLDER.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(tools.FOLDER).free) < (ROOM_BYTES >> 2 if small else ROOM_BYTES):
            sys.exit(f"{tools.FOLDER} has {free >> 20} MiB left, which is too little")
        self.folder = Path(tempfile.mkdtemp(prefix="core-", dir=tools.FOLDER))
        self.log = self.folder / "log"
        self._repositories: dict[tuple[str, str], Repository] = {}

    def repository(self, shape: str, size: str) -> Repository:
        if (shape, size) not in self._repositories:
            folder = self.folder / f"{shape}-{size.replace(' ', '')}"
            self._repositories[shape, size] = Repository(folder, shape, SIZES[size], self.log)
        return self._repositories[shape, size]

    def repositories(self) -> list[tuple[str, Repository]]:
        """Every shape in every size of this run, with the words for it."""
        return [(f"{shape} bins, {size} targets", self.repository(shape, size)) for size in self.sizes for shape in SHAPES]
