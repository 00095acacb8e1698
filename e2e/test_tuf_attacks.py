"""What a hostile or broken TUF repository does, and what a user sees of it: nothing wrong is ever written or believed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import SSlibKey

from support import faults
from support.hostile import check_harmless
from support.program import Result, World
from support.repository import Repository, in_

MakeRepository = Callable[..., Repository]
BRIE = b"brie\n" * 1000
HOSTILE, CANNOT_TELL = 1, 3
MALICE = "\x1b]0;owned\x07\u009b31m\u202e"


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    repository = make_repository()
    repository.delegate("first", paths=["shelf/*"])
    repository.delegate("second", paths=["shelf/*"])
    repository.add("cheese", BRIE)
    repository.add("shelf/brie", BRIE, "second")
    repository.publish()
    return repository


@pytest.fixture
def copy(repository: Repository, world: World) -> Path:
    """A local copy that is up to date."""
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    world.affineur("tuf", "refresh", "copy").succeeded()
    return world.work / "copy"


def refresh(world: World) -> Result:
    result = world.affineur("tuf", "refresh", "copy")
    check_harmless(result)
    return result


def download(world: World, *paths: str) -> Result:
    result = world.affineur("tuf", "download", "copy", *paths, "--to", "out")
    check_harmless(result)
    return result


def ends(result: Result, status: int, *phrases: str) -> None:
    assert result.status == status, result
    result.says(*phrases, "hint:")


def nothing_was_written(world: World) -> None:
    found = [path for path in (world.work / "out").rglob("*") if not path.is_dir()]
    assert not found, f"there are {found}"


def test_an_older_timestamp_is_a_rollback(repository: Repository, copy: Path, world: World) -> None:
    old = repository.server.files["/metadata/timestamp.json"]
    repository.publish("targets")
    refresh(world).succeeded()
    repository.server.files["/metadata/timestamp.json"] = old
    ends(refresh(world), HOSTILE, "timestamp: version 1 is older than 2", "a rollback")
    kept = json.loads((copy / "timestamp.json").read_text())
    assert kept["signed"]["version"] == 2


def test_an_older_snapshot_under_a_newer_timestamp_is_a_rollback(repository: Repository, copy: Path, world: World) -> None:
    old = repository.listed("snapshot")
    repository.publish("targets")
    refresh(world).succeeded()
    repository.roles["timestamp"].signed.snapshot_meta = old
    repository.sign("timestamp")
    ends(refresh(world), HOSTILE, "it lists version 1 of snapshot", "a rollback")


def test_a_repository_recovers_from_a_stolen_timestamp_key(repository: Repository, copy: Path, world: World) -> None:
    """Fast-forward: the thief signs the last version there is, so that nothing honest can follow. New keys undo it."""
    for role in ("timestamp", "snapshot"):
        repository.roles[role].signed.version = 2**40
    repository.publish("targets")
    refresh(world).succeeded()
    for role in ("timestamp", "snapshot"):
        repository.roles[role].signed.version = 5
    repository.publish("targets")
    ends(refresh(world), HOSTILE, "a rollback")
    for role in ("timestamp", "snapshot"):
        repository.give_new_key(role)
    repository.publish("root", "targets")
    refresh(world).succeeded().says("root version 1 -> 2", "timestamp version 1099511627777 -> 7, as its keys are new")


def test_a_root_on_the_way_may_have_expired_and_none_may_be_skipped(
    repository: Repository, copy: Path, world: World
) -> None:
    repository.root.expires = in_(timedelta(hours=-1))
    repository.publish("root")
    repository.root.expires = in_(timedelta(days=1))
    repository.publish("root")
    second = repository.server.files.pop("/metadata/2.root.json")
    refresh(world).succeeded().does_not_say("root version 1 ->")
    repository.server.files["/metadata/2.root.json"] = repository.server.files["/metadata/3.root.json"]
    ends(refresh(world), HOSTILE, "root: expected version 2, found 3")
    repository.server.files["/metadata/2.root.json"] = second
    refresh(world).succeeded().says("root version 1 -> 3")


def test_a_root_that_the_one_before_did_not_sign_is_hostile(repository: Repository, copy: Path, world: World) -> None:
    repository.rotate_root()
    repository.previous_root = []
    repository.publish("root")
    ends(refresh(world), HOSTILE, "root: signed by 0 of the 1 keys")


def test_a_key_that_nobody_knows_counts_nothing_and_is_named(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    strange = SSlibKey("strange-key", "sphinx", "sphinx-9", {"public": "00"})
    repository.root.keys["strange-key"] = strange
    repository.root.roles["targets"].keyids.append("strange-key")
    repository.add("cheese", BRIE)
    repository.publish()
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded().says("sphinx-9 strange-key")
    download(world, "cheese").succeeded().says("targets 1 (1 of 2 keys)")
    repository.root.roles["targets"].threshold = 2
    repository.publish("root", "targets")
    ends(download(world, "cheese"), HOSTILE, "signed by 1 of the 2 keys", "the key strange-key cannot be used: unknown scheme")


def test_wrong_bytes_get_no_name(repository: Repository, copy: Path, world: World) -> None:
    repository.server.files[repository.target_name("cheese", BRIE)] = BRIE.replace(b"b", b"B")
    ends(download(world, "cheese"), HOSTILE, "cheese: not the file", "expected sha256")
    nothing_was_written(world)


@pytest.mark.parametrize("wrong", [BRIE + b"x", BRIE[:-1]], ids=["longer", "shorter"])
def test_a_file_of_another_length_gets_no_name(wrong: bytes, repository: Repository, copy: Path, world: World) -> None:
    repository.server.files[repository.target_name("cheese", BRIE)] = wrong
    ends(download(world, "cheese"), HOSTILE, "cheese", "bytes")
    nothing_was_written(world)


def test_a_wrong_file_does_not_replace_the_right_one(repository: Repository, copy: Path, world: World) -> None:
    download(world, "cheese").succeeded()
    repository.add("cheese", b"newer")
    repository.publish("targets")
    repository.server.files[repository.target_name("cheese", b"newer")] = b"NEWER"
    ends(download(world, "cheese"), HOSTILE)
    assert (world.work / "out" / "cheese").read_bytes() == BRIE


def test_an_endless_file_ends_where_it_should(repository: Repository, copy: Path, world: World) -> None:
    repository.server.faults[repository.target_name("cheese", BRIE)] = faults.endless(start=BRIE)
    ends(download(world, "cheese"), HOSTILE, "more than 5000 bytes")
    nothing_was_written(world)


@pytest.mark.parametrize("fault", [faults.endless(), faults.oversized(1 << 30), faults.gzip_bomb("application/json")],
                         ids=["endless", "oversized", "bomb"])
@pytest.mark.parametrize("name", ["/metadata/timestamp.json", "/metadata/2.root.json"])
def test_endless_metadata_are_not_read_to_their_end(
    name: str, fault: object, repository: Repository, copy: Path, world: World
) -> None:
    repository.server.faults[name] = fault
    result = refresh(world)
    ends(result, CANNOT_TELL, "more than")
    assert result.seconds < 20, result


@pytest.mark.parametrize("fault, words", [
    (faults.status(500), "status 500"),
    (faults.status(404), "does not have timestamp.json"),
    (faults.hang_up, "broke off"),
    (faults.truncated(b"{" * 1000, 500), "broke off"),
    (faults.redirect("file:///etc/passwd"), "redirects to nowhere"),
], ids=["500", "404", "hang-up", "truncated", "redirect"])
def test_an_answer_that_is_none_is_cannot_tell(
    fault: object, words: str, repository: Repository, copy: Path, world: World
) -> None:
    repository.server.faults["/metadata/timestamp.json"] = fault
    ends(refresh(world), CANNOT_TELL, words)
    ends(download(world, "cheese"), CANNOT_TELL, words)
    nothing_was_written(world)


def test_nobody_there_is_cannot_tell(repository: Repository, copy: Path, world: World) -> None:
    ends(world.affineur("tuf", "refresh", "copy", "--url", "http://127.0.0.1:9/"), CANNOT_TELL, "cannot connect")


def test_a_target_that_cannot_be_had_is_cannot_tell(repository: Repository, copy: Path, world: World) -> None:
    repository.server.faults[repository.target_name("cheese", BRIE)] = faults.status(503)
    ends(download(world, "cheese"), CANNOT_TELL, "status 503")


def test_a_role_that_cannot_be_had_ends_the_search(repository: Repository, copy: Path, world: World) -> None:
    """The second role lists the file, and must not be asked as long as the first one may have something to say."""
    del repository.server.files[repository.metadata_name("first")]
    ends(download(world, "shelf/brie"), CANNOT_TELL, "first: the repository does not have 1.first.json")
    nothing_was_written(world)
    assert repository.metadata_name("second") not in repository.server.log


def test_a_role_that_nobody_signed_ends_the_search(repository: Repository, copy: Path, world: World) -> None:
    repository.signers["first"] = [repository.new_key()]
    repository.publish("first")
    ends(download(world, "shelf/brie"), HOSTILE, "first: signed by 0 of the 1 keys")
    assert repository.metadata_name("second") not in repository.server.log


def test_a_threshold_counts_every_key_once(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.delegate("strict", paths=["*"], keys=2)
    repository.add("cheese", BRIE, "strict")
    repository.signers["strict"] = repository.signers["strict"][:1]
    repository.publish()
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    ends(download(world, "cheese"), HOSTILE, "strict: signed by 1 of the 2 keys")


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_what_has_expired_is_cannot_tell(role: str, repository: Repository, copy: Path, world: World) -> None:
    repository.roles[role].signed.expires = in_(timedelta(hours=-1))
    repository.publish(*(role,) if role in ("root", "targets") else ("targets",))
    result = refresh(world)
    ends(result, CANNOT_TELL, f"{role}: expired at", "clock")
    ends(download(world, "cheese"), CANNOT_TELL, f"{role}: expired at")


def test_a_copy_that_nobody_renews_expires_by_itself(repository: Repository, copy: Path, world: World) -> None:
    """Whoever keeps everything newer from us gains the time until the timestamp expires."""
    world.again(days=31)
    ends(refresh(world), CANNOT_TELL, "expired")
    inspected = world.affineur("tuf", "inspect", "copy").succeeded()
    inspected.says("timestamp version 1, expired 1 day ago")


def test_a_delegated_role_that_has_expired_ends_the_search(repository: Repository, copy: Path, world: World) -> None:
    repository.role("first").expires = in_(timedelta(hours=-1))
    repository.publish("first")
    ends(download(world, "shelf/brie"), CANNOT_TELL, "first: expired at")


def test_metadata_that_are_not_the_listed_ones_are_hostile(repository: Repository, copy: Path, world: World) -> None:
    repository.publish("targets")
    name = repository.metadata_name("targets")
    repository.server.files[name] = repository.server.files[name].replace(b"cheese", b"Cheese")
    ends(refresh(world), HOSTILE, "targets: not the file that was listed")


@pytest.mark.parametrize("garbage", [b"", b"not json", b"[]", b"{}", b'{"signatures":[],"signed":{}}', b"[" * 16_000, b"\xff\xfe"])
def test_what_is_no_metadata_at_all_is_cannot_tell(garbage: bytes, repository: Repository, copy: Path, world: World) -> None:
    repository.server.files["/metadata/timestamp.json"] = garbage
    ends(refresh(world), CANNOT_TELL, "timestamp: not")


def test_what_metadata_say_does_not_command_the_terminal(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.delegate(f"evil{MALICE}", paths=[f"*{MALICE}", "*"])
    repository.add("cheese", BRIE, f"evil{MALICE}")
    repository.role(f"evil{MALICE}").targets["cheese"].hashes["sha256"] = MALICE
    repository.server.files["/targets/cheese"] = BRIE
    repository.add("good", BRIE, f"evil{MALICE}")
    repository.publish()
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    ends(download(world, "cheese"), HOSTILE, "expected sha256 \\u{1b}]0;owned")
    download(world, "good").succeeded()
    for words in (["copy"], ["copy", "--json"], ["copy", "cheese"], ["copy", "cheese", "--json"]):
        result = world.affineur("tuf", "inspect", *words).succeeded()
        check_harmless(result)
        result.says("owned")
    targets = world.root / "targets.json"
    targets.write_bytes(repository.server.files[repository.metadata_name("targets")])
    check_harmless(world.affineur("tuf", "inspect", targets).succeeded())


def test_more_roles_than_anybody_has_time_for_is_cannot_tell(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    for number in range(40):
        repository.delegate(f"role-{number}", paths=["*"])
    repository.add("cheese", BRIE, "role-39")
    repository.publish()
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    ends(download(world, "cheese"), CANNOT_TELL, "gave up after 32 roles")


def test_nothing_is_written_through_a_link(repository: Repository, copy: Path, world: World) -> None:
    outside = world.root / "outside"
    outside.mkdir()
    (world.work / "out").mkdir()
    (world.work / "out" / "shelf").symlink_to(outside)
    (world.work / "out" / "cheese").symlink_to(outside / "cheese")
    before = len(repository.server.log)
    for path in ("shelf/brie", "cheese"):
        ends(download(world, path), 2, "is a symbolic link")
    assert not list(outside.iterdir()) and len(repository.server.log) == before


@pytest.mark.parametrize("path", ["../cheese", "/etc/passwd", "a/../../b", "a//b", "", "c:\\x", "a\\b", "a\nb"])
def test_a_path_that_leads_elsewhere_is_a_usage_error(path: str, repository: Repository, copy: Path, world: World) -> None:
    result = download(world, path)
    assert result.status == 2, result


def test_hostile_outweighs_unavailable_and_the_others_are_downloaded(
    repository: Repository, copy: Path, world: World
) -> None:
    repository.add("wrong", b"right")
    repository.add("missing", b"x")
    repository.publish("targets")
    repository.server.files[repository.target_name("wrong", b"right")] = b"wrong"
    repository.server.faults[repository.target_name("missing", b"x")] = faults.status(500)
    assert download(world, "missing", "cheese").status == CANNOT_TELL
    result = download(world, "wrong", "missing", "cheese")
    ends(result, HOSTILE, "wrong: not the file", "missing: cannot be fetched", "cheese 5.0 kB")
    assert hashlib.sha256((world.work / "out" / "cheese").read_bytes()).digest() == hashlib.sha256(BRIE).digest()
