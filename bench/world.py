"""What all measurements share: the folder of this run, the upstream, the servers that are compared, the report."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TypeVar

import servers
import tools
from index import Index
from processes import Server, free_port
from report import Report
from servers import DEVPI, OURS, PROBATION_KIND, PROXPI, Kind, Upstream

T = TypeVar("T")
SHARED_MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 << 30


def place() -> Path:
    """Where servers and installers keep their files: in memory if there is room, since a disk's moods are larger than what
    is measured (one and the same install took 0.6 to 14 s on a virtual machine's disk, 0.5 to 1.0 s in memory)."""
    if SHARED_MEMORY.is_dir() and os.access(SHARED_MEMORY, os.W_OK) and shutil.disk_usage(SHARED_MEMORY).free >= ROOM_BYTES:
        return SHARED_MEMORY
    tools.FOLDER.mkdir(parents=True, exist_ok=True)
    return tools.FOLDER


class World:
    def __init__(self, report: Report, small: bool) -> None:
        self.report, self.small = report, small
        self.folder = Path(tempfile.mkdtemp(prefix="affineur-bench-", dir=place()))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self._ports = [free_port() for _ in range(4)]
        _, files, _, secure_files = self._ports
        self.index = Index(self.folder / "index", f"http://127.0.0.1:{files}", f"https://127.0.0.1:{secure_files}")
        self.distributions = 0  # real ones, once the index has them
        self.crowd: list[str] = []  # projects that the crowd installs
        self._started: dict[str, Server] = {}
        self._upstream: Upstream | None = None
        self._fresh = 0

    def size(self, small: T, full: T) -> T:
        return small if self.small else full

    @property
    def kinds(self) -> list[Kind]:
        """Ours and the caching peers that are compared in this run."""
        return [OURS, PROXPI] if self.small else [OURS, DEVPI, PROXPI, PROBATION_KIND]

    @property
    def upstream(self) -> Upstream:
        if not self._upstream:
            self.index.finish()
            self._upstream = servers.nginx(self.folder / "nginx", self.index.root, self._ports)
        return self._upstream

    def servers(self, limit: bool = False) -> list[tuple[Server, Kind]]:
        """The servers, started once and shared by the measurements; the limit is nginx with the finished pages."""
        for kind in self.kinds:
            if kind.name not in self._started or not self._started[kind.name].alive():
                self._started[kind.name] = self.start(kind)
        found = [(self._started[kind.name], kind) for kind in self.kinds]
        return [*found, (self.upstream.server, Kind("nginx", servers.ours, "/simple/"))] if limit else found

    def start(self, kind: Kind, simple: str | None = None) -> Server:
        """A server of its own, in an empty folder."""
        return kind.start(self.new_folder(kind.name), self.upstream, simple or self.upstream.simple)

    def new_folder(self, name: str) -> Path:
        self._fresh += 1
        return self.folder / f"{name}-{self._fresh}"

    @staticmethod
    def peers(found: list[tuple[Server, Kind]]) -> list[str]:
        return [kind.name for _, kind in found if kind.name not in ("affineur", "nginx")]

    def stop_shared(self) -> None:
        for server in self._started.values():
            server.stop()
        self._started.clear()

    def close(self) -> None:
        self.stop_shared()
        if self._upstream:
            self._upstream.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
