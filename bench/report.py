"""Figures and their goals: one row each, printed as soon as it is known, as a table or as JSON lines."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTHS = (84, 10, 10, 7, 8, 5)
HEADINGS = ("what", "ours", "peer", "ratio", "goal", "holds")


@dataclass(frozen=True)
class Goal:
    """What has to be true, as it is printed, and the test of it."""

    words: str
    of: str  # "ratio" or "ours"
    holds: Callable[[float], bool]


def at_least(ratio: float) -> Goal:
    return Goal(f">= {ratio:g}", "ratio", lambda value: value >= ratio)


def at_most(ratio: float) -> Goal:
    return Goal(f"<= {ratio:g}", "ratio", lambda value: value <= ratio)


def ours_at_most(limit: float) -> Goal:
    return Goal(f"<= {limit:g}", "ours", lambda value: value <= limit)


def ours_at_least(limit: float) -> Goal:
    return Goal(f">= {limit:g}", "ours", lambda value: value >= limit)


class Report:
    """Prints rows. `failed` counts those whose goal does not hold."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.rows = 0
        self.failed = 0
        self._headed = False

    def row(self, what: str, ours: Sequence[float], peer: Sequence[float] = (), goal: Goal | None = None,
            more_is_better: bool = True) -> None:
        """One figure from the rounds' values: medians are compared; JSON has the best and the worst beside them."""
        mine, theirs = middle(ours), middle(peer)
        ratio = mine / theirs if theirs else math.nan
        value = mine if goal and goal.of == "ours" else ratio
        holds = None if goal is None or math.isnan(value) else goal.holds(value)
        if goal and holds is None:
            holds = False  # a figure that could not be measured does not hold
        self.rows += 1
        self.failed += holds is False
        best, worst = (max, min) if more_is_better else (min, max)
        self._print({
            "what": what, "ours": rounded(mine), "peer": rounded(theirs), "ratio": rounded(ratio),
            "goal": goal.words if goal else None, "holds": holds,
            "ours_best": rounded(best(ours, default=math.nan)), "peer_best": rounded(best(peer, default=math.nan)),
            "ours_worst": rounded(worst(ours, default=math.nan)), "peer_worst": rounded(worst(peer, default=math.nan)),
            "rounds": len(ours),
        })

    def _print(self, row: dict) -> None:
        if self.as_json:
            print(json.dumps(row), flush=True)
            return
        if not self._headed:
            print(line(HEADINGS), flush=True)
            self._headed = True
        held = {True: "yes", False: "NO", None: "-"}[row["holds"]]
        cells = [row["what"], *(shown(row[key]) for key in ("ours", "peer", "ratio")), row["goal"] or "-", held]
        print(line(cells), flush=True)

    def note(self, text: str) -> None:
        """What a reader has to know besides; on standard error, so that JSON lines stay JSON lines."""
        import sys
        print(f"# {text}", file=sys.stderr, flush=True)


def middle(values: Sequence[float]) -> float:
    return statistics.median(values) if values else math.nan


def rounded(value: float) -> float | None:
    if math.isnan(value):
        return None
    digits = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return round(value, digits)


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:g}"


def line(cells: Sequence[str]) -> str:
    first, *rest = cells
    return f"{first:<{WIDTHS[0]}}" + "".join(f"{cell:>{width}}" for cell, width in zip(rest, WIDTHS[1:]))
