"""The offline keys of an index: renewed, lost, stolen; by one person or by several; and clients that follow from the first root."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tuf.ngclient import Updater

from support.answers import Answer
from support.index import PASSPHRASE, Index, in_project
from support.installers import PIP, UV
from support.packages import installed, wheel
from support.program import PROGRAM, Gateway, Result, World, until

BRIE = wheel("brie", "1.0")
OFFLINE = ("root", "targets", "bins")


@pytest.fixture
def first_root(index: Index) -> Path:
    """What a user got on the first day."""
    return Path(shutil.copy(index.folder / "client" / "root.json", index.world.root / "first.json"))


def passphrase(index: Index, text: str = PASSPHRASE) -> Path:
    file = index.world.root / "pw"
    file.write_text(text)
    return file


def rotate(index: Index, *options: object) -> Result:
    return index.command("rotate", *options, "--passphrase-file", passphrase(index))


def versions(index: Index) -> dict[str, int]:
    return {role["role"]: role["version"] for role in index.status()["roles"]}


def follows(index: Index, server: Gateway, first_root: Path, project: str = "brie") -> None:
    """Clients that have the first root alone find the project: ours, and python-tuf's."""
    world, name = index.world, f"copy-{index.status()['roles'][1]['version']}"
    url, targets = f"{server.origin}/tuf/metadata/", f"{server.origin}/tuf/targets/"
    world.affineur("tuf", "init", name, "--root", first_root, "--url", url).succeeded()
    path = in_project(project)
    world.affineur("tuf", "download", name, path, "--to", f"{name}-out").succeeded()
    document = (world.work / f"{name}-out" / path).read_bytes()
    places = [world.root / f"{name}-metadata", world.root / f"{name}-targets"]
    for place in places:
        place.mkdir()
    client = Updater(str(places[0]), url, str(places[1]), targets, bootstrap=first_root.read_bytes())
    assert Path(client.download_target(client.get_targetinfo(path))).read_bytes() == document


# Renewed


def test_everything_is_renewed_in_one_go_and_clients_follow(index: Index, first_root: Path) -> None:
    index.publish(BRIE).succeeded()
    index.world.again(days=300)
    before = {role["role"]: role["expires"] for role in index.status()["roles"]}
    result = rotate(index, "--renew", "all").succeeded()
    result.says("root: version 2 follows 1; valid until", "signed 2.root.json with root-1, root-2, root-3 (2 must sign)",
                "signed 2.targets.json", "signed 2.bins.json with bins-1, bins-2", "published: timestamp")
    assert {role: version for role, version in versions(index).items() if role in OFFLINE} == dict.fromkeys(OFFLINE, 2)
    after = {role["role"]: role["expires"] for role in index.status()["roles"]}
    assert all(after[role] > before[role] for role in OFFLINE)
    handed_out = (index.folder / "client" / "root.json").read_bytes()
    assert f"sha256 {hashlib.sha256(handed_out).hexdigest()}" in result.words, "new users get the new root"
    assert PASSPHRASE.strip() not in result.words
    index.world.again(days=100)
    with index.serve() as serving:
        serving_is_ready(serving)
        index.local_copy(serving)
        index.world.affineur("tuf", "refresh", "copy").succeeded()
        index.world.affineur("tuf", "init", "old", "--root", first_root, "--url", f"{serving.origin}/tuf/metadata/").succeeded()
        index.world.affineur("tuf", "refresh", "old").succeeded()


def serving_is_ready(serving: Gateway) -> None:
    assert until(lambda: Answer(f"{serving.origin}/health/ready").status == 200)


def test_one_role_can_be_renewed_alone(index: Index, serving: Gateway, first_root: Path) -> None:
    index.publish(BRIE).succeeded()
    for count, role in enumerate(OFFLINE, start=1):
        rotate(index, "--renew", role).succeeded()
        assert sum(versions(index)[role] for role in OFFLINE) == 3 + count
        assert versions(index)[role] == 2
    follows(index, serving, first_root)


def test_what_nears_its_end_is_told(index: Index) -> None:
    warnings = {}
    for passed, days in [(200, None), (76, 90), (60, 30), (24, 7)]:
        index.world.again(days=passed)
        roles = {role["role"]: role for role in index.status()["roles"]}
        assert {roles[role]["warning-days"] for role in OFFLINE} == {days}
        warnings[days] = index.command("status").succeeded()
    warnings[None].does_not_say("warning")
    warnings[7].says("warning: root expires in 4 days", "warning: bins expires in", "affineur index rotate")
    assert roles["root"]["days-left"] == 4 and roles["timestamp"]["warning-days"] is None
    assert index.status()["soonest-bin"]["role"].startswith("bin.4-")
    with index.serve() as serving:
        serving.wait_for("root expires in 4 days")


# Lost and stolen


@pytest.mark.parametrize("key, signed", [
    ("root-2", {"root"}), ("targets-1", {"root", "targets"}), ("bins-2", {"targets", "bins"}),
])
@pytest.mark.parametrize("fate", ["lost", "stolen"])
def test_a_key_gives_way_to_another(
    fate: str, key: str, signed: set, index: Index, serving: Gateway, first_root: Path
) -> None:
    index.publish(BRIE).succeeded()
    old = index.folder / "offline" / f"{key}.key"
    thief = index.world.root / "thief.key"
    shutil.copy(old, thief)
    if fate == "lost":
        old.unlink()
    result = rotate(index, "--replace", key).succeeded().says(f"made the key {key}:", f"{key}: the key", "gives way to")
    assert {role for role in OFFLINE if versions(index)[role] == 2} == signed
    (made,) = (index.folder / "offline").glob(f"{key}.*.key")
    follows(index, serving, first_root)
    draft = index.world.work / "draft"
    index.command("rotate", "--renew", "all", "--prepare", draft).succeeded()
    refused = index.world.affineur("index", "sign", draft, "--key", thief, "--passphrase-file", passphrase(index))
    assert refused.status == 2, refused
    refused.says("may sign nothing of this ceremony")
    index.world.affineur("index", "sign", draft, "--key", made, "--passphrase-file", passphrase(index)).succeeded().says(key)
    assert result.stdout.count("sha256") == 1 + len(signed)


def test_two_lost_keys_of_root_cannot_be_replaced(index: Index) -> None:
    for key in ("root-1", "root-2"):
        (index.folder / "offline" / f"{key}.key").unlink()
    before = versions(index)
    result = rotate(index, "--replace", "root-1", "--replace", "root-2")
    assert result.status == 1, result
    result.says("root is signed by 1 of the 2 keys before that must sign", "users must get a new root by hand")
    assert versions(index) == before
    assert not list((index.folder / "offline").glob("root-1.*.key")), "nothing is half done"


def test_a_stolen_online_key_signs_nothing_any_more(index: Index, serving: Gateway, first_root: Path, world: World) -> None:
    index.publish(BRIE, wheel("comte", "1.0")).succeeded()
    index.local_copy(serving, "returning")
    path = in_project("brie")
    world.affineur("tuf", "download", "returning", path, "--to", "out").succeeded()
    stolen, before = (index.folder / "online.key").read_bytes(), versions(index)
    told = rotate(index, "--replace", "online").succeeded()
    told.says("the online key of timestamp: the key", "the online key of snapshot", "the online key of every bin", "made the key online")
    assert (index.folder / "online.key").read_bytes() != stolen and not list(index.folder.glob("online-*.key"))
    after = versions(index)
    assert {role: after[role] - before[role] for role in after} == {
        "root": 1, "timestamp": 1, "snapshot": 1, "targets": 0, "bins": 1,
    }
    follows(index, serving, first_root)
    world.affineur("tuf", "download", "returning", path, "--to", "out").succeeded()
    # The server goes on with the new key, and so does one that starts later.
    index.publish(wheel("brie", "2.0")).succeeded()
    follows(index, serving, first_root)
    world.affineur("tuf", "download", "returning", path, "--to", "out").succeeded()
    assert "2.0" in (world.work / "out" / path).read_text()


def test_users_behind_affineur_notice_nothing_of_a_new_online_key(index: Index, serving: Gateway, world: World) -> None:
    index.publish(BRIE).succeeded()
    policy = index.client(serving) / "affineur.toml"
    for installer in (PIP, UV):
        installer.install(world, "brie==1.0", options=("--policy", policy)).succeeded()
        world.again(minutes=5)
    rotate(index, "--replace", "online", "--replace", "root-3", "--renew", "all").succeeded()
    for installer in (PIP, UV):
        world.again(minutes=5)
        installer.install(world, "brie==1.0", options=("--policy", policy)).succeeded()
        assert installed(world.site) == {"brie": "1.0"}


def test_clients_recover_from_versions_that_a_thief_signed_far_ahead(index: Index, first_root: Path, world: World) -> None:
    """The attack: with the stolen online key, a timestamp of a version that the index will never reach."""
    from cryptography.hazmat.primitives.serialization import load_der_private_key
    from securesystemslib.signer import CryptoSigner, SSlibKey
    from tuf.api.metadata import Metadata

    index.publish(BRIE).succeeded()
    with index.serve() as serving:
        index.local_copy(serving, "victim")
        world.affineur("tuf", "refresh", "victim").succeeded()
        forged = Metadata.from_bytes(Answer(f"{serving.origin}/tuf/metadata/timestamp.json").body)
        root = Metadata.from_bytes(first_root.read_bytes()).signed
        key: SSlibKey = root.keys[root.roles["timestamp"].keyids[0]]
        private = load_der_private_key((index.folder / "online.key").read_bytes(), None)
        forged.signed.version = 1_000_000
        forged.sign(CryptoSigner(private, key))
    copy = world.work / "victim"
    (stored,) = [file for file in copy.rglob("*") if file.is_file() and file.name.startswith("timestamp") and file.suffix == ".json"]
    stored.write_bytes(forged.to_bytes())
    with index.serve() as serving:
        move(world, "victim", serving)
        stuck = world.affineur("tuf", "refresh", "victim").failed()
        stuck.says("1000000")
        rotate(index, "--replace", "online").succeeded()
        world.affineur("tuf", "refresh", "victim").succeeded()


def move(world: World, copy: str, server: Gateway) -> None:
    """The server has another port now."""
    for file in (world.work / copy).iterdir():
        if file.is_file() and b"127.0.0.1:" in file.read_bytes() and "json" not in file.name:
            import re

            file.write_text(re.sub(r"http://127\.0\.0\.1:\d+", server.origin, file.read_text()))


# Several machines


def test_a_ceremony_is_carried_from_one_holder_to_the_next(index: Index, serving: Gateway, first_root: Path, world: World) -> None:
    index.publish(BRIE).succeeded()
    offline = world.root / "safe"
    (index.folder / "offline").rename(offline)
    words = ("--passphrase-file", passphrase(index))
    world.affineur("index", "new-key", "anna.key", *words).succeeded().says("made the key", "anna.key.pub")
    draft = world.work / "ceremony.json"
    prepared = index.command("rotate", "--replace", "root-2=anna.key.pub", "--replace", "online", "--prepare", draft)
    prepared.succeeded().says("Nothing is signed yet", "root 2 of the keys before: root-1, root-2, root-3: not enough")
    digest = hashlib.sha256(first_root.read_bytes()).hexdigest()
    prepared.says(f"sha256 {digest}")

    early = index.command("rotate", "--apply", draft)
    assert early.status == 1, early
    early.says("root is signed by 0 of the 2 keys before that must sign", "bins is signed by 0 of the 2 keys")

    def sign(*keys: Path | str) -> Result:
        options = [word for key in keys for word in ("--key", key)]
        return world.affineur("index", "sign", draft, *options, *words).succeeded()

    sign(offline / "root-1.key").says("root-2: the key", "signed root with", "More keys must sign", f"sha256 {digest}")
    sign(offline / "root-3.key").says("root 2 of the keys before: root-1 (signed), root-2, root-3 (signed): enough")
    sign("anna.key")
    sign(offline / "bins-1.key", offline / "bins-2.key").says("Enough keys signed")
    applied = index.command("rotate", "--apply", draft, "--json").succeeded()
    steps = json.loads(applied.stdout)["steps"]
    assert [(step["signed"], step["by"]) for step in steps] == [
        ("2.root.json", ["root-1", "root-2", "root-3"]), ("2.bins.json", ["bins-1", "bins-2"]),
    ]
    follows(index, serving, first_root)
    again = index.command("rotate", "--apply", draft).succeeded()
    assert versions(index)["root"] == 2, again


def test_what_somebody_slips_into_a_draft_is_said(index: Index, world: World) -> None:
    draft = world.work / "ceremony.json"
    index.command("rotate", "--renew", "root", "--prepare", draft).succeeded().does_not_say("ALSO")
    document = json.loads(draft.read_text())
    document["after"]["root"]["signed"]["roles"]["root"]["threshold"] = 1
    draft.write_text(json.dumps(document))
    words = ("--passphrase-file", passphrase(index))
    signed = world.affineur("index", "sign", draft, "--key", index.folder / "offline" / "root-1.key", *words)
    signed.says("root: ALSO: /roles/root/threshold: 1 instead of 2")
    document["before"]["root"]["signed"]["roles"]["root"]["threshold"] = 1
    draft.write_text(json.dumps(document))
    refused = world.affineur("index", "sign", draft, "--key", index.folder / "offline" / "root-1.key", *words)
    assert refused.status == 1, refused
    refused.says("what is published is not signed as its own root says", "do not sign this")


def test_a_draft_that_was_overtaken_is_refused(index: Index, world: World) -> None:
    words = ("--passphrase-file", passphrase(index))
    draft = world.work / "ceremony.json"
    index.command("rotate", "--renew", "bins", "--prepare", draft).succeeded()
    keys = [word for number in (1, 2) for word in ("--key", index.folder / "offline" / f"bins-{number}.key")]
    world.affineur("index", "sign", draft, *keys, *words).succeeded()
    rotate(index, "--renew", "bins").succeeded()
    late = index.command("rotate", "--apply", draft)
    assert late.status == 1, late
    late.says("the index refuses what was signed", "2.bins.json: it is not the next version", "draft it anew")
    assert versions(index)["bins"] == 2 and not (index.folder / "incoming.json").exists()


# What must not happen


@pytest.mark.parametrize("options, words", [
    ((), "nothing is to be renewed or replaced"),
    (("--replace", "root-4"), "there is no key root-4: root has 3"),
    (("--replace", "bins-1", "--replace", "bins-1"), "one key is named twice"),
    (("--replace", "timestamp-1"), "expected the name of an offline key"),
    (("--renew", "all", "--valid-days", "0"), "valid for 1 to 1827 days, asked for 0"),
    (("--renew", "all", "--keys", "nowhere"), "nowhere: No such file"),
    (("--apply", "nowhere"), "nowhere: No such file"),
])
def test_a_ceremony_that_cannot_be_is_not_begun(options: tuple, words: str, index: Index) -> None:
    before = versions(index)
    result = rotate(index, *options)
    assert result.status == 2, result
    result.says(words)
    assert versions(index) == before


def test_a_wrong_passphrase_leaves_everything_as_it_was(index: Index, world: World) -> None:
    before = {path: path.read_bytes() for path in index.folder.rglob("*.key")}
    pw = passphrase(index, "another passphrase\n")
    for options in [("--renew", "all"), ("--replace", "online"), ("--replace", "root-1")]:
        result = index.command("rotate", *options, "--passphrase-file", pw)
        assert result.status == 2, result
        result.says("-1.key: the passphrase does not open this key file", "nothing was signed")
    assert before == {path: path.read_bytes() for path in index.folder.rglob("*.key")}
    assert set(versions(index).values()) == {1}


def test_without_a_passphrase_and_a_terminal_it_is_said(index: Index) -> None:
    result = index.command("rotate", "--renew", "all")
    assert result.status == 2, result
    result.says("there is no terminal to ask for the passphrase", "--passphrase-file")


def test_at_a_terminal_the_passphrase_is_asked_for_and_not_shown(index: Index, world: World) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(PROGRAM), "index", "rotate", str(index.folder), "--renew", "bins"],
        env=world.env, cwd=world.work, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )
    os.close(theirs)
    seen = b""
    while b"passphrase of the keys" not in seen:
        seen += os.read(ours, 4096)
    os.write(ours, PASSPHRASE.encode())
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:
        pass  # the other end is closed
    assert process.wait(60) == 0, seen
    assert b"bins: version 2 follows 1" in seen and b"signed 2.bins.json" in seen
    assert PASSPHRASE.strip().encode() not in seen
    os.close(ours)


def test_a_server_that_is_killed_while_it_takes_keys_in_has_the_old_state_or_the_new(
    index: Index, first_root: Path, world: World
) -> None:
    index.publish(BRIE).succeeded()
    words = ("--passphrase-file", passphrase(index))
    draft = world.work / "ceremony.json"
    index.command("rotate", "--replace", "online", "--prepare", draft).succeeded()
    keys = [word for key in ("root-1", "root-2", "bins-1", "bins-2") for word in ("--key", index.folder / "offline" / f"{key}.key")]
    world.affineur("index", "sign", draft, *keys, *words).succeeded()
    document = json.loads(draft.read_text())
    files = {f"2.{role}.json": json.dumps(document["after"][role], separators=(",", ":")) for role in ("root", "bins")}
    pristine = shutil.copytree(index.folder, world.root / "pristine")
    outcomes = set()
    for kill in range(12):
        shutil.rmtree(index.folder)
        shutil.copytree(pristine, index.folder)
        (index.folder / "incoming.json").write_text(json.dumps(files))
        server = world.start(PROGRAM, "index", "serve", index.folder, "--listen", "127.0.0.1:0")
        try:
            server.wait(0.02 + kill * 0.03)
        except subprocess.TimeoutExpired:
            pass
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close(), server.stderr.close()
        outcomes.add(versions(index)["root"])
        with index.serve() as serving:
            assert until(lambda: versions(index)["root"] == 2 and not (index.folder / "incoming.json").exists())
            assert until(lambda: not list(index.folder.glob("online-*.key")))
            name = f"killed-{kill}"
            world.affineur("tuf", "init", name, "--root", first_root, "--url", f"{serving.origin}/tuf/metadata/").succeeded()
            world.affineur("tuf", "download", name, in_project("brie"), "--to", f"{name}-out").succeeded()
    assert outcomes == {1, 2}, "the kills were all too early, or all too late"
