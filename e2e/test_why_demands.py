"""`affineur why` where a policy asks for vouches: who makes it hold, with keys; or whose vouches would be enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.answers import Answer
from support.files import FileServer
from support.packages import wheel
from support.program import World
from support.signed_index import SignedIndex

TOP = 'minimum-score = "{minimum}"\nminimum-age = "0d"\n'
PARTIES = """[party.index]
repository = "{origin}/tuf/"
root = "root.json"
weight = {{ unclaimed = "0.5" }}
[party.curator-1]
repository = "{origin}/curator-1/"
root = "root.json"
weight = {{ voted = "0.5", audited = "1.0" }}
[party.curator-2]
repository = "{origin}/curator-2/"
root = "root.json"
weight = {{ audited = "0.5" }}
"""


@pytest.fixture
def index(server: FileServer, tmp_path: Path) -> SignedIndex:
    return SignedIndex(server, tmp_path / "index", wheel("cheese", "1.0"))


def policy(index: SignedIndex, world: World, minimum: str) -> tuple[str, str]:
    (world.root / "root.json").write_bytes(index.root.read_bytes())
    text = 'sources = ["index"]\n' + TOP.format(minimum=minimum) + PARTIES.format(origin=index.server.origin)
    return ("--policy", str(world.policy(text)))


def keys_of_targets(index: SignedIndex) -> list[str]:
    return json.loads(index.root.read_bytes())["signed"]["roles"]["targets"]["keyids"]


def test_a_file_that_passes_shows_its_proof_with_weights_roles_and_keys(index: SignedIndex, world: World) -> None:
    result = world.affineur("why", "cheese", *policy(index, world, "0.5")).succeeded()
    result.says("score 0.500 of 0.500: index 0.500 (unclaimed)")
    result.says("enough together, and none of them could be left out: index vouches, counts 0.500 unclaimed, signed by")
    result.says("targets v1, 2 of these keys: " + ", ".join(keys_of_targets(index)))
    result.says("the others: curator-1 ", "could count 1.000", "curator-2 ", "could count 0.500")


def test_a_file_that_does_not_pass_shows_the_smallest_sets_that_would_do(index: SignedIndex, world: World) -> None:
    result = world.affineur("why", "cheese", *policy(index, world, "1.5"))
    assert result.status in (1, 3), result
    result.says("not enough; it would be with the vouches of curator-1 (up to 1.000)", "index vouches, counts 0.500")
    result.does_not_say("or curator")
    every = world.affineur("why", "cheese", *policy(index, world, "2.0"))
    every.says("with the vouches of curator-1 (up to 1.000) and curator-2 (up to 0.500)")


def test_json_has_the_account(index: SignedIndex, world: World) -> None:
    result = world.affineur("why", "cheese", "--json", *policy(index, world, "0.5")).succeeded()
    account = json.loads(result.stdout)["sources"][0]["files"][0]["account"]
    assert account["holds"] and account["coalition"] == ["index"]
    [index_says] = [party for party in account["parties"] if party["party"] == "index"]
    assert (index_says["says"], index_says["weight"], index_says["at_most"]) == ("vouches", "0.500", "0.500")
    [statement] = index_says["statements"]
    top, *others = statement["chain"]
    assert statement["as"] == "unclaimed" and top["role"] == "targets" and top["threshold"] == 2
    assert sorted(top["keys"]) == sorted(keys_of_targets(index)) and others
    refused = world.affineur("why", "cheese", "--json", *policy(index, world, "1.0")).failed()
    account = json.loads(refused.stdout)["sources"][0]["files"][0]["account"]
    assert not account["holds"] and not account["more"]
    assert sorted(account["enough"]) == [["curator-1"], ["curator-2"]]


def test_the_service_shows_the_same(index: SignedIndex, world: World) -> None:
    with world.gateway(*policy(index, world, "1.0")) as gateway:
        url = f"{gateway.origin}/why/cheese/1.0"
        text = Answer(url, Accept="text/plain").text
        assert "curator-1 (up to 1.000)" in text and "or curator-2 (up to 0.500)" in text
        page = Answer(url, Accept="text/html").text
        assert "or curator-2 (up to 0.500)" in page and keys_of_targets(index)[0] in page
        assert Answer(url, Accept="application/json").json()["sources"][0]["files"][0]["account"]["enough"]
