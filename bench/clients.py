"""A client's update and one lookup: cold, warm, after a release in its own bin, after one in another bin.

Each run is a process of its own that updates, looks a target up and downloads its seven bytes. Requests and bytes are those
of metadata alone.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import processes
import servers
import tools
from report import Goal, ours_at_most
from repository import OTHER_BIN, OWN_BIN, CountingServer, Repository

if TYPE_CHECKING:
    from core import World

OURS, PYTHON, SIGSTORE = "affineur", "python-tuf", "sigstore-tuf"
LIMIT_SECONDS = 120
CPU, MEMORY, REQUESTS, KILOBYTES, BYTES = "CPU ms", "peak MiB", "requests", "kB", "bytes"
# By state: which figures, and the goal of ours where there is one.
FIGURES: dict[str, dict[str, Goal | None]] = {
    "cold": {REQUESTS: None, KILOBYTES: None, CPU: ours_at_most(50), MEMORY: ours_at_most(40)},
    "warm, nothing new": {REQUESTS: ours_at_most(2), BYTES: ours_at_most(600), CPU: ours_at_most(20)},
    "warm, own bin changed": {REQUESTS: None, KILOBYTES: None, CPU: None},
    "warm, another bin changed": {REQUESTS: None, KILOBYTES: None, CPU: None},
}
COLD_KILOBYTES_SUCCINCT = ours_at_most(600)


@dataclass
class Client:
    """A program that speaks the client protocol of tuf-conformance."""

    name: str
    program: list[str | Path]

    def command(self, home: Path, *arguments: object) -> list:
        return [*self.program, "--metadata-dir", home / "metadata", *arguments]


def programs(classic: bool) -> list[Client]:
    """Ours and the peers; sigstore-tuf does not know succinct bins."""
    found = [
        Client(OURS, [tools.conformance_client()]),
        Client(PYTHON, [tools.environment("tuf") / "python", Path(__file__).with_name("tuf_peer.py")]),
    ]
    return [*found, Client(SIGSTORE, [tools.sigstore_client()])] if classic else found


def measure(world: World) -> None:
    for words, repository in world.repositories():
        classic = words.startswith("classic")
        measured = Measured(world, repository, programs(classic))
        for state, found in measured.states():
            for peer in measured.clients[1:]:
                for figure, goal in FIGURES[state].items():
                    if state == "cold" and figure == KILOBYTES and not classic:
                        goal = COLD_KILOBYTES_SUCCINCT
                    what = f"client {state}, {words}, against {peer.name}: {figure}"
                    world.report.row(what, found[OURS, figure], found[peer.name, figure], goal, more_is_better=False)


class Measured:
    """The states of one repository, one after the other, as releases are published into it."""

    def __init__(self, world: World, repository: Repository, clients: list[Client]) -> None:
        self.world, self.repository, self.clients = world, repository, clients
        self.homes = world.folder / "homes"

    def states(self):
        with CountingServer(self.repository.folder) as self.server:
            shutil.rmtree(self.homes, ignore_errors=True)
            for client in self.clients:
                self.look_up(client, self.new_home(client, "warm"))
            yield "cold", self.rounds(lambda client: self.new_home(client, "cold"))
            yield "warm, nothing new", self.rounds(self.copy_of_warm)
            self.repository.release(OWN_BIN)
            yield "warm, own bin changed", self.rounds(self.copy_of_warm)
            for client in self.clients:
                self.look_up(client, self.homes / f"{client.name}-warm")
            self.repository.release(OTHER_BIN)
            yield "warm, another bin changed", self.rounds(self.copy_of_warm)

    def rounds(self, home) -> dict[tuple[str, str], list[float]]:
        """Figures by client and name; the clients take turns."""
        found = defaultdict(list)
        for _ in range(self.world.rounds):
            for client in self.clients:
                for figure, value in self.look_up(client, home(client)).items():
                    found[client.name, figure].append(value)
        return found

    def new_home(self, client: Client, name: str) -> Path:
        home = self.homes / f"{client.name}-{name}"
        shutil.rmtree(home, ignore_errors=True)
        (home / "metadata").mkdir(parents=True)
        self.run(client.command(home, "init", self.repository.metadata / "1.root.json"))
        return home

    def copy_of_warm(self, client: Client) -> Path:
        home = self.homes / f"{client.name}-copy"
        shutil.rmtree(home, ignore_errors=True)
        # Links are copied as links: python-tuf's root.json is one.
        shutil.copytree(self.homes / f"{client.name}-warm", home, symlinks=True)
        return home

    def look_up(self, client: Client, home: Path) -> dict[str, float]:
        targets = home / "targets"
        shutil.rmtree(targets, ignore_errors=True)
        targets.mkdir()
        self.server.taken()
        origin = self.server.origin
        done = self.run(client.command(
            home, "--metadata-url", f"{origin}/metadata", "--target-base-url", f"{origin}/targets/",
            "--target-dir", targets, "--target-name", self.repository.wanted, "download"))
        assert any(path.is_file() for path in targets.rglob("*")), f"{client.name} downloaded nothing"
        requests, size = self.server.taken()
        return {REQUESTS: requests, BYTES: size, KILOBYTES: size / 1000, CPU: done.cpu * 1000, MEMORY: done.peak_rss / 2**20}

    def run(self, command: list) -> processes.Finished:
        done = processes.alone(command, servers.clean(), self.world.log, LIMIT_SECONDS)
        assert done.status == 0, f"{command}: {self.world.log.read_text(errors='replace')[-2000:]}"
        return done
