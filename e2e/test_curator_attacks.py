"""What nobody who takes part in a curator can do: count twice, pass one thing on as several, speak through more than are allowed."""

from __future__ import annotations

import pytest

from support.curator import Curators
from support.installers import BOTH, UNDECIDED, WITHHELD, Installer
from test_required_trusts import Company, company, curators_made  # noqa: F401 - fixtures

EACH = pytest.mark.parametrize("installer", BOTH, ids=str)


def exported(curators: Curators, person: str) -> str:
    return str(curators.world.write(f"{person}.json", curators.world.affineur("key", "export", person).succeeded().stdout))


@EACH
def test_one_voter_with_three_keys_is_one_voter(company: Company, installer: Installer) -> None:
    curators = company.curators
    keys = [word for person in ("anna", "ben") for word in ("--key", exported(curators, person))]
    curators.command("voter", "add", "third", "mallory", *keys).succeeded()
    curators.command("voter", "add", "third", "carla", "--key", exported(curators, "carla"), "--votes", "2").succeeded()
    for person in ("anna", "ben"):
        curators.command("tally", "third", curators.voted("third", company.brie, person)).succeeded()
    curators.publish("third")
    company.refuses(WITHHELD, "third is silent", installer=installer, demand='require = ["third"]', third=True)
    curators.command("tally", "third", curators.voted("third", company.brie, "carla")).succeeded()
    curators.publish("third")
    company.installs(installer, demand='require = ["third"]', third=True)


@EACH
def test_one_audit_that_three_curators_pass_on_counts_once(company: Company, installer: Installer) -> None:
    curators = company.curators
    [audit] = curators.world.work.glob("community.anna.audit.0.json")
    for curator, auditor in (("platform", "ben"), ("security", "carla")):
        curators.command("auditor", "remove", curator, auditor).succeeded()
        curators.person(curator, "auditor", "anna")
        curators.command("tally", curator, audit).succeeded()
        curators.publish(curator)
    company.refuses(WITHHELD, "score 2.500 of 5.500", "adds nothing (same origin as", installer=installer)


@EACH
def test_a_statement_passes_through_no_more_curators_than_are_allowed(company: Company, installer: Installer) -> None:
    """`community` says nothing itself; it names `platform`, which names `third`, which alone has read the file."""
    curators = company.curators
    curators.person("third", "auditor", "anna")
    curators.audited("third", company.brie, "anna")
    curators.publish("third")
    for by, named, depth in (("platform", "third", "1"), ("community", "platform", "2")):
        root = curators.world.work / named / "client" / f"{named}.root.json"
        place = ("--repository", f"{curators.server.origin}/{named}/", "--root", root)
        curators.command("auditor", "remove", by, "anna" if by == "community" else "ben").succeeded()
        curators.command("delegate", by, named, *place, "--level", "audited", "--depth", depth).succeeded()
        curators.publish(by)

    def demand(depth: int) -> dict[str, str]:
        return {"demand": 'require = ["community"]', "of_community": f"depth = {depth}"}

    company.installs(installer, minimum="0.5", **demand(3))
    for depth in (1, 2):
        company.refuses(WITHHELD, "community is silent", installer=installer, minimum="0.5", **demand(depth))
    curators.hide("third")
    company.forget_curators()
    company.refuses(UNDECIDED, "community", installer=installer, minimum="0.5", **demand(3))
