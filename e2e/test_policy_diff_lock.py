"""`affineur policy diff OLD NEW --lock`: which real files would have another outcome, and that nothing is remembered of asking."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta

import pytest

from support import faults
from support.hostile import check_harmless
from support.packages import sdist, wheel
from support.program import Result, World
from support.projects import uv_project
from support.upstream import LONG_AGO, TODAY, Upstream

FIVE_DAYS = timedelta(days=5)


@pytest.fixture
def index(json_upstream: Upstream) -> Upstream:
    """`old` is old, `new` is five days old, `fresh` is of today; `new` has two files."""
    json_upstream.add(wheel("old", "1.0"), age=LONG_AGO)
    json_upstream.add(wheel("new", "2.0"), age=FIVE_DAYS)
    json_upstream.add(sdist("new", "2.0"), age=FIVE_DAYS)
    json_upstream.add(wheel("fresh", "3.0"), age=TODAY)
    return json_upstream


def policy(world: World, index: Upstream, name: str, top: str, more: str = "") -> str:
    text = f'sources = ["index"]\n{top}\n[party.index]\nupstream = "{index.url}"\n{more}'
    return str(world.policy(text, f"{name}.toml"))


@pytest.fixture
def three_days(world: World, index: Upstream) -> str:
    return policy(world, index, "three", 'minimum-age = "3d"')


@pytest.fixture
def week(world: World, index: Upstream) -> str:
    return policy(world, index, "week", 'minimum-age = "7d"')


def diff(world: World, old: str, new: str, lock: object, *options: object) -> Result:
    return world.affineur("policy", "diff", old, new, "--lock", lock, *options)


def report(world: World, old: str, new: str, lock: object, *options: object) -> tuple[int, dict]:
    result = diff(world, old, new, lock, "--json", *options)
    return result.status, json.loads(result.stdout)


def outcomes(found: dict) -> dict[str, tuple[str, str]]:
    return {row["file"]: (row["old"]["outcome"], row["new"]["outcome"]) for row in found["files"]}


CHANGED = {name: ("let-through", "withheld") for name in ("new-2.0-py3-none-any.whl", "new-2.0.tar.gz")}


def locked_by(tool: str, world: World, index: Upstream) -> object:
    """A lock of `old`, `new` and `fresh` as a real tool makes it."""
    packages = ("old", "new", "fresh")
    if tool == "uv.lock":
        return uv_project(world, index, *packages)
    if tool == "pylock.toml of uv":
        uv_project(world, index, *packages)
        world.command("uv", "export", "-q", "--frozen", "--format", "pylock.toml", "-o", "pylock.toml").succeeded()
        return world.work / "pylock.toml"
    if tool == "requirements of uv":
        wanted = world.write("wanted.in", "\n".join(packages))
        compile = ("uv", "pip", "compile", "-q", wanted, "--generate-hashes", "-o", "requirements.txt")
        world.command(*compile, "--index-url", index.url).succeeded()
        return world.work / "requirements.txt"
    if tool == "pylock.toml of pip":
        world.command("pip", "lock", "--index-url", index.url, *packages).succeeded()
        return world.work / "pylock.toml"
    world.command("pip", "install", "--index-url", index.url, "--target", world.site, *packages).succeeded()
    frozen = world.command("pip", "freeze", "--path", world.site).succeeded().stdout
    return world.write("requirements.txt", frozen)


@pytest.mark.parametrize(
    ("tool", "files"),
    [("uv.lock", 4), ("pylock.toml of uv", 4), ("requirements of uv", 4), ("pylock.toml of pip", 3), ("pip freeze", 4)],
)
def test_the_lock_of_each_tool_says_which_files_change(
    tool: str, files: int, index: Upstream, world: World, three_days: str, week: str
) -> None:
    lock = locked_by(tool, world, index)
    status, found = report(world, three_days, week, lock)
    changed = {name: both for name, both in CHANGED.items() if tool != "pylock.toml of pip" or name.endswith(".whl")}
    assert (status, outcomes(found)) == (1, changed)
    assert (found["compared"], found["changed"], found["cannot_tell"]) == (files, len(changed), 0)
    status, found = report(world, three_days, week, lock, "--all")
    everything = outcomes(found)
    assert everything["old-1.0-py3-none-any.whl"] == ("let-through", "let-through")
    assert everything["fresh-3.0-py3-none-any.whl"] == ("withheld", "withheld") and len(everything) == files


def test_what_a_person_reads(index: Upstream, world: World, three_days: str, week: str) -> None:
    lock = world.write("requirements.txt", "old==1.0\nnew==2.0\nfresh==3.0\n-e .\n")
    result = diff(world, three_days, week, lock)
    assert result.status == 1, result
    result.says(
        "- new-2.0-py3-none-any.whl old: let-through", "released 5 days ago", "new: withheld", "waits 7 days",
        "of 4 files 2 change: 0 let through from now on, 2 withheld from now on",
        "not decided: an entry (line 4: from a source tree)",
    )
    result.does_not_say("old-1.0", "fresh-3.0")
    back = diff(world, week, three_days, lock, "--all")
    assert back.status == 1, back
    back.says("+ new-2.0.tar.gz old: withheld", "of 4 files 2 change: 2 let through from now on", ". old-1.0-py3-none-any.whl")
    same = diff(world, week, week, lock).succeeded()
    same.says("of 4 files none changes its outcome").does_not_say("new-2.0")


def test_a_mode_is_a_change_and_so_is_another_source(
    index: Upstream, make_upstream: object, world: World, three_days: str
) -> None:
    observe = policy(world, index, "observe", 'mode = "observe"')
    lock = world.write("requirements.txt", "old==1.0\nfresh==3.0\n")
    assert outcomes(report(world, three_days, observe, lock)[1]) == {"fresh-3.0-py3-none-any.whl": ("withheld", "observed")}
    empty = make_upstream()
    elsewhere = policy(world, empty, "elsewhere", "")
    status, found = report(world, three_days, elsewhere, lock)
    assert status == 1 and found["changed"] == 2, found


def test_a_lock_with_another_digest_than_the_index_is_told(
    index: Upstream, world: World, three_days: str, week: str
) -> None:
    lock = uv_project(world, index, "old")
    lock.write_text(lock.read_text().replace(wheel("old", "1.0").sha256, "0" * 64))
    status, found = report(world, three_days, week, lock, "--all")
    assert (status, outcomes(found)) == (0, {"old-1.0-py3-none-any.whl": ("other-digest", "other-digest")})
    assert "another digest" in found["files"][0]["old"]["reason"]
    hashed = world.write("requirements.txt", f"old==1.0 --hash=sha256:{'0' * 64}\n")
    status, found = report(world, three_days, week, hashed, "--all")
    assert (status, [row["old"]["outcome"] for row in found["files"]]) == (0, ["not-listed"])


def test_where_it_cannot_be_told_the_status_says_so(index: Upstream, world: World, three_days: str, week: str) -> None:
    lock = world.write("requirements.txt", "old==1.0\n")
    index.faults["/simple/old/"] = faults.status(503)
    status, found = report(world, three_days, week, lock)
    assert (status, found["changed"], found["cannot_tell"]) == (3, 0, 1), found
    diff(world, three_days, week, lock).says("of 1 it cannot be told now")


def test_nothing_is_remembered_of_asking(index: Upstream, world: World, three_days: str, week: str) -> None:
    """A trial of a policy must not bind projects to its sources nor begin anybody's clock."""
    world.affineur("why", "old", "--policy", three_days).succeeded()

    def remembered() -> list[list[tuple]]:
        with sqlite3.connect(world.state / "state.db") as database:
            tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table' order by name")]
            return [database.execute(f'select * from "{table}"').fetchall() for table in tables]

    before = remembered()
    index.add(wheel("fresh", "3.1"), age=LONG_AGO)
    world.passed = timedelta(minutes=5)
    lock = world.write("requirements.txt", "old==1.0\nnew==2.0\nfresh==3.1\n")
    assert report(world, three_days, week, lock)[0] == 1
    assert remembered() == before
    text = world.work / "state.txt"
    report(world, three_days, week, lock, "--state", text)
    assert not text.exists()
    assert [path.name for path in world.temp.iterdir()] == [], "the copy of the state is gone"


def test_what_is_remembered_counts(index: Upstream, world: World, three_days: str, week: str) -> None:
    entry = index.entry("old-1.0-py3-none-any.whl")
    world.affineur("why", "old", "--policy", three_days).succeeded()
    world.again()
    evil = wheel("old", "1.0", origin="evil")
    entry.data, entry.sha256, entry.size = evil.data, evil.sha256, len(evil.data)
    lock = world.write("requirements.txt", "old==1.0\n")
    status, found = report(world, three_days, week, lock, "--all")
    assert status == 0 and "digest changed" in found["files"][0]["new"]["reason"], found


def test_the_policy_of_the_working_directory_is_not_added(index: Upstream, world: World, three_days: str, week: str) -> None:
    world.write("affineur.toml", 'minimum-age = "100d"\n')
    lock = world.write("requirements.txt", "new==2.0\n")
    assert outcomes(report(world, three_days, week, lock)[1]) == CHANGED


def test_a_policy_without_sources_is_tried_at_the_indexes_of_the_lock(index: Upstream, world: World) -> None:
    old, new = (str(world.policy(f'minimum-age = "{days}d"\n', f"{days}.toml")) for days in (3, 7))
    lock = uv_project(world, index, "new")
    assert outcomes(report(world, old, new, lock)[1]) == CHANGED
    bare = world.write("requirements.txt", "new==2.0\n")
    assert outcomes(report(world, old, new, bare, "--upstream", index.url)[1]) == CHANGED


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("poetry.lock", "", "its name is not that of a lock"),
        ("uv.lock", "version = 1\n[[package]]\nname = 3", "line 3: invalid type"),
        ("requirements.txt", "a==1\nb>=2\n", "line 2: b has no version"),
        ("requirements.txt", "-r other.txt\n", "line 1: it includes another file"),
        ("requirements.txt", "a==1\n--evil\x1b[31m\n", "line 2"),
    ],
)
def test_a_lock_that_cannot_be_read_is_a_usage_error(
    name: str, text: str, said: str, index: Upstream, world: World, three_days: str
) -> None:
    result = diff(world, three_days, three_days, world.write(name, text))
    assert result.status == 2, result
    check_harmless(result)
    result.says(said)
    assert index.log == []
