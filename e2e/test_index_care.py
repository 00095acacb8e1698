"""What administrators say of projects and files, and how an index is checked, cleaned and watched."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from pathlib import Path

import pytest

from support.answers import Answer
from support.index import Index, in_project, post
from support.installers import BOTH, Installer
from support.packages import installed, wheel
from support.program import Gateway, World, until
from support.upstream import JSON_TYPE

BRIE, COMTE = wheel("brie", "1.0"), wheel("comte", "1.0")
EACH = pytest.mark.parametrize("installer", BOTH, ids=str)


# Quarantine


@EACH
def test_of_a_quarantined_project_nothing_is_installed_and_the_reason_is_said(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(BRIE, wheel("brie", "2.0"), COMTE).succeeded()
    options = ("--policy", index.client(serving) / "affineur.toml")
    installer.install(world, "brie", options=options).succeeded()
    index.command("quarantine", "brie", "--reason", "it steals tokens").succeeded().says("published: timestamp")
    world.again(minutes=5)
    world.clear_caches()
    for requirement in ("brie", "brie==1.0"):
        refused = installer.install(world, requirement, options=options).failed()
        refused.says("quarantine", "it steals tokens")
        assert installed(world.site) == {}
    installer.install(world, "comte", options=options).succeeded()
    index.command("quarantine", "brie", "--lift").succeeded()
    world.again(minutes=5)
    installer.install(world, "brie", options=options).succeeded()
    assert installed(world.site)["brie"] == "2.0"


@EACH
def test_without_affineur_a_quarantined_project_has_no_files_either(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(BRIE).succeeded()
    index.command("quarantine", "brie", "--reason", "it steals tokens").succeeded()
    page = Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()
    assert page["files"] == [] and page["project-status"] == {"status": "quarantined", "reason": "it steals tokens"}
    world.command(*installer.words(world.site), "brie", env=serving.environment).failed()
    assert installed(world.site) == {}


@EACH
@pytest.mark.parametrize("mark", ["archived", "deprecated"])
def test_what_is_marked_is_installed_all_the_same(
    mark: str, installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(BRIE).succeeded()
    index.command("mark", "brie", mark, "--reason", "use comte").succeeded()
    page = Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()
    assert page["project-status"] == {"status": mark, "reason": "use comte"}
    installer.install(world, "brie", options=("--policy", index.client(serving) / "affineur.toml")).succeeded()
    index.command("mark", "brie", "active").succeeded()
    assert Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()["project-status"] == {"status": "active"}


def test_a_deleted_file_is_gone_and_its_name_stays_taken(index: Index, serving: Gateway) -> None:
    index.publish(BRIE, wheel("brie", "2.0")).succeeded()
    index.command("delete", BRIE.filename).succeeded().says("published: timestamp")
    assert Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()["versions"] == ["2.0"]
    assert Answer(f"{serving.origin}/files/brie/{BRIE.filename}").status == 404
    for package in (BRIE, wheel("brie", "1.0", padding=10)):
        again = post(serving, index.token(), package)
        assert again.status == 409, again.text
    assert index.command("fsck", "--rehash").succeeded()
    twice = index.command("delete", BRIE.filename)
    assert twice.status == 2, twice
    twice.says("there is no published file brie-1.0-py3-none-any.whl")


def test_yanks_of_developers_and_of_the_index_stand_beside_each_other(index: Index, serving: Gateway) -> None:
    index.publish(BRIE).succeeded()

    def yanked() -> object:
        return Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()["files"][0].get("yanked", False)

    index.command("yank", "brie==1.0", "--reason", "ours").succeeded()
    index.command("yank", "brie==1.0", "--reason", "theirs", "--by", "index").succeeded()
    assert yanked() == "theirs"
    index.command("yank", "brie==1.0", "--undo", "--by", "index").succeeded()
    assert yanked() == "ours"
    index.command("yank", "brie==1.0", "--undo").succeeded()
    assert yanked() is False


@pytest.mark.parametrize("command, words", [
    (("quarantine", "crust", "--reason", "x"), "there is no project crust"),
    (("quarantine", "brie"), "--reason"),
    (("quarantine", "brie", "--lift"), "brie is not in quarantine"),
    (("mark", "brie", "quarantined"), "possible values: archived, deprecated, active"),
    (("delete", "brie-9.tar.gz"), "there is no published file"),
])
def test_what_cannot_be_said_is_refused(command: tuple, words: str, index: Index) -> None:
    index.publish(BRIE).succeeded()
    name, *rest = command
    result = index.command(name, *rest)
    assert result.status == 2, result
    result.says(words)


def test_no_mark_ends_a_quarantine(index: Index) -> None:
    index.publish(BRIE).succeeded()
    index.command("quarantine", "brie", "--reason", "x").succeeded()
    result = index.command("mark", "brie", "active")
    assert result.status == 2, result
    result.says("brie is in quarantine, which no other mark ends", "--lift")


# Check and clean


def fsck(index: Index, *options: str) -> list[dict]:
    result = index.command("fsck", "--json", *options)
    answer = json.loads(result.stdout)
    harmful = [finding for finding in answer["findings"] if not finding["harmless"]]
    assert (result.status, answer["clean"]) == ((1, False) if harmful else (0, True)), result
    return answer["findings"]


def blob_of(index: Index, sha256: str) -> Path:
    return index.folder / "blobs" / sha256[:2] / sha256


def statement(index: Index, *words: object) -> None:
    database = sqlite3.connect(index.folder / "index.db")
    with database:
        database.execute(*words)
    database.close()


def forget_metadata(index: Index, role: str) -> None:
    statement(index, "DELETE FROM metadata WHERE role = ? AND superseded_at IS NULL", [role])


def test_an_index_in_use_has_no_findings(index: Index, serving: Gateway) -> None:
    index.publish(BRIE, COMTE, wheel("brie", "2.0")).succeeded()
    index.command("yank", "brie==1.0").succeeded()
    index.command("quarantine", "comte", "--reason", "x").succeeded()
    assert fsck(index) == fsck(index, "--rehash") == []
    index.command("fsck").succeeded().says("nothing is missing, damaged or signed otherwise")


DAMAGES = {
    "a file is gone": (lambda index: blob_of(index, BRIE.sha256).unlink(), "are not there", "backup of blobs"),
    "a file is shorter": (lambda index: blob_of(index, BRIE.sha256).write_bytes(b"x"), "have a length of 1", "backup of blobs"),
    "a snapshot is gone": (lambda index: forget_metadata(index, "snapshot"), "snapshot.json is listed and not there", "backup"),
    "the role bins is gone": (lambda index: forget_metadata(index, "bins"), "1.bins.json is listed and not there", "backup"),
    "the overlay is another": (
        lambda index: statement(
            index,
            "UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), 'active', 'arrive') AS BLOB) "
            "WHERE id = (SELECT document FROM target WHERE path = '_status/brie.json')",
        ),
        "_status/brie.json:", "its documents are written anew",
    ),
    "a listing is gone": (
        lambda index: statement(index, "DELETE FROM target WHERE path = ?", [in_project("brie")]),
        "brie/index.json: it is not there", "its documents are written anew",
    ),
    "a file was slipped into the database": (
        lambda index: statement(index, "UPDATE file SET size = size + 1"), "published and not listed as it is", "anew",
    ),
    "the expiry of a bin is moved": (
        lambda index: statement(
            index,
            "UPDATE document SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"expires\":\"20', '\"expires\":\"21') AS BLOB) "
            "WHERE id = (SELECT document FROM metadata WHERE role = 'bin.4-0' AND superseded_at IS NULL)",
        ),
        "signed by 0 of the 1 keys", "serve",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_and_has_a_hint(damage: str, index: Index) -> None:
    index.publish(BRIE).succeeded()
    apply, words, hint = DAMAGES[damage]
    apply(index)
    findings = fsck(index)
    assert any(words in finding["what"] and hint in finding["hint"] for finding in findings), findings
    told = index.command("fsck")
    assert told.status == 1, told
    told.says(words, "found:", "finding")


def test_changed_bytes_of_the_same_length_are_found_when_everything_is_read(index: Index) -> None:
    index.publish(BRIE).succeeded()
    blob = blob_of(index, BRIE.sha256)
    blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:])
    assert fsck(index) == []
    assert "the digest is" in fsck(index, "--rehash")[0]["what"]


def test_what_expired_is_found(index: Index, world: World) -> None:
    index.publish(BRIE).succeeded()
    world.again(days=2)
    assert "clients refuse everything: timestamp: expired" in fsck(index)[0]["what"]


def test_what_uploads_left_is_removed_when_it_is_old_and_nothing_else_is(index: Index, world: World) -> None:
    index.publish(BRIE).succeeded()
    left = [blob_of(index, digit * 64) for digit in "ab"]
    for path in left:
        path.write_bytes(b"cut short")
    old = time.time() - 2 * 24 * 3600
    for path in [left[0], blob_of(index, BRIE.sha256)]:
        os.utime(path, (old, old))
    assert [finding["harmless"] for finding in fsck(index)] == [True, True]
    index.command("gc").succeeded().says("removed 1 files that uploads left that were cut short (9 bytes)")
    assert [path.exists() for path in left] == [False, True]
    left_again = blob_of(index, "a" * 64)
    left_again.write_bytes(b"cut short")
    os.utime(left_again, (old, old))
    with index.serve() as serving:
        assert until(lambda: not left_again.exists()), "serve does it by itself"
        assert Answer(f"{serving.origin}/files/brie/{BRIE.filename}").body == BRIE.data
    assert fsck(index, "--rehash") == [{**fsck(index)[0], "harmless": True}]


def test_old_metadata_go_and_roots_stay(index: Index, world: World) -> None:
    for version in range(4):
        index.publish(wheel("brie", f"{version}.0")).succeeded()
    kept = json.loads(index.command("gc", "--json").succeeded().stdout)
    assert kept["metadata"] == 0, "a client may be on its way"
    world.again(hours=2)
    gone = json.loads(index.command("gc", "--json").succeeded().stdout)
    assert gone["metadata"] >= 4 and gone["targets"] >= 4
    assert fsck(index, "--rehash") == []


# Metrics


def metrics(port: int) -> dict[str, float]:
    text = Answer(f"http://127.0.0.1:{port}/metrics").text
    assert "brie" not in text, "project names make unbounded label sets"
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_metrics_say_what_the_documentation_says(index: Index) -> None:
    port, token = free_port(), index.token()
    with index.serve("--metrics-listen", f"127.0.0.1:{port}") as serving:
        assert post(serving, token, BRIE).status == 200
        assert post(serving, None, BRIE).status == 401
        assert post(serving, token, wheel("brie", "1.0", padding=9)).status == 409
        assert post(serving, token, wheel("brie", "3.0"), sha256_digest="0" * 64).status == 400
        Answer(f"{serving.index}brie/")
        assert until(lambda: metrics(port).get("affineur_index_published_version") == index.status()["roles"][1]["version"])
        found = metrics(port)
    assert found['affineur_index_requests_total{route="/simple/{project}/",status="200"}'] == 1
    assert found['affineur_index_uploads_total{outcome="accepted"}'] == 1
    for reason in ("token", "name-taken", "content"):
        assert found[f'affineur_index_uploads_total{{outcome="refused",reason="{reason}"}}'] == 1, reason
    assert found["affineur_index_pending_changes"] == 0
    assert found["affineur_index_publication_seconds_count"] >= 1
    assert 0 <= time.time() - found["affineur_index_published_unix_seconds"] < 120
    year, day = 365 * 24 * 3600, 24 * 3600
    for role, valid in [("root", year), ("targets", year), ("bins", year), ("timestamp", day), ("snapshot", day), ("bin", day)]:
        left = found[f'affineur_index_expires_seconds{{role="{role}"}}']
        # The index was made at the beginning of all tests.
        assert valid - 2 * 3600 < left <= valid, (role, left)
    documented = (Path(__file__).parents[1] / "docs" / "operate" / "index.md").read_text()
    for name in {re.sub(r"_(sum|count)$", "", name.split("{")[0]) for name in found}:
        assert f"`{name}`" in documented, name


def test_readiness_ends_with_the_timestamp(index: Index, world: World) -> None:
    """The publisher cannot sign: its disk is full, say. Here it is the database that nobody may write."""
    index.publish(BRIE).succeeded()
    blocker = sqlite3.connect(index.folder / "index.db", isolation_level=None)
    with index.serve() as serving:
        assert Answer(f"{serving.origin}/health/ready").status == 200
    world.again(days=2)
    blocker.execute("BEGIN IMMEDIATE")
    with index.serve() as serving:
        answer = Answer(f"{serving.origin}/health/ready")
        assert answer.status == 503 and "the timestamp has expired" in answer.json()["detail"]
        assert Answer(f"{serving.origin}/health/live").status == 200
        blocker.execute("ROLLBACK")
        assert until(lambda: Answer(f"{serving.origin}/health/ready").status == 200, 40)
    blocker.close()
