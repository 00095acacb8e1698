"""Repositories that python-tuf signs, in every form that they come in: found, verified and downloaded by affineur."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.ngclient import Updater

from support import faults
from support.files import FileServer
from support.program import PROGRAM, SIGNER, Result, World
from support.repository import Repository
from support.tls import Authority
from support.upstream import Fault, Handler

MakeRepository = Callable[..., Repository]
BRIE = b"brie\n" * 1000


def begin(world: World, repository: Repository) -> None:
    root = repository.write_root(world.root)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", repository.url).succeeded()


def download(world: World, *paths: str) -> Result:
    return world.affineur("tuf", "download", "copy", *paths, "--to", "out")


def check_download(world: World, path: str, data: bytes) -> Result:
    result = download(world, path).succeeded()
    assert (world.work / "out" / path).read_bytes() == data
    return result


@pytest.mark.parametrize("form", [
    {},
    {"consistent": False},
    {"indented": True},
    {"lists_digests": False},
    {"new_key": lambda: CryptoSigner.generate_rsa(scheme="rsassa-pss-sha256")},
    {"new_key": CryptoSigner.generate_ecdsa},
], ids=["usual", "names-without-versions", "indented", "versions-only", "rsa", "ecdsa"])
def test_each_form_of_metadata_is_accepted(form: dict, make_repository: MakeRepository, world: World) -> None:
    repository = make_repository(**form)
    repository.delegate("releases", paths=["releases/*"])
    repository.add("releases/cheese.whl", BRIE, "releases")
    repository.publish()
    begin(world, repository)
    result = check_download(world, "releases/cheese.whl", BRIE)
    result.says("targets 1 (1 of 1 key) > releases 1 (1 of 1 key)")


def test_hash_bins_are_searched_by_the_digest_of_the_path(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    bins = repository.delegate_to_bins(6)
    name = bins.get_role_for_target("simple/cheese/index.html")
    repository.add("simple/cheese/index.html", BRIE, name)
    repository.publish()
    begin(world, repository)
    check_download(world, "simple/cheese/index.html", BRIE).says(f"{name} 1 (1 of 1 key)")
    asked = [path for path in repository.server.log if ".bin-" in path]
    assert asked == [f"/metadata/1.{name}.json"], "one bin and no other was asked for"


def test_bins_of_hash_prefixes_are_searched(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.delegate("bins", paths=["*", "*/*"])
    for digit in "0123456789abcdef":
        repository.delegate(f"bin-{digit}", prefixes=[digit], by="bins")
    digit = hashlib.sha256(b"a/cheese").hexdigest()[0]
    repository.add("a/cheese", BRIE, f"bin-{digit}")
    repository.publish()
    begin(world, repository)
    check_download(world, "a/cheese", BRIE).says(f"targets 1 (1 of 1 key) > bins 1 (1 of 1 key) > bin-{digit} 1")


def test_names_in_any_script_are_files_of_that_name(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    path = "käse/ラクレット + 100% (neu) #1?.txt"
    repository.delegate("käserei", paths=["käse/*"])
    repository.add(path, BRIE, "käserei")
    repository.publish()
    begin(world, repository)
    check_download(world, path, BRIE).says("käserei 1")


def test_two_of_two_keys_are_said_to_have_signed(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.delegate("strict", paths=["*"], keys=2)
    repository.add("cheese", BRIE, "strict")
    repository.publish()
    begin(world, repository)
    check_download(world, "cheese", BRIE).says("strict 1 (2 of 2 keys)")


def test_an_earlier_role_wins_and_a_terminating_one_ends_the_search(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.delegate("first", paths=["a*"], terminating=True)
    repository.delegate("second", paths=["*"])
    repository.add("a1", b"first", "first")
    repository.add("a1", b"second", "second")
    repository.add("a2", b"second", "second")
    repository.add("b", b"second", "second")
    repository.publish()
    begin(world, repository)
    check_download(world, "a1", b"first")
    check_download(world, "b", b"second")
    absent = download(world, "a2")
    assert absent.status == 1, absent
    absent.says("a2: no role of the repository lists it")


def test_a_refresh_says_what_changed(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.publish()
    begin(world, repository)
    first = world.affineur("tuf", "refresh", "copy").succeeded()
    first.says("3 roles changed", "timestamp version 1 (new) expires in 29 days")
    world.affineur("tuf", "refresh", "copy").succeeded().says("nothing changed").does_not_say("->")
    repository.rotate_root()
    repository.publish("root", "targets")
    second = world.affineur("tuf", "refresh", "copy").succeeded()
    second.says("4 roles changed", "root version 1 -> 2", "targets version 1 -> 2")
    repository.publish("targets")
    roles = json.loads(world.affineur("tuf", "refresh", "copy", "--json").succeeded().stdout)["roles"]
    assert [(role["role"], role["before"], role["version"]) for role in roles] == [
        ("root", 2, 2), ("timestamp", 2, 3), ("snapshot", 2, 3), ("targets", 2, 3),
    ]


def test_what_is_there_already_is_not_fetched_again(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.add("cheese", BRIE)
    repository.publish()
    begin(world, repository)
    check_download(world, "cheese", BRIE)
    del repository.server.files[repository.target_name("cheese", BRIE)]
    check_download(world, "cheese", BRIE).says("was there already")


def test_json_has_the_chain_and_what_the_metadata_say(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.add("cheese", BRIE, sold="\u001b[31m\u009bnowhere\u202e")
    repository.publish()
    begin(world, repository)
    result = world.affineur("tuf", "download", "copy", "cheese", "nothing", "--json")
    assert result.status == 1 and result.stdout.isascii(), result
    found, failed = map(json.loads, result.stdout.splitlines())
    assert found["outcome"] == "fetched" and found["length"] == len(BRIE), result
    assert found["custom"] == {"sold": "\u001b[31m\u009bnowhere\u202e"}
    keyids = repository.root.roles["targets"].keyids
    assert found["chain"] == [{"role": "targets", "version": 1, "threshold": 1, "keys": keyids}]
    assert failed["path"] == "nothing" and failed["status"] == 1
    assert (world.work / "cheese").read_bytes() == BRIE, "without --to the working directory is the place"


def test_places_that_no_convention_has_are_named(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    repository.add("cheese", BRIE)
    repository.publish()
    files = repository.server.files
    for path in list(files):
        files[path.replace("/metadata/", "/a/b/").replace("/targets/", "/c/")] = files.pop(path)
    root = world.write("root.json", files["/a/b/1.root.json"].decode())
    places = ("--url", f"{repository.server.origin}/a/b", "--targets-url", f"{repository.server.origin}/c")
    world.affineur("tuf", "init", "copy", "--root", root).succeeded().says("no URL is remembered")
    nowhere = world.affineur("tuf", "refresh", "copy")
    assert nowhere.status == 2, nowhere
    nowhere.says("nothing says where this repository is", "--url")
    world.affineur("tuf", "download", "copy", "cheese", *places).succeeded()
    assert (world.work / "cheese").read_bytes() == BRIE


def test_https_is_verified_with_the_authorities_of_the_system(
    make_repository: MakeRepository, authority: Authority, world: World
) -> None:
    repository = make_repository(tls=authority.server_context())
    repository.add("cheese", BRIE)
    repository.publish()
    begin(world, repository)
    stranger = world.affineur("tuf", "download", "copy", "cheese")
    assert stranger.status == 3 and not (world.work / "cheese").exists(), stranger
    stranger.says("cannot connect")
    world.env["SSL_CERT_FILE"] = str(authority.certificate)
    check_download(world, "cheese", BRIE)


def test_a_long_download_shows_how_far_it_is_at_a_terminal(make_repository: MakeRepository, world: World) -> None:
    repository = make_repository()
    data = bytes(2_000_000)
    repository.add("long", data)
    repository.publish()
    begin(world, repository)
    repository.server.faults[repository.target_name("long", data)] = in_halves(data, 0.6)
    told, terminal = pty.openpty()
    process = world.start(PROGRAM, "tuf", "download", "copy", "long", stderr=terminal)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    shown = os.read(told, 10_000).decode()
    os.close(told)
    assert process.returncode == 0 and "% of 2.0 MB" in shown and shown.endswith("\r\x1b[K"), (out, shown)
    world.affineur("tuf", "refresh", "copy").succeeded()
    quiet = world.affineur("tuf", "download", "copy", "long", "--to", "again").succeeded()
    assert quiet.stderr == "", "elsewhere there is no such line"


def in_halves(data: bytes, seconds: float) -> Fault:
    """Sends a half, and the other one after a while."""

    def fault(handler: Handler) -> None:
        faults.begin(handler, "application/octet-stream", len(data))
        handler.wfile.write(data[: len(data) // 2])
        threading.Event().wait(seconds)
        handler.wfile.write(data[len(data) // 2 :])

    return fault


# The other direction: affineur's library signs, python-tuf's client reads.


def sign_here(world: World, server: FileServer, kind: str) -> Path:
    world.command(SIGNER, world.root / "signed", kind).succeeded()
    server.serve_folder(world.root / "signed")
    return world.root / "signed" / "root.json"


NAMES = ("releases/tool-1.2.tar.gz", "releases/nightly/tool.tar.gz", "releases/nightly/größe (1)+~.txt")
KINDS = pytest.mark.parametrize("kind", ["classic", "bins", "rotated"])


def content(name: str) -> bytes:
    return f"this is {name}\n".encode()


@KINDS
def test_what_affineur_signs_is_accepted_by_python_tuf(kind: str, server: FileServer, world: World) -> None:
    root = sign_here(world, server, kind)
    places = [world.root / "python-metadata", world.root / "python-targets"]
    for place in places:
        place.mkdir()
    updater = Updater(
        str(places[0]), f"{server.origin}/metadata/", str(places[1]), f"{server.origin}/targets/",
        bootstrap=root.read_bytes(),
    )
    updater.refresh()
    for name in NAMES:
        target = updater.get_targetinfo(name)
        assert target is not None and target.custom == {"said of it": name}
        # python-tuf leaves it to its caller to encode the path of a URL; this server decodes both forms.
        assert Path(updater.download_target(target)).read_bytes() == content(name)
    assert updater.get_targetinfo("releases/none") is None
    assert len(list((places[0] / "root_history").glob("*"))) == (3 if kind == "rotated" else 1)


@KINDS
def test_what_affineur_signs_is_accepted_by_affineur(kind: str, server: FileServer, world: World) -> None:
    root = sign_here(world, server, kind)
    world.affineur("tuf", "init", "copy", "--root", root, "--url", f"{server.origin}/metadata/").succeeded()
    download(world, *NAMES).succeeded()
    for name in NAMES:
        assert (world.work / "out" / name).read_bytes() == content(name)
    assert download(world, "releases/none").status == 1
