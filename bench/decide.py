"""Decisions, and the analysis of a policy, beside their goals. Nobody else decides so: there is no peer."""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace

import tools
from report import Report, ours_at_most

SMALL_SECONDS, FULL_SECONDS = 600, 1200
LIMIT_SECONDS = 300
ROUNDS_SMALL, ROUNDS = 3, 15

# By how each figure's name begins: what it may be at most.
GOALS = {
    "decisions": {"decision, ": 500, "10 000 decisions, 20 parties: ms": 5},
    "page": {"page of 2 000 files": 20},
    "analysis": {"analysis of a policy": 1000},
}
# Which part each other figure belongs to.
BEGINNINGS = {"decisions": ("decision, ", "10 000 decisions"), "page": ("page",), "analysis": ("analysis",)}
PARTS = dict.fromkeys(GOALS)


def run(report: Report, asked: Namespace) -> None:
    rounds = ROUNDS_SMALL if asked.small else ROUNDS
    program = [str(tools.decide_program()), str(rounds)]
    done = subprocess.run(program, check=True, capture_output=True, text=True, timeout=LIMIT_SECONDS)
    for figure in map(json.loads, done.stdout.splitlines()):
        for part in asked.only or PARTS:
            if figure["what"].startswith(BEGINNINGS[part]):
                limits = [limit for beginning, limit in GOALS[part].items() if figure["what"].startswith(beginning)]
                report.row(figure["what"], figure["values"], goal=ours_at_most(limits[0]) if limits else None, more_is_better=False)
