"""`affineur policy check`, `diff` and `import-map`: what people and programs read, where errors are, exit statuses."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from support.hostile import check_harmless
from support.program import Result, World

OTHERS = {"index": "0.5", "pypi-curator": "1.0"}


def mail(internal: int, top: str = "") -> str:
    """The mail's policy: index 0.5, its curator 1.0, internal curators 2.0 each, minimum 5.5."""
    weights = OTHERS | {f"curator-{number}": "2.0" for number in range(1, internal + 1)}
    parties = "".join(
        f'[party.{name}]\nrepository = "https://{name}.example/tuf/"\nroot = "{name}.json"\n'
        f'weight = {{ {"unclaimed" if name == "index" else "audited"} = "{weight}" }}\n'
        for name, weight in weights.items()
    )
    return f'sources = ["index"]\nminimum-score = "5.5"\n{top}\n{parties}'


def check(world: World, text: str, *options: str) -> Result:
    return world.affineur("policy", "check", world.policy(text), *options)


def checked(world: World, text: str) -> dict:
    return json.loads(check(world, text, "--json").succeeded().stdout)


def sets(found: list[list[str]]) -> set[frozenset[str]]:
    assert all(isinstance(name, str) for names in found for name in names)
    return {frozenset(names) for names in found}


def test_with_two_internal_curators_everybody_is_needed(world: World) -> None:
    everybody = {"index", "pypi-curator", "curator-1", "curator-2"}
    found = checked(world, mail(2))
    assert sets(found["minimal_winning_coalitions"]) == {frozenset(everybody)}
    assert sets(found["minimal_blocking_sets"]) == {frozenset({name}) for name in everybody}
    assert found["gap"] is None and found["suggestion"] is None
    told = check(world, mail(2)).succeeded()
    told.says("Enough: 1 coalition", "Blocking: 4 sets", "5.500", "Without", "nothing passes")
    told.says("With one more party that weighs as much as curator-1", "no longer needed then")


def test_with_three_the_gap_is_named_and_require_repairs_it(world: World) -> None:
    internal = ["curator-1", "curator-2", "curator-3"]
    found = checked(world, mail(3))
    pairs = {frozenset(pair) | {"index", "pypi-curator"} for pair in combinations(internal, 2)}
    assert sets(found["minimal_winning_coalitions"]) == pairs | {frozenset(internal)}
    assert found["minimal_winning_coalitions_count"] == "4"
    assert (found["gap"]["alone"], found["gap"]["score"]) == (internal, "6.000")
    assert set(found["gap"]["left_out"]) == {"index", "pypi-curator"}
    told = check(world, mail(3)).succeeded()
    told.says("Enough: 4 coalitions", "curator-1, curator-2 and curator-3 alone reach 6.000 of 5.500", "not needed")

    names = ", ".join(f'"{name}"' for name in found["suggestion"]["require"])
    told.says(f"write require = [{names}]: 3 coalitions are left")
    repaired = checked(world, mail(3, f"require = [{names}]"))
    assert sets(repaired["minimal_winning_coalitions"]) == pairs
    assert repaired["gap"] is None and repaired["suggestion"] is None


def test_asserted_intents_decide_the_exit_status(world: World) -> None:
    intents = 'assert = ["requires(index)"]'
    check(world, mail(2, intents)).succeeded()
    broken = check(world, mail(3, intents))
    assert broken.status == 1, broken
    broken.says("requires(index) does not hold: curator-1, curator-2 and curator-3")
    found = json.loads(check(world, mail(3, intents), "--json").stdout)
    assert found["broken_intents"] == [
        {"intent": "requires(index)", "by": {"parties": ["curator-1", "curator-2", "curator-3"]}}
    ]


@pytest.mark.parametrize(
    ("top", "line", "column", "said"),
    [
        ('rule = "curator-1 and"', 3, None, None),
        ('rule = "stranger"', 3, None, "stranger"),
        ("minimum-scroe = 1", 3, 1, "minimum-scroe"),
        ('require = ["index", "nobody"]', 3, 21, "nobody"),
        ("veto = 2.5", 3, 8, None),
    ],
)
@pytest.mark.parametrize("command", ["check", "check --json", "diff"])
def test_errors_have_line_and_column_whatever_reads_the_policy(
    command: str, top: str, line: int, column: int | None, said: str | None, world: World
) -> None:
    wrong = world.policy(mail(2, top), "wrong.toml")
    words = {"check": ("check", wrong), "check --json": ("check", wrong, "--json"), "diff": ("diff", wrong, wrong)}[command]
    result = world.affineur("policy", *words)
    assert result.status == 2, result
    assert result.stdout == ""
    result.says("wrong.toml", f"line {line}", "hint:", *([said] if said else []))
    result.says(f"column {column}" if column else "column ")


def test_a_file_that_is_not_there_or_too_large_is_a_usage_error(world: World) -> None:
    large = world.policy("#" * (2 << 20), "large.toml")
    for file in (world.root / "missing.toml", large, world.root):
        for words in (("check", file), ("diff", file, file), ("import-map", file)):
            result = world.affineur("policy", *words)
            assert result.status == 2, result
            result.says("cannot be read")


def test_diff_says_who_gets_more_through_and_who_less(world: World) -> None:
    two, three = world.policy(mail(2), "two.toml"), world.policy(mail(3), "three.toml")
    world.affineur("policy", "diff", two, two).succeeded().says("the two decide alike")
    more = world.affineur("policy", "diff", two, three)
    assert more.status == 1, more
    more.says("+ may let more through", "demand", "enough")
    world.affineur("policy", "diff", three, two).succeeded().says("- withholds more", "no longer enough")
    found = json.loads(world.affineur("policy", "diff", two, three, "--json").stdout)
    assert [row["admits"] for row in found if row["key"] == "demand"] == [True]
    assert json.loads(world.affineur("policy", "diff", two, two, "--json").succeeded().stdout) == []


def map_file(world: World, *more: dict, **mapping: object) -> Path:
    entry = {"paths": ["requests/*"], "repositories": ["a", "b"], "threshold": 2, "terminating": True} | mapping
    repositories = {name: [f"https://{name}.example/tuf/"] for name in ("a", "b")}
    return world.write("map.json", json.dumps({"repositories": repositories, "mapping": [entry, *more]}))


def test_a_tap_4_map_becomes_a_policy_that_is_one(world: World) -> None:
    printed = world.affineur("policy", "import-map", map_file(world)).succeeded().stdout
    found = checked(world, printed)
    parts = [found, *found["scopes"]]
    coalitions = [coalition for part in parts for coalition in sets(part["minimal_winning_coalitions"])]
    assert frozenset({"a", "b"}) in coalitions
    same = world.policy(printed, "same.toml")
    world.affineur("policy", "diff", same, same).succeeded()


def test_what_no_policy_can_say_is_refused(world: World) -> None:
    rest = {"paths": ["*"], "repositories": ["a"], "threshold": 1, "terminating": True}
    for mapping in ({"terminating": False}, {"paths": ["a/b/*"]}, {"threshold": 3}, {"repositories": ["\x1b[31m"]}):
        result = world.affineur("policy", "import-map", map_file(world, rest, **mapping))
        assert result.status == 2, result
        check_harmless(result)
        result.says("map.json", "hint:")
    result = world.affineur("policy", "import-map", world.write("map.json", "{"))
    assert result.status == 2, result
