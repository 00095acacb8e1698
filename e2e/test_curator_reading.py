"""What auditors read: differences on a terminal (`curator audit --diff`), and what to read next (`curator suggest`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.hostile import check_harmless
from support.packages import Package, sdist, wheel
from support.program import Result, World
from support.terminal import at_terminal

WORDS = "correct horse battery"


@pytest.fixture
def dists(world: World) -> Path:
    folder = world.work / "dists"
    folder.mkdir()
    return folder


def put(folder: Path, package: Package) -> Path:
    file = folder / package.filename
    file.write_bytes(package.data)
    return file


def source(name: str, version: str, lines: int, more: dict[str, bytes] | None = None) -> Package:
    """A wheel with a module of so many lines, the first of which are those of any shorter one."""
    module = "".join(f"value_{number} = {number}\n" for number in range(lines)).encode()
    return wheel(name, version, extra={f"{name}/data.py": module, **(more or {})})


@pytest.fixture
def curator(world: World) -> str:
    """A curator with the auditor anna, whose key is here too."""
    world.write("pw", f"{WORDS}\n")
    world.affineur("curator", "init", "acme", "--url", "https://curator.example/", "--passphrase-file", "pw").succeeded()
    world.affineur("key", "new", "anna", "--passphrase-file", "pw").succeeded()
    world.affineur("curator", "auditor", "add", "acme", "anna", "--key", "anna").succeeded()
    return "acme"


def audit(world: World, curator: str, file: Path, *options: object) -> None:
    statement = world.work / f"{file.name}.json"
    words = ("--criteria", "safe-to-deploy", "--notes", "read", "--until", "365d", "--as", "anna")
    signed = ("curator", "audit", file, *words, "--passphrase-file", "pw", "--out", statement, *options)
    world.affineur(*signed).succeeded()
    world.affineur("curator", "tally", curator, statement).succeeded()


def show(world: World, old: Path, new: Path) -> Result:
    return world.affineur("curator", "audit", new, "--from", old, "--diff")


def suggested(world: World, curator: str, lock: Path, *options: object) -> dict:
    words = ("curator", "suggest", curator, "-r", lock, "--dists", "dists", "--json", *options)
    return json.loads(world.affineur(*words).succeeded().stdout)


def test_a_difference_is_shown_member_by_member_and_nothing_is_signed(world: World, dists: Path) -> None:
    old = put(dists, source("thing", "1.0", 9, {"thing/gone.py": b"x = 1\n"}))
    new = put(dists, source("thing", "1.1", 10, {"thing/native.so": b"\x7fELF\0" * 10, "thing/new.py": b"import os"}))
    before = sorted(path.name for path in world.work.rglob("*"))
    result = show(world, old, new).succeeded()
    lines = result.stdout.splitlines()
    for line in ("+value_9 = 9", "-x = 1", "+import os", "\\ no line feed at the end", " value_8 = 8"):
        assert line in lines, result
    result.says(
        "changed thing/data.py", "removed thing/gone.py", "added thing/new.py",
        "added thing/native.so no text, or too large: 50 bytes, sha256:",
        "thing-1.0.dist-info/METADATA -> thing-1.1.dist-info/METADATA", "lines to read",
    )
    assert sorted(path.name for path in world.work.rglob("*")) == before
    backwards = show(world, new, old).succeeded()
    assert "-value_9 = 9" in backwards.stdout.splitlines()
    show(world, old, old).succeeded().says("0 members differ", "0 lines to read")


def test_a_source_distribution_is_compared_with_its_wheel(world: World, dists: Path) -> None:
    show(world, put(dists, sdist("thing", "1.0")), put(dists, wheel("thing", "1.0"))).succeeded().says("lines to read")


def test_what_a_file_says_does_not_reach_the_terminal(world: World, dists: Path) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J \u202e\u2066 \x9b31m\rhidden\n".encode() + b"\xff\xfe\n"
    old = put(dists, source("thing", "1.0", 1))
    new = put(dists, source("thing", "1.1", 1, {"thing/evil\u202e.py": hostile, "thing/minified.js": b";" * 100_000}))
    result = show(world, old, new).succeeded()
    check_harmless(result)
    result.says("\\u{1b}]0;owned\\u{7}", "\\u{202e}", "\\rhidden", "\\xff\\xfe", "evil\\u{202e}.py", "more characters of this line")
    assert max(len(line) for line in result.stdout.splitlines()) < 400


def test_colours_are_for_terminals_that_want_them(world: World, dists: Path) -> None:
    old, new = put(dists, source("thing", "1.0", 1)), put(dists, source("thing", "1.1", 2))
    words = ("curator", "audit", new, "--from", old, "--diff")
    assert "\x1b[" not in world.affineur(*words, env={"NO_COLOR": None, "TERM": "xterm"}).succeeded().stdout, "a pipe"
    assert "\x1b[" not in at_terminal(world, *words, answers=[]).seen
    world.env = {key: value for key, value in world.env.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    assert "\x1b[32m+value_1 = 1" in at_terminal(world, *words, answers=[]).seen


@pytest.mark.parametrize("damage", ["cut", "twice", "nothing", "missing", "other name"])
def test_what_cannot_be_read_in_one_way_is_not_compared(damage: str, world: World, dists: Path) -> None:
    old, new = put(dists, source("thing", "1.0", 3)), put(dists, source("thing", "1.1", 3))
    data = new.read_bytes()
    if damage == "missing":
        new.unlink()
    elif damage == "other name":
        new = new.rename(dists / "thing-1.1.exe")
    else:
        new.write_bytes({"cut": data[:-9], "twice": data + data, "nothing": b""}[damage])
    result = show(world, old, new)
    assert result.status == (2 if damage in ("missing", "other name") else 1), result
    assert result.stdout == ""
    result.says(new.name, "hint:")


def test_showing_and_signing_are_two_commands(world: World, dists: Path) -> None:
    file = put(dists, source("thing", "1.0", 1))
    for words in (("--diff",), ("--diff", "--from", file, "--as", "anna"), ("--from", file, "--as", "anna")):
        result = world.affineur("curator", "audit", file, *words)
        assert result.status == 2, result


def test_the_cheapest_way_is_suggested_first(world: World, dists: Path, curator: str) -> None:
    """`thing` is audited in an older version, `other` in none, `done` as it is; `away` is not in the folder."""
    audit(world, curator, put(dists, source("thing", "1.0", 500)))
    audit(world, curator, put(dists, source("done", "1.0", 5)))
    put(dists, source("thing", "1.1", 501)), put(dists, source("other", "1.0", 40))
    lock = world.write("requirements.txt", "other==1.0\nthing==1.1\ndone==1.0\naway==1.0\n-e .\n")
    found = suggested(world, curator, lock)
    thing, other, away = found["suggestions"]
    assert (thing["file"], thing["audit"], thing["from"]) == (
        "thing-1.1-py3-none-any.whl", "difference", "thing-1.0-py3-none-any.whl",
    )
    assert (other["file"], other["audit"]) == ("other-1.0-py3-none-any.whl", "whole")
    assert 0 < thing["lines"] < other["lines"] < 100 and thing["whole"] > 500
    assert (away["file"], away["audit"]) == ("away 1.0", "unknown")
    assert found["audited"] == 1 and [entry["line"] for entry in found["elsewhere"]] == [5]
    # The measure is what --diff says.
    shown = show(world, dists / thing["from"], dists / thing["file"]).succeeded()
    shown.says(f"{thing['lines']} lines to read")
    told = world.affineur("curator", "suggest", curator, "-r", lock, "--dists", "dists").succeeded()
    told.says(
        f"{thing['lines']} lines thing-1.1-py3-none-any.whl as different from thing-1.0-py3-none-any.whl",
        f"{other['lines']} lines other-1.0-py3-none-any.whl all of it",
        "? away 1.0 no file of it is in the folder", "1 audited, 3 not", "not decided: an entry (line 5",
    )
    audit(world, curator, dists / thing["file"], "--from", dists / thing["from"])
    assert suggested(world, curator, lock)["audited"] == 2


def test_an_audit_of_other_bytes_or_of_less_is_none(world: World, dists: Path, curator: str) -> None:
    file = put(dists, source("thing", "1.0", 5))
    audit(world, curator, file)
    lock = world.write("requirements.txt", "thing==1.0\n")
    assert suggested(world, curator, lock)["suggestions"] == []
    file.write_bytes(source("thing", "1.0", 6).data)
    assert [row["audit"] for row in suggested(world, curator, lock)["suggestions"]] == ["whole"]
    hashed = world.write("hashed.txt", f"thing==1.0 --hash=sha256:{'0' * 64}\n")
    assert [row["audit"] for row in suggested(world, curator, hashed)["suggestions"]] == ["unknown"]


def test_a_hostile_distribution_does_not_stop_the_others(world: World, dists: Path, curator: str) -> None:
    good, bad = put(dists, source("good", "1.0", 5)), put(dists, source("bad", "1.0", 5))
    bad.write_bytes(bad.read_bytes() + good.read_bytes())
    lock = world.write("requirements.txt", "bad==1.0\ngood==1.0\n")
    good_row, bad_row = suggested(world, curator, lock)["suggestions"]
    assert (good_row["audit"], bad_row["audit"]) == ("whole", "unknown")
    assert "table of contents" in bad_row["because"]
