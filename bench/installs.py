"""`pip install` and `uv pip install` of 15 requirements: directly, through the peers, through the gateway, behind `run`.

Cold: nothing is known anywhere, every cache is empty (and may be filled, as usual). Warm: the same once more. Wall
seconds, and CPU seconds of everything but the upstream: the installer and, where there is one, the server in between.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import processes
import servers
import tools
from report import at_most
from servers import OURS, Kind
from world import World

FULL = ("flask fastapi requests django pandas sqlalchemy boto3 cryptography pytest rich celery uvicorn httpx "
        "jsonschema pillow").split()
SMALL = ["requests", "rich", "jinja2"]
LIMIT_SECONDS = 300
COLD, WARM = at_most(1.05), at_most(1.0)


@dataclass
class Way:
    """A way from the installer to the index: below `index`, perhaps behind a server, perhaps behind `affineur run`."""

    name: str
    index: str
    kind: Kind | None = None
    run: bool = False
    goal: bool = True
    wall: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    between: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))  # the server's own part of `cpu`


def prepare(world: World) -> None:
    if not world.distributions:
        world.distributions = len(world.index.add_wheels(tools.corpus(world.size(SMALL, FULL))))


def requirements(world: World) -> list[str]:
    return world.size(SMALL, FULL)


def measure(world: World) -> None:
    world.stop_shared()
    upstream = world.upstream
    plain = f"{upstream.origin}/plain/simple/"
    secure = f"{upstream.tls}/simple/"
    over_http = [Way("directly", upstream.simple), *(Way(kind.name, upstream.simple, kind) for kind in world.kinds)]
    over_tls = [Way("directly", secure), Way("affineur run", secure, run=True)]
    html_only = [Way("directly", plain), Way("affineur", plain, OURS), Way("affineur run", plain, run=True)]
    for installer in (pip, uv):
        name = installer.__name__
        compare(world, installer, f"{name} install, http", over_http)
        compare(world, installer, f"{name} install, https", over_tls)
        if not world.small:
            compare(world, installer, f"{name} install, HTML-only upstream", html_only)


def compare(world: World, installer: Callable, what: str, ways: list[Way]) -> None:
    for way in ways:
        way.wall.clear()
        way.cpu.clear()
        way.between.clear()
    for _ in range(world.size(1, 3)):
        for way in ways:
            try:
                once(world, installer, way)
            except (RuntimeError, AssertionError) as problem:
                world.report.note(f"{what} through {way.name}: {problem}")
    direct, *others = ways
    mine = [way for way in others if way.name.startswith("affineur")]
    for way in mine:
        through = "behind affineur run" if way.run else "through gateway serve"
        for temperature, goal in (("cold", COLD), ("warm", WARM)):
            row = f"{what}, {temperature}, {through}, against"
            for peer in [direct, *(other for other in others if other not in mine)]:
                limit = goal if peer is direct else at_most(1)
                figures = ((way.wall, peer.wall, "wall s"), (way.cpu, peer.cpu, "CPU s"))
                for ours, theirs, unit in figures:
                    world.report.row(f"{row} {peer.name}: {unit}", ours[temperature], theirs[temperature], limit, False)
                if peer is not direct:
                    world.report.row(f"{row} {peer.name}: CPU s of the server alone", way.between[temperature],
                                     peer.between[temperature], at_most(1), False)


def once(world: World, installer: Callable, way: Way) -> None:
    """One cold install and one warm one, in a folder and behind a server of their own."""
    folder = world.new_folder("install")
    folder.mkdir()
    env = environment(folder, world.upstream.authority)
    with index_of(world, way) as (index, server):
        for temperature in ("cold", "warm"):
            target = folder / temperature
            command = installer(target, None if way.run else index, requirements(world))
            if way.run:
                command = [tools.affineur(), "run", "--quiet", "--upstream", index, "--", *command]
            before = server.cpu() if server else 0.0
            done = processes.run(command, env, folder / "log", LIMIT_SECONDS, cwd=folder)
            if done.status:
                raise RuntimeError(f"status {done.status}: {(folder / 'log').read_text(errors='replace')[-1500:]}")
            installed = len(list(target.glob("*.dist-info")))
            assert installed == world.distributions, f"{installed} of {world.distributions} distributions"
            way.wall[temperature].append(done.wall)
            between = server.cpu() - before if server else 0.0
            way.between[temperature].append(between)
            way.cpu[temperature].append(done.cpu + between)
    shutil.rmtree(folder)


@contextmanager
def index_of(world: World, way: Way) -> Iterator[tuple[str, processes.Server | None]]:
    if not way.kind:
        yield way.index, None
        return
    with world.start(way.kind, way.index) as server:
        yield f"{server.origin}{way.kind.pages}", server


def environment(folder: Path, authority: Path) -> dict[str, str]:
    """A user who has set nothing but the upstream's authority; caches and state are in `folder`."""
    authority_settings = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"), str(authority))
    return servers.clean(
        **authority_settings, HOME=str(folder), PATH=f"{tools.environment('installers')}:{tools.PATH}",
        AFFINEUR_HOME=str(folder / "home"), PIP_CACHE_DIR=str(folder / "pip"), UV_CACHE_DIR=str(folder / "uv"),
        PIP_CONFIG_FILE=os.devnull, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", UV_NO_CONFIG="1",
        UV_PYTHON_DOWNLOADS="never", TMPDIR=str(folder))


def pip(target: Path, index: str | None, wanted: list[str]) -> list[str | Path]:
    at = ["--index-url", index] if index else []
    return ["pip", "install", "-q", "--no-compile", "--target", target, *at, *wanted]


def uv(target: Path, index: str | None, wanted: list[str]) -> list[str | Path]:
    at = ["--default-index", index] if index else []
    python = tools.environment("installers") / "python"
    return ["uv", "pip", "install", "-q", "--python", python, "--target", target, *at, *wanted]
