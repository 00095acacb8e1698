"""An index of 5 M targets: what a release costs, releases without bodies, uploads over HTTP, and its project pages.

The index is made by `affineur index init` and filled by crates/index/examples/load; what that does and checks is described there.
Made once for all parts. A release without a body is a yank by the project's developers: accepted durably, then signed into the
project's listing, its hash bin, snapshot and timestamp, and waited for. An upload is visible when its POST is answered: then it is
on its project's page and in a snapshot that a client verifies from the first root; the load looks for both.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from argparse import Namespace
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import processes
import servers
import signing
import tools
from load import ACCEPT, ENCODINGS, Client, wrk
from processes import Server, free_port
from report import Report, at_least, at_most, ours_at_least, ours_at_most
from repository import Repository

SMALL_SECONDS, FULL_SECONDS = 600, 2400
LIMIT_SECONDS = 900
ROOM_BYTES = 16 << 30
LARGE_FILES = 2000


@dataclass(frozen=True)
class Size:
    """How large and how long: the small one fits CI."""

    targets: int
    words: str
    releases: int
    rounds: int
    projects: int
    sustained_seconds: int
    upload_seconds: int
    page_seconds: int


SMALL = Size(200_000, "200 k", 20, 1, 1000, 10, 10, 1)
FULL = Size(5_000_000, "5 M", 50, 5, 10_000, 60, 60, 3)
UPLOADS_PER_SECOND = 220  # offered: a tenth more than the goal
UPLOADERS = 16  # with a token each


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
    """What the parts share: the report, a folder on disk, one index, made when it is first asked for."""

    def __init__(self, report: Report, small: bool) -> None:
        self.report, self.small, self.size = report, small, SMALL if small else FULL
        tools.FOLDER.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(tools.FOLDER).free) < (ROOM_BYTES >> 2 if small else ROOM_BYTES):
            sys.exit(f"{tools.FOLDER} has {free >> 20} MiB left, which is too little")
        self.folder = Path(tempfile.mkdtemp(prefix="index-", dir=tools.FOLDER))
        self.log = self.folder / "log"
        self._index: Path | None = None
        self._repository: Repository | None = None

    @property
    def index(self) -> Path:
        if not self._index:
            passphrase, index = self.folder / "passphrase", self.folder / "ix"
            passphrase.write_text("five words that nobody needs\n")
            made = processes.run([tools.affineur(), "index", "init", index, "--passphrase-file", passphrase, "--files-as-targets"],
                                 servers.clean(), self.log, LIMIT_SECONDS)
            assert made.status == 0, self.log.read_text()
            self._index = index
            filled = self.load("fill", index, self.size.targets)
            listed = self.load("projects", index, self.size.projects, 1)
            self.load("page", index, LARGE_FILES)
            self.report.note(f"filled: CPU s {filled['cpu_s']:.1f} for {self.size.targets} targets, "
                             f"{listed['publish_cpu_s']:.1f} for {listed['files']} real files; a publisher starts in "
                             f"{listed['start_cpu_s']:.1f}")
        return self._index

    @property
    def repository(self) -> Repository:
        """The same size as plain files, for python-tuf."""
        if not self._repository:
            self._repository = Repository(self.folder / "plain", "succinct", self.size.targets, self.log)
        return self._repository

    def load(self, *arguments: object) -> dict:
        """Runs the load; a release that was acknowledged and is not there makes it fail."""
        output = self.folder / "loaded"
        output.unlink(missing_ok=True)
        done = processes.run([tools.index_load(), *arguments], servers.clean(), output, LIMIT_SECONDS)
        text = output.read_text()
        assert done.status == 0, f"load {arguments[0]}: {text[-2000:]}"
        return json.loads(text.splitlines()[-1])

    def serve(self) -> Server:
        port, log = free_port(), self.folder / "served"
        command = [tools.affineur(), "index", "serve", self.index, "--listen", f"127.0.0.1:{port}"]
        return Server("affineur", processes.start(command, servers.clean(), log), port, log).ready()


def first_signing(world: World) -> None:
    """As in `core`: the whole of it, beside a part of python-tuf's, scaled."""
    folder = world.folder / "python-bins"
    folder.mkdir()
    peer = signing.python(world, "sign", world.repository.metadata, folder, signing.PYTHON_BINS)["cpu"]
    peer *= signing.BINS / signing.PYTHON_BINS
    ours = sum(spent for phase, spent in world.repository.phases.items() if phase != "names")
    what = f"first signing, {world.size.words} targets, 16 384 bins, to disk"
    world.report.row(f"{what}, against python-tuf: CPU s", [ours], [peer], at_most(0.167), False)
    world.report.row(f"{what}: peak MiB", [world.repository.made.peak_rss / 2**20], (), ours_at_most(1024), False)
    world.report.note("s: " + signing.phases(world.repository.phases))


def release(world: World) -> None:
    """Ours: through queue, publisher and store, durable. python-tuf's: three files, without fsync."""
    ours, beside, wall, accepting, peer = [], [], [], [], []
    for _ in range(world.size.rounds):
        spent = world.load("release", world.index, world.size.releases)
        ours.append(spent["publish_cpu_ms"])
        beside.append(spent["publish_cpu_ms"] - spent["hashing_cpu_ms"])
        wall.append(spent["publish_wall_ms"])
        accepting.append(spent["accept_cpu_ms"])
        count = world.size.releases // 5
        peer.append(signing.python(world, "release", world.repository.metadata, count, signing.BINS)["cpu"] / count * 1000)
    what = f"one release published at {world.size.words} targets (alone)"
    world.report.row(f"{what}, against python-tuf: CPU ms", ours, peer, at_most(1), False)
    world.report.row(f"{what}: CPU ms beside hashing the snapshot", beside, (), ours_at_most(5), False)
    world.report.row(f"{what}: ms until it is durable", wall, (), None, False)
    world.report.row("accepting it (1 file with core metadata, durable): CPU ms", accepting, (), None, False)


def sustained(world: World) -> None:
    size = world.size
    got = world.load("sustained", world.index, size.sustained_seconds, size.projects)
    assert got["checked"] == min(size.projects, got["releases"]), got
    what = f"releases without bodies, {size.words} targets, {size.projects} projects, sustained for {size.sustained_seconds} s, durable"
    world.report.row(f"{what}: releases/s", [got["per_second"]], (), ours_at_least(1000))
    world.report.row(f"{what}: CPU ms/release", [got["cpu_s"] / got["releases"] * 1000], (), None, False)
    world.report.row(f"{what}: ms at the 99th percentile", [got["p99_ms"]], (), None, False)
    world.report.note(f"{got['releases']} releases in {got['publications']} publications; median {got['p50_ms']:.0f} ms; "
                      f"the last of each of {got['checked']} projects was found in the verified snapshot")


def uploads(world: World) -> None:
    seconds = world.size.upload_seconds
    tokens = world.load("tokens", world.index, UPLOADERS)["tokens"]
    with world.serve() as server:
        before = server.cpu()
        got = world.load("uploads", f"127.0.0.1:{server.port}", seconds, UPLOADS_PER_SECOND, *tokens)
        spent = server.cpu() - before
    assert got["uploads"] == seconds * UPLOADS_PER_SECOND, got
    what = f"uploads of 20 kB through HTTP, {world.size.words} targets, durable, visible in a consistent snapshot"
    world.report.row(f"{what}: uploads/s ({UPLOADS_PER_SECOND} offered)", [got["per_second"]], (), ours_at_least(200))
    world.report.row(f"{what}: ms until visible, 99th percentile", [got["p99_ms"]], (), ours_at_most(1000), False)
    world.report.row(f"{what}: ms until visible, median", [got["p50_ms"]], (), None, False)
    world.report.row(f"{what}: server CPU ms/upload", [spent / got["uploads"] * 1000], (), None, False)
    world.report.note(f"{got['uploads']} uploads in {got['seconds']:.1f} s, at most {got['most_ms']:.0f} ms; client CPU s "
                      f"{got['client_cpu_s']:.1f}; {got['checked']} were looked for in verified listings")


def pages(world: World) -> None:
    """The peers mirror our own pages, from nginx, which has them as files, compressed beforehand too."""
    root = world.folder / "pages"
    with world.serve() as server:
        projects = {"1 file": "small-0", f"{LARGE_FILES} files": "large"}
        counts = {"small-0": 1, "large": LARGE_FILES}
        copy_pages(server, root, list(projects.values()))
        ports = [free_port() for _ in range(4)]
        upstream = servers.nginx(world.folder / "nginx", root, ports)
        kinds = [servers.PROXPI] if world.small else [servers.DEVPI, servers.PROXPI]
        peers = [(kind.start(world.folder / kind.name, upstream, upstream.simple), kind.pages) for kind in kinds]
        all_servers = [(server, "/simple/"), (upstream.server, "/simple/"), *peers]
        try:
            for label, project in projects.items():
                for form, encoding in [("json", "gzip"), ("html", "gzip"), ("json", "identity")]:
                    compare(world, all_servers, label, project, counts[project], form, encoding)
        finally:
            for started, _ in [*peers, (upstream.server, "")]:
                started.stop()


def compare(world: World, all_servers: list[tuple[Server, str]], label: str, project: str, files: int, form: str,
            encoding: str) -> None:
    headers = {"Accept": ACCEPT[form], "Accept-Encoding": ENCODINGS[encoding]}
    rate, cpu = defaultdict(list), defaultdict(list)
    for turn in range(2 if world.small else 3):
        for server, below in all_servers:
            if turn == 0:
                listed = Client(server).page(f"{below}{project}/", form, encoding)
                assert len(listed) == files, (server.name, form, len(listed))
            load = wrk(server, f"{server.origin}{below}{project}/", headers, world.size.page_seconds)
            assert not load.wrong, f"{server.name}: {load.wrong} wrong answers"
            rate[server.name].append(load.per_second)
            cpu[server.name].append(load.cpu_us)
    for server, _ in all_servers[1:]:
        half = server.name == "nginx"
        what = f"project page, warm, {label}, {form} {encoding}, against {server.name}"
        world.report.row(f"{what}: requests/s", rate["affineur"], rate[server.name], at_least(0.5 if half else 1))
        world.report.row(f"{what}: server CPU us/request", cpu["affineur"], cpu[server.name], at_most(2 if half else 1), False)


def copy_pages(server: Server, root: Path, projects: list[str]) -> None:
    """Our pages as files for nginx, and a list of them, which proxpi looks into."""
    client = Client(server)
    (root / "simple").mkdir(parents=True)
    listed = {"meta": {"api-version": "1.0"}, "projects": [{"name": project} for project in projects]}
    (root / "simple" / "index.json").write_text(json.dumps(listed))
    (root / "simple" / "index.html").write_text("".join(f'<a href="{project}/">{project}</a>\n' for project in projects))
    for project in projects:
        folder = root / "simple" / project
        folder.mkdir(parents=True)
        for form in ("json", "html"):
            for encoding, suffix in (("identity", ""), ("gzip", ".gz")):
                status, _, body = client.get(f"/simple/{project}/", {"Accept": ACCEPT[form], "Accept-Encoding": ENCODINGS[encoding]})
                assert status == 200, (project, status)
                (folder / f"index.{form}{suffix}").write_bytes(body)
    client.close()


PARTS = {"signing": first_signing, "release": release, "sustained": sustained, "uploads": uploads, "pages": pages}
