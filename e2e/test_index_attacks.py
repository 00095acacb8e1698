"""A real index, served, whose store, web server or mirror was taken over: nothing of it is installed, and pip and uv say why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from support.answers import Answer
from support.index import Index
from support.installers import BOTH, HOSTILE, PIP, UNDECIDED, Installer
from support.mirror import Mirror
from support.packages import installed, wheel
from support.program import Gateway, World

EACH = pytest.mark.parametrize("installer", BOTH, ids=str)

BRIE = wheel("brie", "1.0", requires=("milk",), padding=5000)
MILK = wheel("milk", "2.0")


@dataclass
class Attacked:
    """The index, its server, what stands in front of it, and a user whose policy trusts nobody else."""

    index: Index
    server: Gateway
    mirror: Mirror
    world: World

    @property
    def options(self) -> tuple[str, str]:
        return ("--policy", str(self.world.work / "client" / "affineur.toml"))

    def bin_of(self, project: str) -> str:
        """The name of the bin that lists a project's listing."""
        metadata = f"{self.server.origin}/tuf/metadata"
        version = Answer(f"{metadata}/timestamp.json").json()["signed"]["meta"]["snapshot.json"]["version"]
        listed = Answer(f"{metadata}/{version}.snapshot.json").json()["signed"]["meta"]
        for name, entry in listed.items():
            path = f"{metadata}/{entry['version']}.{name}"
            if name.startswith("bin.") and f"/{project}/index.json" in Answer(path).text:
                return name
        raise AssertionError(f"no bin lists {project}")


@pytest.fixture
def attacked(index: Index, serving: Gateway, world: World) -> Iterator[Attacked]:
    index.publish(BRIE, MILK).succeeded()
    with Mirror(behind=serving.origin) as mirror:
        policy = index.client(serving) / "affineur.toml"
        policy.write_text(policy.read_text().replace(serving.origin, mirror.origin))
        yield Attacked(index, serving, mirror, world)


def one_byte(data: bytes) -> bytes:
    """One byte is another one, and the length is the same."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def one_digit(data: bytes) -> bytes:
    """One byte, and what is left is still metadata: a digit of a digest."""
    at = data.index(b'"sha256":"') + len(b'"sha256":"')
    return data[:at] + (b"1" if data[at : at + 1] == b"0" else b"0") + data[at + 1 :]


def resigned_by_nobody(data: bytes) -> bytes:
    """Still metadata, but not what was signed."""
    document = json.loads(data)
    document["signed"]["expires"] = "2098-01-01T00:00:00Z"
    return json.dumps(document).encode()


def withheld(_: bytes) -> None:
    return None


def stored_wheel(attacked: Attacked) -> None:
    """In the index's own folder, as somebody who broke into the machine would."""
    digest = hashlib.sha256(BRIE.data).hexdigest()
    stored = next(path for path in (attacked.index.folder / "blobs").rglob("*") if path.name in (digest, digest[2:], digest[4:]))
    stored.chmod(0o600)
    stored.write_bytes(one_byte(stored.read_bytes()))


def passing(pattern: str, change: Callable[[bytes], bytes | None]) -> Callable[[Attacked], None]:
    return lambda attacked: attacked.mirror.changes.update({pattern: change})


def in_the_bin(change: Callable[[bytes], bytes | None]) -> Callable[[Attacked], None]:
    return lambda attacked: passing(f"/tuf/metadata/*{attacked.bin_of('brie')}", change)(attacked)


# What is done, how it is called, and the words that say what was found.
ATTACKS: dict[str, tuple[Callable[[Attacked], None], str, str]] = {
    "one byte of a stored wheel": (stored_wheel, HOSTILE, "wrong bytes: the page of index says"),
    "one byte of the wheel on its way": (passing("/files/brie/*.whl", one_byte), HOSTILE, "wrong bytes: the page of index says"),
    "one byte of the listing": (
        passing("/tuf/targets/*/brie/*index.json", one_byte), HOSTILE, "the listing that came is not the signed one",
    ),
    "one byte of the overlay": (
        passing("/tuf/targets/_status/*", one_byte), HOSTILE, "the overlay that came is not the signed one",
    ),
    "a forged bin": (in_the_bin(resigned_by_nobody), HOSTILE, "is signed by 0 of the 1 keys that must sign it"),
    "a bin of which nothing can be read": (in_the_bin(lambda _: b"{}"), UNDECIDED, "cannot be read as metadata"),
    "one byte of the bin": (in_the_bin(one_digit), HOSTILE, "is signed by 0 of the 1 keys that must sign it"),
    "a forged snapshot": (
        passing("/tuf/metadata/*.snapshot.json", resigned_by_nobody), HOSTILE, "snapshot is not the file that is listed",
    ),
    "one byte of the snapshot": (
        passing("/tuf/metadata/*.snapshot.json", one_byte), HOSTILE, "snapshot is not the file that is listed",
    ),
    "a forged timestamp": (
        passing("/tuf/metadata/timestamp.json", resigned_by_nobody), HOSTILE, "timestamp is signed by 0 of the 1 keys",
    ),
    "a bin withheld": (in_the_bin(withheld), UNDECIDED, "the repository does not have the file that it lists"),
    "the timestamp withheld": (
        passing("/tuf/metadata/timestamp.json", withheld), UNDECIDED, "timestamp: the repository does not have the file",
    ),
    "the listing withheld": (passing("/tuf/targets/*/brie/*index.json", withheld), UNDECIDED, "the listing of this project"),
}


@EACH
def test_what_stands_in_front_may_be_anybody_as_long_as_it_is_honest(installer: Installer, attacked: Attacked) -> None:
    result = installer.install(attacked.world, "brie", options=attacked.options).succeeded()
    assert installed(attacked.world.site) == {"brie": "1.0", "milk": "2.0"}
    result.says("index vouches (unclaimed): targets v1 (2 of 2)", "bins v1 (2 of 2)", "bin.4-", "(1 of 1)")


@EACH
@pytest.mark.parametrize("attack", ATTACKS)
def test_at_first_sight_nothing_is_installed(attack: str, installer: Installer, attacked: Attacked) -> None:
    apply, _, words = ATTACKS[attack]
    apply(attacked)
    result = installer.install(attacked.world, "brie", options=attacked.options).failed()
    assert installed(attacked.world.site) == {}
    # Without any name to show, pip prints no error of a page: then the closing table says why.
    result.says(words)


@EACH
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_user_of_before_gets_nothing_and_the_installer_itself_says_why(
    attack: str, installer: Installer, attacked: Attacked
) -> None:
    world = attacked.world
    installer.install(world, "milk", options=attacked.options).succeeded()
    PIP.install(world, "--dry-run", "brie", options=attacked.options)
    world.again()
    # So that everything is asked for anew.
    attacked.index.publish(wheel("brie", "0.9"), wheel("milk", "1.9")).succeeded()
    apply, heading, words = ATTACKS[attack]
    apply(attacked)
    result = installer.install(world, "brie", options=attacked.options).failed()
    assert installed(world.site) == {}
    result.says(words, installer.quotes(heading))


@EACH
def test_an_old_timestamp_put_back_is_a_rollback(installer: Installer, attacked: Attacked) -> None:
    world, old = attacked.world, Answer(f"{attacked.server.origin}/tuf/metadata/timestamp.json").body
    attacked.index.publish(wheel("brie", "1.1", requires=("milk",))).succeeded()
    installer.install(world, "brie", options=attacked.options).succeeded()
    world.again()
    passing("/tuf/metadata/timestamp.json", lambda _: old)(attacked)
    result = installer.install(world, "brie", options=attacked.options).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "a rollback")


@EACH
def test_when_the_clock_is_past_the_expiry_nothing_is_installed(installer: Installer, attacked: Attacked) -> None:
    world = attacked.world
    installer.install(world, "brie", options=attacked.options).succeeded()
    # Two days pass for the user alone: a mirror that shows no newer state, though the index has one.
    world.again(days=2)
    result = installer.install(world, "brie", options=attacked.options).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(UNDECIDED), "timestamp expired", "and nothing newer came")


def test_what_was_forged_is_kept_as_evidence(attacked: Attacked) -> None:
    world = attacked.world
    PIP.install(world, "milk", options=attacked.options).succeeded()
    world.again()
    forged = resigned_by_nobody(Answer(f"{attacked.server.origin}/tuf/metadata/timestamp.json").body)
    passing("/tuf/metadata/timestamp.json", lambda _: forged)(attacked)
    PIP.install(world, "milk", options=attacked.options).failed()
    evidence = list(world.state.glob("tuf/*/refused/timestamp.*.json"))
    assert [path.read_bytes() for path in evidence] == [forged]


@EACH
def test_a_project_hidden_by_the_mirror_is_not_absent(installer: Installer, attacked: Attacked) -> None:
    for pattern in ("/tuf/targets/*/brie/*", "/tuf/targets/_status/*brie.json", "/files/brie/*", "/simple/brie/"):
        attacked.mirror.changes[pattern] = withheld
    result = installer.install(attacked.world, "brie", options=attacked.options).failed()
    result.says("no answer from index: the listing of this project")
    assert installed(attacked.world.site) == {}
    assert not [path for path in attacked.mirror.log if path.startswith("/simple/")], "the unsigned pages are never asked for"
