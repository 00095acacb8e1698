"""The gateway beside its peers: pages, wheels, whole installs, many at once, hostile upstreams."""

from __future__ import annotations

import sys
from argparse import Namespace

import crowd
import hostile
import installs
import pages
import wheels
from report import Report
from world import World

PARTS = {"pages": pages, "wheels": wheels, "installs": installs, "crowd": crowd, "hostile": hostile}
SMALL_SECONDS, FULL_SECONDS = 600, 2 * 3600


def run(report: Report, asked: Namespace) -> None:
    parts = [PARTS[name] for name in asked.only or PARTS]
    world = World(report, asked.small)
    try:
        for part in parts:
            part.prepare(world)
        for part in parts:
            part.measure(world)
    except AssertionError as problem:
        sys.exit(f"not measured: {problem}")
    finally:
        world.close()
