"""A policy whose source is a TUF repository: pip and uv install what it vouches for, and hear why where it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.files import FileServer
from support.installers import BOTH, HOSTILE, PIP, UNDECIDED, Installer
from support.packages import installed, wheel
from support.program import World
from support.signed_index import SIGNER, SignedIndex

EACH = pytest.mark.parametrize("installer", BOTH, ids=str)


@pytest.fixture
def index(server: FileServer, tmp_path: Path) -> SignedIndex:
    assert SIGNER.is_file(), f"{SIGNER} is missing: run ./test e2e, which builds it"
    packages = [wheel("cheese", "1.0", requires=("milk",)), wheel("milk", "2.0")]
    return SignedIndex(server, tmp_path / "index", *packages)


@EACH
def test_what_the_index_vouches_for_is_installed(installer: Installer, index: SignedIndex, world: World) -> None:
    result = installer.install(world, "cheese", options=index.policy(world)).succeeded()
    assert installed(world.site) == {"cheese": "1.0", "milk": "2.0"}
    result.says("index vouches (unclaimed): targets v1 (2 of 2)", "bins v1 (2 of 2)", "bin.4-", "v1 (1 of 1)")
    assert not index.asked("/simple"), "the unsigned pages are never asked for"


@EACH
def test_a_second_run_asks_for_little_and_installs_the_same(
    installer: Installer, index: SignedIndex, world: World
) -> None:
    options = index.policy(world)
    installer.install(world, "cheese", options=options).succeeded()
    index.server.log.clear()
    world.again()
    installer.install(world, "cheese", options=options).succeeded()
    assert installed(world.site) == {"cheese": "1.0", "milk": "2.0"}
    metadata = [path for path in index.asked("/tuf/metadata/") if not path.endswith("2.root.json")]
    assert metadata == ["/tuf/metadata/timestamp.json"]


CHANGES: dict[str, tuple[Callable[[SignedIndex], object], str, str]] = {
    "wheel": (lambda index: index.change("cheese-1.0-py3-none-any.whl"), HOSTILE, "wrong bytes: the page of index says"),
    "metadata file": (
        lambda index: index.change("cheese-1.0-py3-none-any.whl.metadata"), HOSTILE, "the metadata does not have the digest"
    ),
    "listing": (
        lambda index: index.change("/cheese/*index.json"), HOSTILE, "the listing that came is not the signed one"
    ),
    "overlay": (
        lambda index: index.change(".cheese.json"), HOSTILE, "the overlay that came is not the signed one"
    ),
    "bin": (lambda index: index.forge(index.bin_of("cheese")), HOSTILE, "is signed by 0 of the 1 keys that must sign it"),
    "snapshot": (lambda index: index.forge("snapshot.json"), HOSTILE, "snapshot is signed by 0 of the 1 keys"),
    "a role withheld": (
        lambda index: index.withhold(index.bin_of("cheese")), UNDECIDED, "the repository does not have the file that it lists"
    ),
    "the timestamp withheld": (
        lambda index: index.withhold("timestamp.json"), UNDECIDED, "timestamp: the repository does not have the file"
    ),
    "expired": (
        lambda index: index.publish(3, "2026-01-01T00:00:00Z"), UNDECIDED, "timestamp expired 2026-01-01T00:00Z"
    ),
}


@EACH
@pytest.mark.parametrize("change", CHANGES)
def test_at_first_sight_nothing_of_a_changed_index_is_installed(
    change: str, installer: Installer, index: SignedIndex, world: World
) -> None:
    apply, _, words = CHANGES[change]
    apply(index)
    result = installer.install(world, "cheese", options=index.policy(world)).failed()
    assert installed(world.site) == {}
    # pip shows no error of a page: then the closing table says why.
    result.says(words)


# Metadata files and documents that were verified before are not asked for again.
KNOWN = ("metadata file", "listing", "overlay")


@EACH
@pytest.mark.parametrize("change", KNOWN)
def test_what_was_verified_before_cannot_be_changed_any_more(
    change: str, installer: Installer, index: SignedIndex, world: World
) -> None:
    options = index.policy(world)
    installer.install(world, "cheese", options=options).succeeded()
    world.again()
    index.publish(2)
    CHANGES[change][0](index)
    installer.install(world, "cheese", options=options).succeeded()
    assert installed(world.site) == {"cheese": "1.0", "milk": "2.0"}


@EACH
@pytest.mark.parametrize("change", [change for change in CHANGES if change not in KNOWN])
def test_after_an_honest_run_the_installer_itself_says_why(
    change: str, installer: Installer, index: SignedIndex, world: World
) -> None:
    options = index.policy(world)
    # Another version was installed: the names are known, the bytes of this one are not.
    installer.install(world, "milk", options=options).succeeded()
    PIP.install(world, "--dry-run", "cheese", options=options)
    world.again()
    index.publish(2)
    apply, heading, words = CHANGES[change]
    apply(index)
    result = installer.install(world, "cheese", options=options).failed()
    assert installed(world.site) == {}
    result.says(words)
    result.says(installer.quotes(heading))


@EACH
def test_an_old_timestamp_put_back_is_a_rollback(installer: Installer, index: SignedIndex, world: World) -> None:
    options = index.policy(world)
    old = index.server.files["/tuf/metadata/timestamp.json"]
    index.publish(2)
    installer.install(world, "cheese", options=options).succeeded()
    world.again()
    index.server.files["/tuf/metadata/timestamp.json"] = old
    result = installer.install(world, "cheese", options=options).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "timestamp is version 1, and version 2 was seen before: a rollback")


@EACH
def test_what_is_in_the_installers_cache_is_not_installed_when_it_is_no_longer_vouched_for(
    installer: Installer, index: SignedIndex, world: World
) -> None:
    options = index.policy(world)
    installer.install(world, "cheese", options=options).succeeded()
    world.again()
    index.publish(2, "2026-01-01T00:00:00Z")
    installer.install(world, "cheese", options=options).failed().says("timestamp expired 2026-01-01T00:00Z")
    assert installed(world.site) == {}


def test_why_names_roles_versions_and_keys(index: SignedIndex, world: World) -> None:
    result = world.affineur("why", "cheese", *index.policy(world)).succeeded()
    result.says("index vouches (unclaimed): targets v1 (2 of 2)", "2 of targets: ", "2 of bins: ", "1 of bin.4-")


def test_a_policy_of_the_working_directory_names_no_repository(index: SignedIndex, world: World) -> None:
    (world.work / "root.json").write_bytes(index.root.read_bytes())
    party = f'[party.index]\nrepository = "{index.server.origin}/tuf/"\nroot = "root.json"\n'
    world.write("affineur.toml", f'sources = ["index"]\n{party}')
    result = PIP.install(world, "cheese").failed()
    result.says("a policy found in the working directory cannot have")
    world.affineur("policy", "trust", "./affineur.toml").succeeded()
    PIP.install(world, "cheese").succeeded()
    assert installed(world.site) == {"cheese": "1.0", "milk": "2.0"}


def test_a_trusted_policy_is_no_longer_trusted_with_another_root(index: SignedIndex, world: World) -> None:
    root = world.work / "root.json"
    root.write_bytes(index.root.read_bytes())
    party = f'[party.index]\nrepository = "{index.server.origin}/tuf/"\nroot = "root.json"\n'
    world.write("affineur.toml", f'sources = ["index"]\n{party}')
    world.affineur("policy", "trust", "./affineur.toml").succeeded()
    root.write_bytes(root.read_bytes() + b"\n")
    PIP.install(world, "cheese").failed().says("a policy found in the working directory cannot have")
