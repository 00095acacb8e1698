"""First signing, and single releases, each from disk to disk and without fsync."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import processes
import servers
import tools
from report import at_most, ours_at_most
from repository import BINS, LIMIT_SECONDS, Repository

if TYPE_CHECKING:
    from core import World

PYTHON_BINS = 1024
RELEASES = 50
HASHES_OF_ED25519 = 2  # it reads what it signs twice


def first(world: World) -> None:
    """Ours is the whole repository; python-tuf's, which takes minutes, some of the bins, scaled. Making the names and
    sorting them into bins counts for neither."""
    for words, repository in world.repositories():
        folder = world.folder / "python-bins"
        folder.mkdir(exist_ok=True)
        peer = python(world, "sign", repository.metadata, folder, PYTHON_BINS)["cpu"] * BINS / PYTHON_BINS
        ours = sum(spent for phase, spent in repository.phases.items() if phase != "names")
        what = f"first signing, {words}, against python-tuf"
        world.report.row(f"{what} ({PYTHON_BINS} bins x {BINS // PYTHON_BINS}): CPU s", [ours], [peer], at_most(0.167), False)
        world.report.row(f"first signing, {words}: peak MiB", [repository.made.peak_rss / 2**20], (), ours_at_most(1024), False)
        world.report.note(f"{words}, s: " + phases(repository.phases))


def releases(world: World) -> None:
    for words, repository in world.repositories():
        ours, peer, beside = [], [], []
        for _ in range(world.rounds):
            spent = repository.generate("--release", RELEASES).cpu / RELEASES * 1000
            ours.append(spent)
            beside.append(spent - hashing(repository))
            peer.append(python(world, "release", repository.metadata, RELEASES // 5, BINS)["cpu"] / (RELEASES // 5) * 1000)
        world.report.note(f"{words}, ms each: " + phases(repository.printed, 1000 / RELEASES))
        what = f"one release, {words}"
        world.report.row(f"{what}, against python-tuf: CPU ms", ours, peer, None, False)
        world.report.row(f"{what}: CPU ms beside hashing the snapshot", beside, (), ours_at_most(5), False)


def phases(spent: dict[str, float], factor: float = 1) -> str:
    return ", ".join(f"{phase} {seconds * factor:.2f}" for phase, seconds in spent.items())


def hashing(repository: Repository) -> float:
    """CPU milliseconds of what Ed25519 has to hash of the newest snapshot."""
    timestamp = json.loads((repository.metadata / "timestamp.json").read_bytes())
    version = timestamp["signed"]["meta"]["snapshot.json"]["version"]
    snapshot = (repository.metadata / f"{version}.snapshot.json").read_bytes()
    started = time.process_time()
    for _ in range(20 * HASHES_OF_ED25519):
        hashlib.sha512(snapshot)
    return (time.process_time() - started) / 20 * 1000


def python(world: World, *arguments: object) -> dict[str, float]:
    output = world.folder / "python-tuf"
    output.unlink(missing_ok=True)
    command = [tools.environment("tuf") / "python", Path(__file__).with_name("tuf_peer.py"), *arguments]
    done = processes.run(command, servers.clean(), output, LIMIT_SECONDS)
    assert done.status == 0, output.read_text()
    return json.loads(output.read_text())
