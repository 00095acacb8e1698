"""Uploads to an index of affineur's own, by the tools that developers use: what is taken, and in whose words the rest is not."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from support.index import TWINE, UPLOADERS, UV_PUBLISH, Index, Uploader, post
from support.installers import BOTH, Installer
from support.packages import Package, core_metadata, installed, origin_of, sdist, wheel
from support.program import Gateway, World
from support.projects import installed_in_project, poetry_project

RELEASES = [wheel("cheese", "1.0"), sdist("cheese", "1.0"), wheel("cheese", "2.0", requires=("crust>=1",)), wheel("crust", "1.5")]

every_uploader = pytest.mark.parametrize("uploader", UPLOADERS, ids=str)
every_installer = pytest.mark.parametrize("installer", BOTH, ids=str)


@every_uploader
def test_what_was_uploaded_is_installed_at_once(
    uploader: Uploader, index: Index, serving: Gateway, world: World
) -> None:
    uploader.upload(index, serving, index.token(), *RELEASES).succeeded()
    for installer in BOTH:
        world.clear_site()
        world.command(*installer.words(world.site), "cheese", env=serving.environment).succeeded()
        assert installed(world.site) == {"cheese": "2.0", "crust": "1.5"}
        world.clear_site()
        world.command(*installer.words(world.site), "cheese<2", env=serving.environment).succeeded()
        assert installed(world.site) == {"cheese": "1.0"}


@every_installer
def test_source_distributions_are_built_and_installed(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    UV_PUBLISH.upload(index, serving, index.token(), sdist("cheese", "3.0", origin="built")).succeeded()
    world.command(*installer.words(world.site), "cheese", env=serving.environment).succeeded()
    assert installed(world.site) == {"cheese": "3.0"} and origin_of(world.site, "cheese") == "built"


def test_poetry_locks_and_installs(index: Index, serving: Gateway, world: World) -> None:
    index.publish(*RELEASES).succeeded()
    serving.url = serving.index
    lock = poetry_project(world, serving, "cheese")
    assert all(package.sha256 in lock.read_text() for package in RELEASES[2:])
    world.command("poetry", "install", "-n").succeeded()
    assert installed_in_project(world) == {"cheese": "2.0", "crust": "1.5"}


@every_installer
def test_behind_affineur_everything_is_verified(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(*RELEASES).succeeded()
    policy = index.client(serving) / "affineur.toml"
    result = installer.install(world, "cheese", options=("--policy", policy), env=serving.environment).succeeded()
    assert installed(world.site) == {"cheese": "2.0", "crust": "1.5"}
    result.says("2 let through, 0 withheld")


def test_the_same_upload_again_is_fine(index: Index, serving: Gateway) -> None:
    token = index.token()
    for uploader in UPLOADERS * 2:
        uploader.upload(index, serving, token, RELEASES[0]).succeeded()
    index.publish(RELEASES[0]).succeeded().says("was there already")
    assert index.status()["files"] == 1


@every_uploader
def test_a_name_keeps_its_bytes_for_ever(uploader: Uploader, index: Index, serving: Gateway, world: World) -> None:
    words = "cheese-1.0-py3-none-any.whl exists already with other contents; use another version or build number"
    index.publish(RELEASES[0]).succeeded()
    forged = wheel("cheese", "1.0", origin="evil")
    uploader.upload(index, serving, index.token(), forged).failed().says(words)
    index.publish(forged).failed().says(words)
    world.command("pip", "install", "--target", world.site, "cheese", env=serving.environment).succeeded()
    assert origin_of(world.site, "cheese") == "honest"


# Tokens


def test_nobody_uploads_without_a_token(index: Index, serving: Gateway) -> None:
    words = "uploads need a token: user name __token__, the token as password"
    UV_PUBLISH.upload(index, serving, None, RELEASES[0]).failed().says("missing credentials")
    answer = post(serving, None, RELEASES[0])
    assert (answer.status, answer.reason, answer.json()["detail"]) == (401, words, words)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="upload"'
    assert index.status()["files"] == 0


@every_uploader
def test_a_user_name_of_somebody_is_refused(uploader: Uploader, index: Index, serving: Gateway) -> None:
    user = {"TWINE_USERNAME": "me"} if uploader is TWINE else {"UV_PUBLISH_USERNAME": "me", "UV_PUBLISH_PASSWORD": "x"}
    token = index.token() if uploader is TWINE else None
    refused = uploader.upload(index, serving, token, RELEASES[0], env=user).failed()
    refused.says("the user name is __token__, the password is a token of this index")


@every_uploader
@pytest.mark.parametrize("case, words", [
    ("wrong", "this index does not know this token"),
    ("revoked", "this token has expired or was revoked"),
    ("expired", "this token has expired or was revoked"),
    ("of-another-project", "this token may upload to bread only, not to cheese"),
])
def test_a_token_that_is_not_good_here_is_refused(
    case: str, words: str, uploader: Uploader, index: Index, serving: Gateway
) -> None:
    options = {"expired": ("--days", "0"), "of-another-project": ("--project", "bread")}
    token = index.token(*options.get(case, ()))
    if case == "wrong":
        token = token[:-1] + ("0" if token[-1] != "0" else "1")
    if case == "revoked":
        index.command("token revoke", "1").succeeded().says("revoked token 1")
    uploader.upload(index, serving, token, RELEASES[0]).failed().says(words).does_not_say(token)
    assert index.status()["files"] == 0


def test_a_token_of_a_project_uploads_to_it(index: Index, serving: Gateway) -> None:
    TWINE.upload(index, serving, index.token("--project", "Cheese"), *RELEASES[:2]).succeeded()
    assert index.status()["files"] == 2


def test_tokens_are_listed_without_their_secrets(index: Index, serving: Gateway) -> None:
    secret = index.token("--project", "cheese", "--name", "ci")
    index.token("--name", "old\x1b[31m")
    TWINE.upload(index, serving, secret, RELEASES[0]).succeeded()
    index.command("token revoke", "2").succeeded()
    index.command("token revoke", "2").failed().says("there is no token 2 that is good")
    shown = index.command("token list").succeeded().says("1 cheese good last used", "2 every project no longer good never used")
    shown.does_not_say(secret, "\x1b[31m")
    lines = [json.loads(line) for line in index.command("token list", "--json").succeeded().stdout.splitlines()]
    assert [(line["id"], line["scope"], line["name"], line["good"]) for line in lines] == [
        (1, "cheese", "ci", True), (2, "every project", "old\x1b[31m", False),
    ]
    assert all(secret.encode() not in file.read_bytes() for file in index.folder.rglob("*") if file.is_file())


# Forms


def test_a_digest_of_another_file_is_refused(index: Index, serving: Gateway) -> None:
    answer = post(serving, index.token(), RELEASES[0], sha256_digest=RELEASES[1].sha256)
    assert answer.status == 400 and "the field sha256_digest is not the digest of the file that came" in answer.reason
    assert answer.json()["detail"].startswith(answer.reason)
    assert index.status()["files"] == 0


@pytest.mark.parametrize("fields, words", [
    ({"name": ""}, "the field name is missing"),
    ({"version": "1.1"}, "is not of version 1.1, which the field version says"),
    ({"name": "bread"}, 'is not of the project "bread", which the field name says'),
    ({"filetype": "sdist"}, 'the field filetype is "sdist"; expected is "bdist_wheel"'),
    ({"action": "doc_upload"}, 'the field :action is "doc_upload"; expected is "file_upload"'),
    ({"blake2_256_digest": "00" * 32}, "the field blake2_256_digest is not the digest"),
    ({"md5_digest": "short"}, "the field md5_digest is no digest"),
    ({"attestations": "[]"}, "a list without any attestation; leave it out"),
], ids=str)
def test_a_form_that_contradicts_its_file_is_refused(
    fields: dict[str, str], words: str, index: Index, serving: Gateway
) -> None:
    answer = post(serving, index.token(), RELEASES[0], **fields)
    assert answer.status == 400 and words in answer.reason, answer.reason
    assert index.status()["files"] == 0


def test_fields_that_nobody_knows_are_accepted(index: Index, serving: Gateway) -> None:
    answer = post(serving, index.token(), RELEASES[0], comment="x" * 5000, summary="brie", gpg_signature="none", new="field")
    assert (answer.status, answer.text) == (200, "cheese-1.0-py3-none-any.whl is published\n")


# Archives


def info(name: str, text: bytes) -> dict[str, bytes]:
    return {f"cheese-1.0.dist-info/{name}": text}


@pytest.mark.parametrize("make, words", [
    (lambda: wheel("cheese", "1.0", extra={"../evil.py": b""}), "entry"),
    (lambda: wheel("cheese", "1.0", extra={"cheese/zeros": bytes(70 << 20)}), "expands"),
], ids=["path-traversal", "zip-bomb"])
@every_uploader
def test_hostile_archives_are_refused(
    uploader: Uploader, make: Callable[[], Package], words: str, index: Index, serving: Gateway
) -> None:
    package = make()
    uploader.upload(index, serving, index.token(), package).failed().says(words)
    index.publish(package).failed().says(words)
    assert index.status()["files"] == 0


@pytest.mark.parametrize("package, words", [
    (wheel("cheese", "1.0", extra=info("METADATA", core_metadata("bread", "1.0"))), "name"),
    (wheel("cheese", "1.0", extra=info("METADATA", core_metadata("cheese", "2.0"))), "version"),
    (wheel("bread", "1.0", filename="cheese-1.0-py3-none-any.whl"), "dist-info"),
    (Package("cheese-1.0-py3-none-any.whl", b"no archive", b""), "ZIP"),
    (Package("cheese-1.0.tar.gz", b"no archive", b""), "damaged"),
], ids=["other-project", "other-version", "renamed", "no-zip", "no-tar"])
def test_archives_of_something_else_are_refused(package: Package, words: str, index: Index, serving: Gateway) -> None:
    answer = post(serving, index.token(), package)
    assert answer.status == 400 and words.lower() in answer.reason.lower(), answer.reason
    index.publish(package).failed().says(words, "this one and those after it are not")
    assert index.status()["files"] == 0
