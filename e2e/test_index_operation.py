"""An index as its operator has it: begun, looked at, served twice, stopped."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from support.answers import Answer
from support.index import PASSPHRASE, Index, initialised
from support.packages import wheel
from support.program import Gateway, World, fold, until
from support.upstream import JSON_TYPE

BRIE = wheel("brie", "1.0")


# init


def test_the_ceremony_is_told_and_the_keys_are_to_be_carried_away(index: Index, world: World) -> None:
    told = fold(index.told)
    for key in ("root-1", "root-2", "root-3", "targets-1", "targets-2", "bins-1", "bins-2"):
        assert f"made the key {key}:" in told
        assert (index.folder / "offline" / f"{key}.key").read_text().startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    for words in ("signed 1.root.json with root-1, root-2", "(2 must sign); valid until", "offline away", "client to users"):
        assert words in told, told
    assert PASSPHRASE.strip() not in told
    digest = hashlib.sha256((index.folder / "client" / "root.json").read_bytes()).hexdigest()
    assert f"sha256 {digest}" in told, "whoever gets the root can compare it"
    world.affineur("tuf", "inspect", index.folder / "client" / "root.json").succeeded()


def test_nobody_else_can_read_an_index_but_what_is_handed_out(index: Index) -> None:
    modes = {"": 0o700, "offline": 0o700, "offline/root-1.key": 0o600, "online.key": 0o600, "index.db": 0o600,
             "client": 0o755, "client/root.json": 0o644, "client/affineur.toml": 0o644}
    assert {name: stat.S_IMODE(os.stat(index.folder / name).st_mode) for name in modes} == modes


def test_an_index_is_never_made_over_something(index: Index, world: World) -> None:
    before = {path: path.read_bytes() for path in index.folder.rglob("*") if path.is_file()}
    again = initialised(world, index.folder)
    assert again.status == 2, again
    again.says("is not empty", "hint: name a folder that does not exist yet")
    assert before == {path: path.read_bytes() for path in index.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("passphrase, options, words", [
    (None, (), "passphrase: No such file"),
    ("short\n", (), "has at least 8 characters"),
    ("\na passphrase in the second line\n", (), "has at least 8 characters"),
    (PASSPHRASE, ("--bins", "1000"), "1000 is no power of two"),
    (PASSPHRASE, ("--bins", "1048576"), "2 to the power of 1 to 16, asked for 2 to the power of 20"),
    (PASSPHRASE, ("--valid-days", "0"), "valid for 1 to 1827 days, asked for 0"),
    (PASSPHRASE, ("--url", "https://index.example/pypi"), "no plain http or https URL that ends in /"),
    (PASSPHRASE, ("--url", "https://me:secret@index.example/"), "no plain http or https URL that ends in /"),
])
def test_an_index_that_cannot_be_is_not_begun(
    passphrase: str | None, options: tuple, words: str, world: World
) -> None:
    file = world.root / "passphrase"
    if passphrase is not None:
        file.write_text(passphrase)
    result = world.affineur("index", "init", "ix", "--passphrase-file", file, *options)
    assert result.status == 2, result
    result.says(words, "hint:")
    assert not (world.work / "ix").exists()


@pytest.mark.parametrize("command", [("serve",), ("publish", "x.whl"), ("token", "list"), ("status",), ("yank", "brie==1")])
def test_without_an_index_each_command_says_so(command: tuple, world: World) -> None:
    name, *rest = command
    words = ["token", "list", "nowhere"] if name == "token" else [name, "nowhere", *rest]
    result = world.affineur("index", *words)
    assert result.status == 2, result
    result.says("nowhere: there is no index", "hint: make one with `affineur index init`")
    assert not (world.work / "nowhere").exists()


# The folder and its processes


def test_the_status_counts_and_tells_what_expires(index: Index) -> None:
    empty = index.status()
    assert (empty["projects"], empty["files"], empty["pending"]) == (0, 0, 0)
    index.publish(BRIE, wheel("brie", "2.0"), wheel("crust", "1.0")).succeeded()
    full = index.status()
    assert (full["projects"], full["files"], full["pending"], full["url"]) == (2, 3, 0, "http://127.0.0.1:8765/")
    assert full["bytes"] >= len(BRIE.data)
    before = {role["role"]: role["version"] for role in empty["roles"]}
    after = {role["role"]: role["version"] for role in full["roles"]}
    assert set(after) == {"root", "timestamp", "snapshot", "targets", "bins"}
    assert {role for role in after if after[role] != before[role]} == {"timestamp", "snapshot"}
    assert not any(role["expired"] for role in full["roles"])
    index.command("status").succeeded().says("2 projects, 3 files", "0 changes wait", "timestamp version")


def test_two_days_without_a_server_are_seen_and_mended_by_serving(index: Index, world: World) -> None:
    world.again(days=2)
    assert [role["role"] for role in index.status()["roles"] if role["expired"]] == ["timestamp", "snapshot"]
    index.command("status").succeeded().says("EXPIRED")
    with index.serve() as serving:
        assert until(lambda: Answer(f"{serving.origin}/health/ready").status == 200)
        assert not any(role["expired"] for role in index.status()["roles"])
        index.local_copy(serving)
        world.affineur("tuf", "refresh", "copy").succeeded()


def test_publishing_beside_a_server_is_done_by_the_server(index: Index, serving: Gateway) -> None:
    index.publish(BRIE).succeeded().says("published: timestamp")
    assert Answer(f"{serving.index}brie/", Accept=JSON_TYPE).json()["versions"] == ["1.0"]


def test_a_second_server_of_a_folder_ends_with_clear_words(index: Index, serving: Gateway) -> None:
    second = index.command("serve", "--listen", "127.0.0.1:0")
    assert second.status == 3, second
    second.says("another publisher is running", str(serving.process.pid), "one process at a time publishes")
    assert Answer(f"{serving.origin}/health/ready").status == 200


def test_an_address_that_is_taken_is_said(make_index: Callable[..., Index], serving: Gateway) -> None:
    result = make_index(name="other").command("serve", "--listen", serving.origin.removeprefix("http://"))
    assert result.status == 2, result
    result.says("cannot listen", "--listen")


def test_a_server_that_is_asked_to_stop_ends_well(index: Index, world: World) -> None:
    for asked in (signal.SIGTERM, signal.SIGINT):
        with index.serve() as serving:
            index.publish(wheel("brie", f"{int(asked)}")).succeeded()
            serving.process.send_signal(asked)
            assert serving.process.wait(10) == 0, serving.log


def test_an_upload_that_stalls_does_not_keep_a_server_from_stopping(index: Index) -> None:
    head = (
        "POST /legacy/ HTTP/1.1\r\nHost: index\r\nContent-Length: 1000\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Authorization: Bearer {index.token()}\r\nExpect: 100-continue\r\n\r\n"
    )
    with index.serve() as serving:
        host, port = serving.origin.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), 10) as stalling:
            stalling.sendall(head.encode())
            assert b"100 Continue" in stalling.recv(100), "the body is being read"
            stalling.sendall(b"--x\r\n")
            serving.process.terminate()
            assert serving.process.wait(15) == 0, serving.log
        serving.wait_for("cut off")
    assert index.status()["files"] == 0, "and whoever opens the index next removes what came of it"
    assert list((index.folder / "staging").rglob(".tmp*")) == []
