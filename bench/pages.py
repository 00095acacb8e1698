"""Project pages: cold (first sight: fetched, parsed, decided, stored, rendered) and warm, small and of 2 000 files."""

from __future__ import annotations

from collections import defaultdict

from load import ACCEPT, ENCODINGS, Client, Timed, wrk
from report import at_least, at_most
from world import World

SIZES = {"4 files": ("page-small", 4), "2000 files": ("page-large", 2000)}


def prepare(world: World) -> None:
    for project, count in SIZES.values():
        world.index.add_made_up_page(project, count)
    for name in ("small", "large"):
        for at in range(cold_pages(world, name)):
            world.index.add_made_up_page(f"cold-{name}-{at}", 4 if name == "small" else 2000)


def cold_pages(world: World, name: str) -> int:
    return world.size({"small": 60, "large": 3}[name], {"small": 300, "large": 12}[name])


def measure(world: World) -> None:
    cold(world)
    warm(world)


def cold(world: World) -> None:
    """Each server sees each project for the first time; the servers take turns."""
    servers = world.servers()
    for name, label in (("small", "4 files"), ("large", "2000 files")):
        wall, cpu = defaultdict(list), defaultdict(list)
        count, turns = cold_pages(world, name), 3
        for turn in range(turns):
            mine = range(turn * count // turns, (turn + 1) * count // turns)
            for server, kind in servers:
                client = Client(server)
                with Timed(server) as timed:
                    for at in mine:
                        listed = client.page(f"{kind.pages}cold-{name}-{at}/")
                        assert len(listed) == SIZES[label][1], (server.name, len(listed))
                client.close()
                wall[server.name].append(len(mine) / timed.wall)
                cpu[server.name].append(timed.cpu / len(mine) * 1e6)
        for peer in world.peers(servers):
            what = f"page cold, {label}, json gzip, 1 client, against {peer}"
            world.report.row(f"{what}: pages/s", wall["affineur"], wall[peer], at_least(1))
            world.report.row(f"{what}: server CPU us/page", cpu["affineur"], cpu[peer], at_most(1), False)


def warm(world: World) -> None:
    servers = world.servers(limit=True)
    forms = [("json", "gzip"), ("html", "gzip"), ("json", "identity"), ("html", "identity")]
    for label, (project, count) in SIZES.items():
        for form, encoding in forms[:world.size(2, 4)]:
            headers = {"Accept": ACCEPT[form], "Accept-Encoding": ENCODINGS[encoding]}
            rate, cpu = defaultdict(list), defaultdict(list)
            for turn in range(world.size(2, 3)):
                for server, kind in servers:
                    if turn == 0:
                        listed = Client(server).page(f"{kind.pages}{project}/", form, encoding)
                        assert len(listed) == count, (server.name, form, len(listed))
                    load = wrk(server, f"{server.origin}{kind.pages}{project}/", headers, world.size(1, 2))
                    assert not load.wrong, f"{server.name}: {load.wrong} wrong answers"
                    rate[server.name].append(load.per_second)
                    cpu[server.name].append(load.cpu_us)
            for peer in ["nginx", *world.peers(servers)]:
                what = f"page warm, {label}, {form} {encoding}, against {peer}"
                half = peer == "nginx"
                world.report.row(f"{what}: requests/s", rate["affineur"], rate[peer], at_least(0.5 if half else 1))
                world.report.row(f"{what}: server CPU us/request", cpu["affineur"], cpu[peer], at_most(2 if half else 1), False)
