"""Required trusts end to end: an index and curators as their users make them, and pip, which installs only what all vouch for."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.answers import Answer
from support.curator import Curators, made_once
from support.files import FileServer
from support.index import Index
from support.installers import BOTH, HOSTILE, PIP, UNDECIDED, WITHHELD, Installer
from support.packages import installed, wheel
from support.program import Gateway, Result, World, until, until

EACH = pytest.mark.parametrize("installer", BOTH, ids=str)
CURATORS = ("community", "platform", "security", "third")
PEOPLE = ("anna", "ben", "carla")

BRIE = wheel("brie", "1.0")
OTHER_BRIE = wheel("brie", "1.0", padding=100)

LEVELS = 'weight = { trusted-author = "0.5", voted = "0.75", audited = "1.0" }'
INTERNAL = 'weight = { audited = "2.0" }'
EVERYTHING = 'weight = { voted = "2.0", audited = "2.0" }'


@pytest.fixture(scope="session")
def curators_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.getbasetemp()
    return made_once(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base, CURATORS, PEOPLE, everybody_has_read)


def everybody_has_read(curators: Curators) -> None:
    """Each of the first three curators has an auditor of its own, who has read the one package."""
    brie = curators.world.work / BRIE.filename
    brie.write_bytes(BRIE.data)
    for curator, auditor in zip(CURATORS, PEOPLE):
        curators.person(curator, "auditor", auditor)
        curators.audited(curator, brie, auditor)
        curators.publish(curator)


@dataclass
class Company:
    """The mail's scenario: an index that weighs 0.5, its curator 1.0, two internal ones 2.0 each, and 5.5 are needed."""

    index: Index
    server: Gateway
    curators: Curators
    user: World
    brie: Path

    @contextmanager
    def later(self, **time: float) -> Iterator[None]:
        """Some time passes for everybody but the curators: the index goes on signing."""
        self.user.again(**time)
        self.server.end()
        with self.index.serve() as self.server:
            yield

    def forget_curators(self) -> None:
        """As on a new machine."""
        shutil.rmtree(self.user.state / "tuf")

    def policy(
        self, demand: str = "", of_platform: str = "", of_community: str = "", third: bool = False, minimum: str = "5.5"
    ) -> tuple[str, str]:
        client = (self.index.folder / "client" / "root.json").read_bytes()
        (self.user.root / "root.json").write_bytes(client)
        index = f'[party.index]\nrepository = "{self.server.origin}/tuf/"\nroot = "root.json"\n'
        parties = [
            index + 'weight = { unclaimed = "0.5" }\n',
            self.curators.party("community", self.user, f"{LEVELS}\n{of_community}"),
            self.curators.party("platform", self.user, f"{INTERNAL}\n{of_platform}"),
            self.curators.party("security", self.user, INTERNAL),
            *([self.curators.party("third", self.user, EVERYTHING)] if third else []),
        ]
        top = f'sources = ["index"]\nminimum-age = "0d"\nminimum-score = "{minimum}"\n{demand}\n'
        return ("--policy", str(self.user.policy(top + "".join(parties))))

    def install(self, installer: Installer = PIP, **policy: object) -> Result:
        self.user.clear_site()
        self.user.clear_caches()
        return installer.install(self.user, "brie", options=self.policy(**policy))

    def installs(self, installer: Installer = PIP, **policy: object) -> Result:
        result = self.install(installer, **policy).succeeded()
        assert installed(self.user.site) == {"brie": "1.0"}, result
        return result

    def refuses(self, heading: str, *words: str, installer: Installer = PIP, **policy: object) -> Result:
        result = self.install(installer, **policy).failed().says(installer.quotes(heading), *words)
        assert installed(self.user.site) == {}, result
        return result


@pytest.fixture
def company(index: Index, serving: Gateway, server: FileServer, curators_made: Path, world: World, tmp_path: Path) -> Company:
    index.publish(BRIE).succeeded()
    curators = Curators.copied(curators_made, tmp_path / "curators", server)
    for curator in CURATORS:
        curators.show(curator)
    return Company(index, serving, curators, world, curators.world.work / BRIE.filename)


@EACH
def test_a_package_installs_when_all_four_vouch(company: Company, installer: Installer) -> None:
    company.installs(installer)
    why = company.user.affineur("why", "brie", *company.policy()).succeeded()
    why.says("score 5.500 of 5.500: community 1.000 (audited), index 0.500 (unclaimed), platform 2.000 (audited)")
    why.says("enough together, and none of them could be left out", "platform vouches, counts 2.000 audited")


@EACH
def test_whoever_withdraws_is_silent(company: Company, installer: Installer) -> None:
    company.installs(installer)
    company.curators.command(
        "withdraw", "platform", "audits", "--file", company.brie, "--reason", "overlooked something"
    ).succeeded()
    company.curators.publish("platform")
    company.refuses(WITHHELD, "platform is silent", installer=installer)


@EACH
def test_whoever_never_answered_is_unavailable(company: Company, installer: Installer) -> None:
    company.curators.hide("security")
    company.refuses(UNDECIDED, "security does not vouch (timestamp: the repository does not have the file", installer=installer)


def test_what_was_heard_holds_while_a_curator_is_down_until_it_expires(company: Company) -> None:
    company.installs()
    company.curators.hide("security")
    with company.later(hours=1):
        company.installs()
    with company.later(days=8):
        result = company.refuses(UNDECIDED, "community does not vouch (timestamp expired")
    result.does_not_say("index does not vouch")


def test_whoever_stands_still_is_stale(company: Company) -> None:
    company.installs(of_platform='max-stale = "2d"')
    with company.later(hours=30):
        company.installs(of_platform='max-stale = "2d"').says("nothing new came from platform since")
    with company.later(hours=20):
        company.refuses(UNDECIDED, "platform is stale (nothing new since", of_platform='max-stale = "2d"')
        company.curators.world.passed = company.user.passed
        company.curators.command("publish", "platform", "--renew").succeeded()
        company.curators.show("platform")
        company.installs(of_platform='max-stale = "2d"')


@EACH
def test_an_auditor_whose_key_was_stolen_vouches_for_nothing_any_more(company: Company, installer: Installer) -> None:
    company.installs(installer)
    company.curators.command("auditor", "remove", "platform", "ben").succeeded()
    company.curators.publish("platform")
    company.refuses(WITHHELD, "platform is silent", installer=installer)


@EACH
def test_what_a_revoked_key_signs_is_hostile(company: Company, installer: Installer) -> None:
    """The key of the role `audited` was stolen and has given way; the thief shows what it signed in the new one's place."""
    before = {path: data for path, data in company.curators.server.files.items() if path.endswith(".audited.json")}
    company.curators.world.affineur("key", "new", "fresh", *company.curators.secret).succeeded()
    words = ("--remove", "platform-statements", "--add", "fresh")
    company.curators.command("rotate", "platform", "audited", *words).succeeded()
    company.curators.publish("platform")
    company.installs(installer)
    newest = max(path for path in company.curators.server.files if path.endswith(".audited.json") and "/platform/" in path)
    stolen = max(path for path in before if "/platform/" in path)
    assert newest not in before
    company.curators.server.files[newest] = before[stolen]
    company.installs(installer)
    company.forget_curators()
    company.refuses(UNDECIDED, "platform does not vouch (audited", installer=installer).says("ALARM")


@EACH
def test_other_bytes_under_the_name_contradict(company: Company, installer: Installer) -> None:
    other = company.brie.parent / "other" / OTHER_BRIE.filename
    other.parent.mkdir()
    other.write_bytes(OTHER_BRIE.data)
    withdrawn = ("--file", company.brie, "--reason", "the wrong one")
    company.curators.command("withdraw", "platform", "audits", *withdrawn).succeeded()
    company.curators.audited("platform", other, "ben")
    company.curators.publish("platform")
    company.refuses(WITHHELD, "platform contradicts", installer=installer).says("ALARM")
    demand = 'require = ["platform"]'
    company.refuses(HOSTILE, "platform vouches for other bytes under this name", installer=installer, demand=demand)


@EACH
def test_an_objection_of_whoever_has_a_veto_withholds(company: Company, installer: Installer) -> None:
    words = ("--versions", ">=1,<2", "--reason", "it steals tokens", "--until", "30d")
    company.curators.command("object", "security", "--project", "brie", *words).succeeded()
    company.curators.publish("security")
    company.installs(installer)
    company.user.affineur("why", "brie", *company.policy()).succeeded().says("security objects", "it steals tokens")
    company.refuses(WITHHELD, "security", "it steals tokens", installer=installer, demand='veto = ["security"]')


def test_an_audit_that_ended_vouches_no_longer(company: Company) -> None:
    company.curators.command("withdraw", "platform", "audits", "--file", company.brie, "--reason", "shorter").succeeded()
    company.curators.audited("platform", company.brie, "ben", until="2d")
    company.curators.publish("platform")
    company.installs()
    with company.later(days=3):
        company.refuses(WITHHELD, "platform is silent")


def test_with_three_internal_curators_the_check_shows_the_gap_and_require_repairs_it(company: Company) -> None:
    company.curators.person("third", "auditor", "anna")
    company.curators.publish("third")

    def checked(demand: str) -> dict:
        check = company.user.affineur("policy", "check", "--json", company.policy(demand, third=True)[1])
        return json.loads(check.stdout)

    loose = checked('assert = ["requires(index)"]')
    coalitions = [set(coalition) for coalition in loose["minimal_winning_coalitions"]]
    assert len(coalitions) == 4 and {"platform", "security", "third"} in coalitions, loose
    assert "requires(index)" in json.dumps(loose), loose
    repaired = checked('require = ["index", "community"]')
    assert all({"index", "community"} <= set(coalition) for coalition in repaired["minimal_winning_coalitions"])


def test_a_service_hears_a_withdrawal_within_a_minute_and_goes_on_while_a_curator_is_down(company: Company) -> None:
    with company.user.gateway(*company.policy()) as gateway:
        def status() -> int:
            return Answer(f"{gateway.origin}/files/brie/{BRIE.filename}").status

        command = (*PIP.words(company.user.site), "--no-cache-dir", "brie")
        company.user.command(*command, env=gateway.environment).succeeded()
        company.curators.hide("security")
        assert status() == 200, "what was heard holds"
        withdrawn = ("--file", company.brie, "--reason", "overlooked something")
        company.curators.command("withdraw", "platform", "audits", *withdrawn).succeeded()
        company.curators.publish("platform")
        assert until(lambda: status() == 403, time_limit=90)
        company.user.clear_site()
        company.user.command(*command, env=gateway.environment).failed().says(PIP.quotes(WITHHELD), "platform is silent")
