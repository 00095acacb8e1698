"""A curator trusts a publisher, and pip and uv install what that publisher attests (PEP 740): real attestations, from an index of
our own, verified by the gateway. See vectors/attestations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.files import FileServer
from support.index import Index
from support.installers import BOTH, PIP, WITHHELD, Installer
from support.packages import Package, installed
from support.program import Gateway, Result, World

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "attestations"
WHEEL = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"
REQUIREMENT = "circleci-sign-publish-example==0.0.1.dev137"
PUBLISHER = "circleci:fdd9283f-e619-46af-8f9c-851f7d3e8b2b/8e4f8ab2-8d7c-4827-9f15-de076d6d647f"
POLICY = """sources = ["index"]
minimum-score = "1.0"
minimum-age = "0d"
[party.index]
repository = "{index}/tuf/"
root = "index.json"
weight = {{ unclaimed = "0.5" }}
[party.curator]
repository = "{curator}/"
root = "curator.json"
weight = {{ trusted-author = "0.5" }}
"""
EACH = pytest.mark.parametrize("installer", BOTH, ids=str)


def vector(filename: str) -> Package:
    return Package(filename, (VECTORS / filename).read_bytes(), b"")


@pytest.fixture
def attested(index: Index, world: World) -> Iterator[Gateway]:
    """The index, with a wheel that its publisher attests."""
    index.publish(vector(WHEEL), vector(f"{WHEEL}.publish.attestation")).succeeded()
    with index.serve() as serving:
        yield serving


def curator(world: World, server: FileServer, publisher: str, name: str = "curator") -> None:
    """A curator who trusts a publisher, on a web server."""
    passphrase = ("--passphrase-file", world.write("curator-passphrase", "a passphrase for tests\n"))
    world.affineur("curator", "init", name, "--url", f"{server.origin}/", *passphrase).succeeded()
    trust = ("--project", "circleci-sign-publish-example", "--publisher", publisher, "--until", "2098-01-01")
    world.affineur("curator", "trust-author", name, *trust).succeeded()
    world.affineur("curator", "publish", name, *passphrase).succeeded()
    server.serve_folder(world.work / name / "public")


def policy(world: World, index: Index, serving: Gateway, server: FileServer) -> tuple[str, str]:
    roots = {"index": index.folder / "client" / "root.json", "curator": world.work / "curator" / "client" / "curator.root.json"}
    for name, root in roots.items():
        (world.root / f"{name}.json").write_bytes(root.read_bytes())
    return ("--policy", str(world.policy(POLICY.format(index=serving.origin, curator=server.origin))))


def install(installer: Installer, world: World, options: tuple[str, str]) -> Result:
    return installer.install(world, "--no-deps", REQUIREMENT, options=options)


@EACH
def test_what_a_trusted_publisher_attests_is_installed(
    installer: Installer, index: Index, attested: Gateway, server: FileServer, world: World
) -> None:
    curator(world, server, PUBLISHER)
    options = policy(world, index, attested, server)
    install(installer, world, options).succeeded()
    assert installed(world.site) == {"circleci-sign-publish-example": "0.0.1.dev137"}
    why = world.affineur("why", REQUIREMENT, *options).succeeded()
    why.says("curator vouches, counts 0.500 trusted-author until ", "index vouches, counts 0.500")


@EACH
def test_what_another_publisher_attests_is_not(
    installer: Installer, index: Index, attested: Gateway, server: FileServer, world: World
) -> None:
    curator(world, server, "github:org/circleci-sign-publish-example/release.yml")
    options = policy(world, index, attested, server)
    install(installer, world, options).failed().says(installer.quotes(WITHHELD), "curator is silent")
    assert installed(world.site) == {}


def test_without_attestations_a_trusted_publisher_says_nothing(
    index: Index, server: FileServer, world: World
) -> None:
    index.publish(vector(WHEEL)).succeeded()
    with index.serve() as serving:
        curator(world, server, PUBLISHER)
        install(PIP, world, policy(world, index, serving, server)).failed().says("curator is silent")


def test_two_curators_who_trust_one_publisher_are_one_piece_of_evidence(
    index: Index, attested: Gateway, server: FileServer, world: World
) -> None:
    """Whoever takes the publisher over gets the vouches of all who trust it: they count once."""
    curator(world, server, PUBLISHER)
    with FileServer() as other:
        curator(world, other, PUBLISHER, "second")
        _, file = policy(world, index, attested, server)
        (world.root / "second.json").write_bytes((world.work / "second" / "client" / "second.root.json").read_bytes())
        second = f'[party.second]\nrepository = "{other.origin}/"\nroot = "second.json"\nweight = {{ trusted-author = "0.5" }}\n'
        text = (world.root / "policy.toml").read_text() + second

        def asks_for(score: str) -> tuple[str, str]:
            return ("--policy", str(world.policy(text.replace('minimum-score = "1.0"', f'minimum-score = "{score}"'))))

        install(PIP, world, asks_for("1.0")).succeeded()
        world.clear_site()
        refused = install(PIP, world, asks_for("1.5")).failed()
        refused.says(PIP.quotes(WITHHELD), "score 1.000 of 1.500", "adds nothing (same origin as")
