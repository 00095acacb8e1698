"""The local copy as a user has it: begun, looked at, damaged, shared by processes, killed at any moment."""

from __future__ import annotations

import fcntl
import hashlib
import json
import random
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support import faults
from support.program import PROGRAM, World
from support.proxy import ParentProxy
from support.repository import Repository
from support.upstream import Fault, Handler

MakeRepository = Callable[..., Repository]
BRIE = b"brie\n" * 1000


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    repository = make_repository()
    bins = repository.delegate_to_bins(4)
    repository.add("shelf/brie", BRIE, bins.get_role_for_target("shelf/brie"))
    repository.publish()
    return repository


@pytest.fixture
def copy(repository: Repository, world: World) -> Path:
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    return world.work / "copy"


# init


def test_beginning_asks_nobody_and_says_what_will_be_trusted(repository: Repository, world: World) -> None:
    root = repository.write_root(world.root)
    result = world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()
    assert repository.server.log == []
    result.says(hashlib.sha256(root.read_bytes()).hexdigest(), "root version 1, expires in 29 days", "compare it")
    for role in repository.root.roles.values():
        result.says(*role.keyids)
    result.says(f"metadata {repository.url}", f"targets {repository.server.origin}/targets/")
    found = json.loads(world.affineur("tuf", "init", "copy", "--root", root, "--json").succeeded().stdout)
    assert found["sha256"] == hashlib.sha256(root.read_bytes()).hexdigest()
    assert found["root"]["roles"]["targets"]["threshold"] == 1


def test_a_password_is_never_remembered(repository: Repository, world: World) -> None:
    root = repository.write_root(world.root)
    secret = repository.url.replace("://", "://user:hunter2@")
    result = world.affineur("tuf", "init", "copy", "--root", root, "--url", secret)
    assert result.status == 2, result
    result.says("must not be remembered", "hint:").does_not_say("hunter2")
    assert not (world.work / "copy").exists()
    world.affineur("tuf", "init", "copy", "--root", root).succeeded()
    world.affineur("tuf", "refresh", "copy", "--url", secret).succeeded().does_not_say("hunter2")
    repository.server.faults["/metadata/timestamp.json"] = faults.status(500)
    world.affineur("tuf", "refresh", "copy", "--url", secret).failed().does_not_say("hunter2")
    for file in (world.work / "copy").rglob("*"):
        assert file.is_dir() or b"hunter2" not in file.read_bytes(), file


@pytest.mark.parametrize("change, words", [
    (lambda text: text.replace('"version": 1', '"version": 7').replace('"version":1', '"version":7'), "signed by 0 of the 1 keys"),
    (lambda text: text.replace("root", "toor"), "expected the type root"),
    (lambda text: text[:-2], "not metadata"),
    (lambda text: "", "not metadata"),
], ids=["changed", "no-root", "cut", "empty"])
def test_a_root_that_its_own_keys_did_not_sign_is_refused(
    change: Callable[[str], str], words: str, repository: Repository, world: World
) -> None:
    root = repository.write_root(world.root)
    root.write_text(change(root.read_text()))
    result = world.affineur("tuf", "init", "copy", "--root", root)
    assert result.status == 1, result
    result.says(words, "take another file")
    assert not (world.work / "copy").exists()


def test_a_root_is_never_replaced(repository: Repository, copy: Path, make_repository: MakeRepository, world: World) -> None:
    other = make_repository()
    other.publish()
    (world.root / "other").mkdir()
    result = world.affineur("tuf", "init", "copy", "--root", other.write_root(world.root / "other"))
    assert result.status == 2, result
    result.says("has another trusted root already", "hint:")
    world.affineur("tuf", "refresh", "copy").succeeded()


@pytest.mark.parametrize("arguments", [
    ["refresh", "nowhere"], ["download", "nowhere", "x"], ["inspect", "nowhere"],
    ["init", "copy", "--root", "nowhere.json"], ["refresh", "copy", "--targets-url", "http://h/"],
    ["refresh", "copy", "--url", "ftp://h/"], ["refresh", "copy", "--url", "http://h/?token=1"], ["download", "copy"],
])
def test_mistakes_are_usage_errors(arguments: list[str], copy: Path, world: World) -> None:
    result = world.affineur("tuf", *arguments)
    assert result.status == 2, result
    assert result.stderr.count("\n") < 12 and result.stdout == "", result


# inspect


def test_a_copy_is_shown_without_asking_anybody(repository: Repository, copy: Path, world: World) -> None:
    before = world.affineur("tuf", "inspect", "copy").succeeded()
    before.says("timestamp not there yet", "root version 1", "consistent_snapshot true")
    assert repository.server.log == []
    world.affineur("tuf", "refresh", "copy").succeeded()
    repository.server.log.clear()
    after = world.affineur("tuf", "inspect", "copy").succeeded()
    after.says("lists 17 roles", "16 hash bins bin-0 ... bin-f, each signed by 1 of 1 key", "targets version 1, expires in 29 days")
    found = json.loads(world.affineur("tuf", "inspect", "copy", "--json").succeeded().stdout)
    assert found["snapshot"]["state"] == "verified" and found["targets"]["says"]["delegations"]["bins"]["number"] == 16
    assert repository.server.log == []


def test_the_route_of_a_path_is_shown_as_far_as_it_is_known(repository: Repository, copy: Path, world: World) -> None:
    incomplete = world.affineur("tuf", "inspect", "copy", "shelf/brie")
    assert incomplete.status == 3, incomplete
    world.affineur("tuf", "refresh", "copy").succeeded()
    unknown = world.affineur("tuf", "inspect", "copy", "shelf/brie").succeeded()
    unknown.says("1. targets 1 (1 of 1 key): says nothing", "not in the local copy")
    world.affineur("tuf", "download", "copy", "shelf/brie").succeeded()
    known = world.affineur("tuf", "inspect", "copy", "shelf/brie").succeeded()
    known.says("1. targets 1 (1 of 1 key): says nothing", "has it", hashlib.sha256(BRIE).hexdigest())


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets", "bin-0"])
def test_a_single_file_is_shown_and_called_not_verified(role: str, repository: Repository, world: World) -> None:
    file = world.root / "file.json"
    file.write_bytes(repository.server.files[repository.metadata_name(role)].replace(b'"sig": "', b'"sig": "00'))
    result = world.affineur("tuf", "inspect", file).succeeded()
    result.says("not verified", "version 1", "expires in 29 days", "of whatever worth")
    found = json.loads(world.affineur("tuf", "inspect", file, "--json").succeeded().stdout)
    assert found["verified"] is False and found["type"] == ("targets" if role == "bin-0" else role)


def test_what_is_no_metadata_file_is_said_to_be_none(world: World) -> None:
    result = world.affineur("tuf", "inspect", world.write("x.json", "{}"))
    assert result.status == 2, result
    result.says("x.json: not metadata")


# damage


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "bin-*.json", "seals/*"])
def test_a_changed_byte_is_noticed_and_replaced(name: str, repository: Repository, copy: Path, world: World) -> None:
    world.affineur("tuf", "download", "copy", "shelf/brie", "--to", "out").succeeded()
    whole = {file: file.read_bytes() for file in copy.glob(name)}
    assert whole
    for file, data in whole.items():
        for at in random.Random(name).sample(range(len(data)), 4):
            file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            world.affineur("tuf", "download", "copy", "shelf/brie", "--to", "out").succeeded()
            # Without its seal a file is verified by its signatures, every time.
            assert file.read_bytes() == data or name == "seals/*", f"{file} is as it was"


def test_a_changed_root_is_not_trusted_and_nobody_else_is_blamed(repository: Repository, copy: Path, world: World) -> None:
    data = (copy / "root.json").read_text()
    (copy / "root.json").write_text(data.replace('"version":1', '"version":2'))
    for command in (["refresh", "copy"], ["download", "copy", "shelf/brie"], ["inspect", "copy"]):
        result = world.affineur("tuf", *command)
        assert result.status == 2, result
        result.says("the trusted root is damaged", "root.json")
    assert repository.server.log == []


def test_a_damaged_address_file_is_said_to_be_damaged(copy: Path, world: World) -> None:
    (copy / "repository.toml").write_text("metadata = 7")
    result = world.affineur("tuf", "refresh", "copy")
    assert result.status == 2, result
    result.says("repository.toml", "hint:")


# processes


def test_another_process_that_holds_the_lock_is_waited_for_and_named(copy: Path, world: World) -> None:
    with (copy / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = world.affineur("tuf", "refresh", "copy")
    assert result.status == 3, result
    result.says("another process holds copy", "hint:")
    world.affineur("tuf", "refresh", "copy").succeeded()


def test_two_refreshes_at_once_both_end_well(repository: Repository, copy: Path, world: World) -> None:
    for _ in range(5):
        repository.publish("targets")
        processes = [world.start(PROGRAM, "tuf", "refresh", "copy") for _ in range(4)]
        for process in processes:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, out + err
    inspected = json.loads(world.affineur("tuf", "inspect", "copy", "--json").succeeded().stdout)
    assert inspected["targets"]["version"] == 6


def test_a_process_that_is_killed_at_any_moment_leaves_a_copy_that_works(
    repository: Repository, copy: Path, world: World
) -> None:
    chance = random.Random(5)
    killed = 0
    for round_ in range(40):
        repository.publish("targets", *(["root"] if round_ % 4 == 0 else []))
        process = world.start(PROGRAM, "tuf", "download", "copy", "shelf/brie", "--to", f"out-{round_}")
        stopped = threading.Event()
        stopped.wait(chance.uniform(0.002, 0.06))
        killed += process.poll() is None
        process.kill()
        process.communicate()
        for file in (world.work / f"out-{round_}").rglob("*brie"):
            assert file.read_bytes() == BRIE, "a file with that name is the whole one"
        floor = version_kept(copy)
        inspected = world.affineur("tuf", "inspect", "copy", "--json").succeeded()
        assert json.loads(inspected.stdout)["root"]["version"] >= 1
        if round_ % 5 == 4:
            world.affineur("tuf", "download", "copy", "shelf/brie", "--to", "out").succeeded()
            assert version_kept(copy) >= floor
    assert killed > 10, f"only {killed} of 40 were killed before their end"


def test_a_download_that_is_stopped_leaves_nothing_unfinished(repository: Repository, copy: Path, world: World) -> None:
    data, ended = bytes(1_000_000), threading.Event()
    repository.add("long", data)
    repository.publish("targets")
    name = repository.target_name("long", data)
    for number in (signal.SIGINT, signal.SIGTERM):
        begun = threading.Event()
        repository.server.faults[name] = half_of(data, begun, ended)
        process = world.start(PROGRAM, "tuf", "download", "copy", "long", "--to", "out")
        assert begun.wait(30)
        wait_for(lambda: list((world.work / "out").glob(".*")))
        process.send_signal(number)
        _, told = process.communicate(timeout=20)
        assert process.returncode == 3 and "stopped" in told, told
        assert list((world.work / "out").iterdir()) == []
    ended.set()


def half_of(data: bytes, begun: threading.Event, ended: threading.Event) -> Fault:
    """Sends a half, and nothing more before the test has ended."""

    def fault(handler: Handler) -> None:
        faults.begin(handler, "application/octet-stream", len(data))
        handler.wfile.write(data[: len(data) // 2])
        begun.set()
        ended.wait()

    return fault


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)


def test_downloads_at_once_of_one_file_all_end_well(repository: Repository, copy: Path, world: World) -> None:
    processes = [world.start(PROGRAM, "tuf", "download", "copy", "shelf/brie", "--to", "out") for _ in range(6)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
    assert [file.name for file in (world.work / "out" / "shelf").iterdir()] == ["brie"]
    assert (world.work / "out" / "shelf" / "brie").read_bytes() == BRIE


def version_kept(copy: Path) -> int:
    file = copy / "timestamp.json"
    found = re.search(r'"version": ?(\d+)\}', file.read_text()) if file.exists() else None
    return int(found[1]) if found else 0


def test_help_has_examples_and_exit_statuses(world: World) -> None:
    world.affineur("--help").succeeded().says("tuf", "Any repository of The Update Framework")
    for command in ("init", "refresh", "download", "inspect"):
        shown = world.affineur("tuf", command, "--help").succeeded()
        shown.says("Examples:", f"affineur tuf {command}", "--json")
    world.affineur("tuf", "refresh", "--help").says("Exit status 0: up to date")
    world.affineur("completions", "bash").succeeded().says("affineur__subcmd__tuf__subcmd__download")


# proxies


def test_a_proxy_with_a_password_is_used_and_no_proxy_is_honoured(
    repository: Repository, copy: Path, make_proxy: Callable[..., ParentProxy], world: World
) -> None:
    proxy = make_proxy(credentials=("proxy-user", "proxy-secret"))
    result = world.affineur("tuf", "refresh", "copy", env={"http_proxy": proxy.url}).succeeded()
    assert any(line.startswith("GET 127.0.0.1:") for line in proxy.log)
    assert "proxy-secret" not in result.stdout + result.stderr
    proxy.log.clear()
    world.affineur("tuf", "refresh", "copy", env={"http_proxy": proxy.url, "no_proxy": "127.0.0.1"}).succeeded()
    assert proxy.log == []
