"""Curators: made, told what to say, signed in rounds, published, read by programs of others."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tuf.ngclient import Updater

from support.files import FileServer
from support.program import REPOSITORY, Result, World

WORDS = "correct horse battery\n"
WHEEL = "cheese-2.1-py3-none-any.whl"
PEOPLE = ("anna", "ben", "carla", "mallory")


@dataclass
class Curator:
    """A curator's folder, and the keys of everybody in one folder of keys."""

    world: World
    folder: Path

    def __call__(self, name: str, *arguments: object) -> Result:
        """`affineur curator NAME FOLDER ARGUMENTS`; a name may be two words."""
        return self.world.affineur("curator", *name.split(), self.folder, *arguments)

    def publish(self, *options: object) -> Result:
        return self("publish", "--passphrase-file", "pw", *options)

    def status(self) -> dict:
        return json.loads(self("status", "--json").succeeded().stdout)

    def signs(self, kind: str, *arguments: object, by: str, out: str) -> Path:
        """What somebody signs on a machine of their own."""
        self.world.affineur("curator", kind, *arguments, "--as", by, "--passphrase-file", "pw", "--out", out).succeeded()
        return self.world.work / out

    def votes(self, file: str, *options: object, by: str, out: str = "") -> Path:
        return self.signs("vote", file, "--curator", self.status()["curator"], *options, by=by, out=out or f"{by}.ballot.json")

    def role(self, name: str) -> dict:
        (file,) = sorted((self.folder / "public/metadata").glob(f"*.{name}.json"), key=lambda file: -int(file.name.split(".")[0]))[:1]
        return json.loads(file.read_text())["signed"]


def made_once(shared: Path) -> Path:
    """A curator and everybody's keys, once for all workers: opening keys takes a second each, on purpose."""
    root, told = shared / "curator-world", shared / "curator.made"
    with (shared / "curator.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            world = World(root)
            world.write("pw", WORDS)
            for name in PEOPLE:
                world.affineur("key", "new", name, "--passphrase-file", "pw").succeeded()
                world.write(f"{name}.json", world.affineur("key", "export", name).succeeded().stdout)
            init = ("--url", "http://127.0.0.1:9/", "--passphrase-file", "pw")
            told.write_text(world.affineur("curator", "init", "acme", *init).succeeded().stdout)
            (root / "told").write_text(told.read_text())
    return root


@pytest.fixture
def curator(tmp_path_factory: pytest.TempPathFactory, world: World) -> Curator:
    base = tmp_path_factory.getbasetemp()
    pattern = made_once(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)
    shutil.copytree(pattern / "work", world.work, dirs_exist_ok=True)
    shutil.copytree(pattern / "state", world.state, dirs_exist_ok=True)
    for version in ("2.0", "2.1", "2.2"):
        world.write(f"cheese-{version}-py3-none-any.whl", f"the wheel of {version}\n")
    return Curator(world, world.work / "acme")


def updater(curator: Curator, server: FileServer, folder: Path) -> Updater:
    """python-tuf's client of what is published now."""
    server.files.clear()
    server.serve_folder(curator.folder / "public")
    folder.mkdir(exist_ok=True)
    root = (curator.folder / "client" / "acme.root.json").read_bytes()
    (folder / "targets").mkdir(exist_ok=True)
    return Updater(str(folder), f"{server.origin}/metadata/", str(folder / "targets"), f"{server.origin}/targets/", bootstrap=root)


def test_a_new_curator_says_who_it_is_and_how_to_trust_it(curator: Curator) -> None:
    status = curator.status()
    assert [role["role"] for role in status["roles"]] == [
        "root", "targets", "trusted-author", "voted", "audited", "objections", "snapshot", "timestamp",
    ]
    assert len(status["curator"]) == 64 and status["waiting"] == [] and not any(role["due"] for role in status["roles"])
    party = (curator.folder / "client/affineur.toml").read_text()
    assert "[party.acme]" in party and 'repository = "http://127.0.0.1:9/"' in party
    assert (curator.folder / "client/acme.root.json").read_bytes() == (curator.folder / "public/metadata/1.root.json").read_bytes()
    curator("status").says("acme at http://127.0.0.1:9/", status["curator"], "0 trusted authors")
    (renewal,) = curator.folder.glob("renewal-*.key")
    assert stat.S_IMODE(renewal.stat().st_mode) == 0o600
    assert "renewal-*.key" in (curator.folder / ".gitignore").read_text()
    served = curator.folder / "public"
    assert all(file.stat().st_mode & 0o004 for file in served.rglob("*")), "a web server of another user can read it"


def test_each_level_is_said_published_and_read_by_python_tuf(curator: Curator, server: FileServer) -> None:
    world = curator.world
    curator("voter add", "anna", "--key", "anna.json").succeeded()
    curator("voter add", "ben", "--key", "ben.json", "--votes", "2").succeeded().says("2 of 2 voters must be for a file")
    curator("auditor add", "carla", "--key", "carla.json").succeeded()
    curator.publish().succeeded().says("published targets 2")
    listed = json.loads(curator("voter list", "--json").succeeded().stdout)
    assert [person["name"] for person in listed["people"]] == ["anna", "ben"] and listed["votes"] == 2

    publisher = "github:psf/requests/release.yml"
    curator("trust-author", "--project", "requests", "--publisher", publisher, "--until", "2099-06-30").succeeded().says("nothing is signed")
    curator("trust-author", "--project", "Cheese", "--key", "anna.json", "--until", "30d").succeeded()
    curator("object", "--project", "cheese", "--versions", ">=2,<2.1", "--reason", "steals tokens", "--until", "90d").succeeded()
    curator("object", "--file", "cheese-2.0-py3-none-any.whl", "--reason", "not theirs", "--until", "90d").succeeded()
    curator("object", "--publisher", publisher, "--reason", "taken over", "--until", "90d").succeeded()
    ballots = [curator.votes(WHEEL, by=name) for name in ("anna", "ben")]
    audit = ("--criteria", "safe-to-deploy", "--until", "365d", "--notes")
    whole = curator.signs("audit", WHEEL, *audit, "all", by="carla", out="whole.json")
    delta = curator.signs("audit", "cheese-2.2-py3-none-any.whl", "--from", WHEEL, *audit, "two fixes", by="carla", out="delta.json")
    curator("tally", *ballots, whole, delta).succeeded().says("voter anna votes for", "voter ben", "auditor carla audited", "took in 4 of 4")
    published = curator.publish("--json").succeeded()
    assert json.loads(published.stdout)["published"] == {"trusted-author": 2, "voted": 2, "audited": 2, "objections": 2}

    client = updater(curator, server, world.root / "theirs")
    client.refresh()
    said = {}
    for path in ("authors/requests", "authors/cheese", f"voted/cheese/{WHEEL}", f"audited/cheese/{WHEEL}", "objections/cheese",
                 "objections/_authors", "people.json"):
        found = client.get_targetinfo(path)
        assert found, path
        said[path] = found
    custom = lambda path: said[path].unrecognized_fields["custom"]
    assert custom("authors/requests")["authors"] == [{"publisher": publisher, "until": "2099-06-30T23:59:59Z"}]
    assert len(custom(f"voted/cheese/{WHEEL}")["statements"]) == 2
    assert said[f"voted/cheese/{WHEEL}"].length == len("the wheel of 2.1\n")
    assert [one["reason"] for one in custom("objections/cheese")["objections"]] == ["steals tokens", "not theirs"]
    people = Path(client.download_target(said["people.json"])).read_bytes()
    assert set(json.loads(people)["voters"]) == {"anna", "ben"}
    status = curator.status()
    assert (status["authors"], status["ballots"], status["audits"], status["objections"]) == (2, 2, 2, 3)

    curator("distrust-author", "--project", "requests", "--publisher", publisher).succeeded()
    curator("withdraw", "audits", "--file", "cheese-2.2-py3-none-any.whl", "--reason", "overlooked the plugin").succeeded()
    curator("withdraw", "objection", "--project", "cheese", "--versions", ">=2,<2.1").succeeded()
    curator.publish().succeeded()
    client = updater(curator, server, world.root / "theirs")
    assert client.get_targetinfo("authors/requests") is None
    assert client.get_targetinfo("audited/cheese/cheese-2.2-py3-none-any.whl") is None
    reasons = [one["reason"] for one in client.get_targetinfo("objections/cheese").unrecognized_fields["custom"]["objections"]]
    assert reasons == ["not theirs", "withdrawn by the curator: overlooked the plugin"]


def test_a_committee_of_three_signs_in_rounds_on_machines_of_their_own(curator: Curator) -> None:
    world = curator.world
    three = [option for name in ("anna", "ben", "carla") for option in ("--key", f"voted={name}.json")]
    made = world.affineur(
        "curator", "init", "club", "--url", "http://127.0.0.1:9/", "--passphrase-file", "pw", *three, "--threshold", "voted=2",
        "--key", "root=mallory", "--key", "targets=mallory", "--key", "trusted-author=mallory", "--key", "audited=mallory",
        "--key", "objections=acme-objections",
    ).succeeded()
    # All keys are in one folder here, so it is complete at once; from now on each has a folder of their own.
    made.says("The curator club is in club")
    homes = {}
    for name in ("anna", "ben", "carla"):
        homes[name] = world.work / f"keys-{name}"
        homes[name].mkdir()
        shutil.copy(world.state / "keys" / f"{name}.key", homes[name])
    mine = world.work / "keys-mine"
    mine.mkdir()
    shutil.copy(world.state / "keys" / "mallory.key", mine), shutil.copy(world.state / "keys" / "acme-objections.key", mine)
    club = Curator(world, world.work / "club")
    club("voter add", "anna", "--key", "anna.json").succeeded()
    club.publish("--keys", mine).succeeded()
    club("tally", club.votes(WHEEL, by="anna")).succeeded()

    waits = club.publish("--keys", mine).succeeded()
    waits.says("What waits still", "voted 2 must sign; signed: nobody; missing: anna, ben, carla", "affineur curator sign")
    assert club.role("voted")["version"] == 1, "nothing of it is served"
    copy = world.work / "by-mail"
    shutil.copytree(club.folder, copy, ignore=shutil.ignore_patterns("renewal-*"))
    at_ben = Curator(world, copy)
    at_ben("sign").succeeded().says("follows on the root that users have", f"voted: voted/cheese/{WHEEL}", "anna for until")
    stranger = at_ben("sign", "--as", "mallory", "--keys", mine, "--passphrase-file", "pw")
    assert stranger.status == 2, stranger
    stranger.says("signs nothing that waits")
    at_ben("sign", "--as", "ben", "--keys", homes["ben"], "--passphrase-file", "pw").succeeded().says("signed voted with ben", "missing: anna, carla")
    alone = at_ben.publish("--keys", homes["ben"])
    assert alone.status == 2, "the renewal key stayed at home"
    alone.says("has no renewal key")
    shutil.copytree(copy / "work", club.folder / "work", dirs_exist_ok=True)
    said = json.loads(club("sign", "--json").succeeded().stdout)
    (demand,) = said["waiting"][0]["demands"]
    assert [voice["name"] for voice in demand["signed"]] == ["ben"] and demand["threshold"] == 2
    club.publish("--keys", homes["carla"]).succeeded().says("signed voted with carla", "published voted 2")
    assert f"voted/cheese/{WHEEL}" in club.role("voted")["targets"]
    assert club.status()["waiting"] == []


def test_what_does_not_count_is_not_taken_in_and_each_reason_is_said(curator: Curator) -> None:
    world = curator.world
    curator("voter add", "anna", "--key", "anna.json").succeeded()
    curator("voter add", "ben", "--key", "ben.json").succeeded()
    first = curator.votes(WHEEL, by="anna", out="first.json")
    other = curator.signs("vote", WHEEL, "--curator", "ab" * 32, by="anna", out="other.json")
    stranger = curator.votes(WHEEL, by="mallory", out="stranger.json")
    world.write(f"evil/{WHEEL}", "other bytes\n")
    bytes_of_others = curator.votes(f"evil/{WHEEL}", by="ben", out="evil.json")
    forged = world.write("forged.json", first.read_text().replace('"for"', '"against"'))
    nonsense = world.write("nonsense.json", "[]")
    judged = curator("tally", first, first, other, stranger, bytes_of_others, forged, nonsense, "--json")
    assert judged.status == 1, judged
    lines = [json.loads(line) for line in judged.stdout.splitlines()]
    assert [line["taken"] for line in lines] == [True] + 6 * [False]
    for line, phrase in zip(lines[1:], [
        "there already", "for the curator abab", "no voter and no auditor", "about the bytes", "no voter and no auditor",
        "no ballot and no audit",
    ]):
        assert phrase in line["reason"], line
    newer = curator.votes(WHEEL, "--withdraw", by="anna", out="newer.json")
    curator("tally", newer).succeeded().says("anna votes withdrawn")
    replayed = curator("tally", first)
    assert replayed.status == 1, replayed
    replayed.says("anna has cast a later ballot")
    curator.publish().succeeded()
    assert len(curator.role("objections")["targets"]["objections/cheese"]["custom"]["withdrawals"]) == 1


def test_a_stolen_key_publishes_no_inventions_and_is_revoked(curator: Curator, server: FileServer) -> None:
    world = curator.world
    curator("voter add", "anna", "--key", "anna.json").succeeded()
    curator("tally", curator.votes(WHEEL, by="anna")).succeeded()
    curator.publish().succeeded()
    # Who has the folder and the key of `voted` puts a ballot of a stranger into the draft.
    curator("tally", curator.votes("cheese-2.2-py3-none-any.whl", by="anna", out="b.json")).succeeded()
    draft = curator.folder / "work/voted.json"
    honest = draft.read_text()
    signed = json.loads(honest)
    invented = json.loads(curator.votes("cheese-2.2-py3-none-any.whl", by="mallory", out="m.json").read_text())
    signed["signed"]["targets"]["voted/cheese/cheese-2.2-py3-none-any.whl"]["custom"]["statements"].append(invented)
    draft.write_text(json.dumps(signed))
    for command in (("publish", "--passphrase-file", "pw"), ("sign", "--as", "acme-statements", "--passphrase-file", "pw")):
        refused = curator(*command)
        assert refused.status == 1, refused
        refused.says("the draft of voted must not be signed", "a ballot that no listed voter signed", "do not sign it")
    draft.write_text(honest)
    curator.publish().succeeded()

    curator("rotate", "voted", "--remove", "acme-statements", "--add", "mallory").succeeded()
    curator.publish("--as", "acme-targets", "--as", "mallory").succeeded().says("published targets 3", "published voted 4")
    curator("tally", curator.votes(WHEEL, "--withdraw", by="anna", out="w.json")).succeeded()
    stolen = curator("sign", "--as", "acme-statements", "--passphrase-file", "pw")
    assert stolen.status == 2, stolen
    stolen.says("signs nothing that waits")
    curator.publish().succeeded().says("published voted 5")
    curator("rotate", "renewal").succeeded()
    curator.publish().succeeded().says("published root 2")
    (renewal,) = curator.folder.glob("renewal-*.key")
    client = updater(curator, server, world.root / "theirs")
    found = client.get_targetinfo(f"voted/cheese/{WHEEL}")
    assert [one["signed"]["vote"] for one in found.unrecognized_fields["custom"]["statements"]] == ["withdrawn"]


def test_a_job_renews_and_everything_else_is_renewed_when_it_is_due(curator: Curator, server: FileServer) -> None:
    world = curator.world
    (world.state / "keys").rename(world.root / "keys-in-the-safe")
    for _ in range(5):
        world.passed = world.passed.__class__(days=world.passed.days + 6)
        curator("publish", "--renew").succeeded().says("published timestamp")
    assert not any(role["expired"] for role in curator.status()["roles"])
    updater(curator, server, world.root / "theirs").refresh()
    world.passed = world.passed.__class__(days=150)
    late = curator("status").succeeded()
    late.says("timestamp", "EXPIRED", "warning", "affineur curator publish")
    (world.root / "keys-in-the-safe").rename(world.state / "keys")
    renewed = curator.publish().succeeded()
    renewed.says("published trusted-author 2", "published objections 2").does_not_say("published root", "published targets")


def test_what_cannot_be_done_is_said_with_its_status(curator: Curator) -> None:
    world = curator.world
    before = {file: file.read_bytes() for file in curator.folder.rglob("*") if file.is_file()}
    same = ("--key", "voted=anna", "--key", "objections=anna")
    init = ("init", "other", "--url", "https://curator.example/")
    for arguments, status, phrases in [
        (("init", "acme", "--url", "https://curator.example/"), 2, ("has a curator already", "another folder")),
        (("init", "other", "--url", "ftp://curator.example/"), 2, ("no plain http or https URL",)),
        ((*init, "--key", "voted=nobody", "--passphrase-file", "pw"), 2, ("there is no key nobody",)),
        ((*init, "--key", "tally=anna"), 2, ("expected a role",)),
        ((*init, *same, "--passphrase-file", "pw"), 2, ("is one of objections and of voted", "a key of its own")),
        ((*init, "--threshold", "root=2", "--passphrase-file", "pw"), 2, ("root: 2 of 1 keys cannot sign",)),
        (("publish", "nowhere"), 2, ("nowhere has no curator", "affineur curator init")),
        (("trust-author", "acme", "--project", "requests", "--until", "30d"), 2, ("required",)),
        (("trust-author", "acme", "--project", "requests", "--publisher", "psf", "--until", "30d"), 2, ("names no publisher",)),
        (("trust-author", "acme", "--project", "requests", "--key", "anna", "--until", "2001-01-01"), 2, ("would have ended already",)),
        (("trust-author", "acme", "--project", "requests", "--key", "anna", "--until", "soon"), 2, ("expected a date",)),
        (("distrust-author", "acme", "--project", "requests", "--key", "anna"), 2, ("is not there",)),
        (("object", "acme", "--reason", "x", "--until", "30d"), 2, ("nothing is named",)),
        (("object", "acme", "--project", "cheese", "--reason", " ", "--until", "30d"), 2, ("means nothing there",)),
        (("withdraw", "acme", "audits", "--file", WHEEL), 2, ("is not there",)),
        (("voter", "remove", "acme", "anna"), 2, ('voter "anna" is not there',)),
        (("voter", "add", "acme", "anna", "--key", "nowhere.json"), 2, ("nowhere.json", "affineur key export")),
        (("voter", "add", "acme", "anna", "--key", "pw.json"), 2, ("pw.json",)),
        (("undelegate", "acme", "auditors"), 2, ("is not there",)),
        (("delegate", "acme", "x", "--repository", "https://x.example/", "--root", "anna.json", "--level", "voted"), 2, ("its root",)),
        (("vote", "pw", "--as", "anna", "--repository", "acme"), 2, ("is no distribution",)),
        (("vote", WHEEL, "--as", "anna"), 2, ("required",)),
        (("vote", WHEEL, "--as", "anna", "--repository", "acme"), 2, ("no terminal to ask for the passphrase",)),
        (("audit", WHEEL, "--as", "anna", "--criteria", "safe", "--notes", "", "--until", "9d"), 2, ("safe-to-run",)),
        (("tally", "acme", "nowhere.json"), 2, ("nowhere.json",)),
        (("rotate", "acme", "voted"), 2, ("nothing is to change",)),
        (("rotate", "acme", "tally", "--add", "anna"), 2, ("expected a role",)),
        (("rotate", "acme", "voted", "--remove", "anna"), 2, ('a key "anna" of voted is not there',)),
        (("rotate", "acme", "objections", "--add", "acme-statements"), 2, ("is one of objections and of",)),
        (("discard", "acme", "voted"), 2, ("a draft of voted is not there",)),
        (("sign", "acme", "--as", "anna", "--passphrase-file", "pw"), 2, ("signs nothing that waits",)),
    ]:
        result = world.affineur("curator", *arguments)
        assert result.status == status, result
        result.says(*phrases)
    after = {file: file.read_bytes() for file in curator.folder.rglob("*") if file.is_file()}
    assert after == before, "nothing was changed"
    curator("sign").succeeded().says("nothing waits to be signed")


def test_what_is_served_and_was_tampered_with_is_not_built_upon(curator: Curator) -> None:
    curator("trust-author", "--project", "cheese", "--key", "anna", "--until", "30d").succeeded()
    for name, change in [("1.voted.json", b"{}"), ("timestamp.json", None), ("1.snapshot.json", b"")]:
        file = curator.folder / "public/metadata" / name
        honest = file.read_bytes()
        file.write_bytes(honest.replace(b'"version":1', b'"version":7') if change is None else change)
        for command in ("publish", "sign"):
            refused = curator(command, "--passphrase-file", "pw")
            assert refused.status in (1, 2), refused
        file.write_bytes(honest)
    curator.publish().succeeded()


def test_the_guide_of_curators_is_true(curator: Curator) -> None:
    """Every command that the guide shows is run, in its order, with the files of the people in it at hand."""
    world = curator.world
    text = (REPOSITORY / "docs" / "guide" / "curator.md").read_text()
    shown = [line.strip() for line in text.splitlines() if line.startswith("affineur ")]
    assert len(shown) >= 30
    shutil.copy(curator.folder / "client/acme.root.json", world.work / "auditors.root.json")
    shutil.copy(world.work / "carla.json", world.work / "author.json")
    # The guide makes its own.
    shutil.rmtree(curator.folder)
    for key in (world.state / "keys").glob("acme-*.key"):
        key.unlink()
    ben, elsewhere = world.state / "keys" / "ben.key", world.root / "ben.key"
    for line in shown:
        # It is not on the machine that publishes.
        if "publish" in line:
            ben.rename(elsewhere)
        world.affineur(*shlex.split(line)[1:]).succeeded()
        if "publish" in line:
            elsewhere.rename(ben)
    status = curator.status()
    assert status["waiting"] == [] and status["authors"] == 1 and status["ballots"] >= 1
