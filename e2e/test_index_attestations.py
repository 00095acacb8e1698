"""Attestations (PEP 740): uploaded by real tools, verified by the index, served with the file. They are real ones: see
vectors/attestations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.answers import Answer
from support.index import TWINE, UPLOADERS, UV_PUBLISH, Index, Uploader
from support.packages import Package
from support.program import Gateway, World

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "attestations"
SDIST = "pypi_attestations-0.0.19.tar.gz"
WHEEL = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl"
TYPE = "application/vnd.pypi.integrity.v1+json"
PUBLISHER = "github:trailofbits/pypi-attestations/release.yml"

TWINE_ATTESTATIONS = Uploader("twine", (*TWINE.command[:2], "--attestations", *TWINE.command[2:]), TWINE.token_variable)
every_uploader = pytest.mark.parametrize("uploader", [TWINE_ATTESTATIONS, UV_PUBLISH], ids=str)


def vector(filename: str) -> Package:
    return Package(filename, (VECTORS / filename).read_bytes(), b"")


def beside(filename: str, kind: str = "publish") -> Package:
    return vector(f"{filename}.{kind}.attestation")


def spoilt(attestation: Package, old: str, new: str) -> Package:
    text = attestation.data.decode()
    assert old in text
    return Package(attestation.filename, text.replace(old, new, 1).encode(), b"")


def provenance(server: Gateway, filename: str, **headers: str) -> Answer:
    project, version = re.fullmatch(r"(.+?)-([^-]+?)(?:\.tar\.gz|-py3-none-any\.whl)", filename).groups()
    return Answer(f"{server.origin}/integrity/{project.replace('_', '-')}/{version}/{filename}/provenance", **headers)


@every_uploader
@pytest.mark.parametrize("filename, kind", [(SDIST, "GitHub"), (WHEEL, "CircleCI")], ids=["sdist", "wheel"])
def test_a_real_distribution_is_uploaded_with_its_real_attestation(
    filename: str, kind: str, uploader: Uploader, index: Index, serving: Gateway
) -> None:
    uploader.upload(index, serving, index.token(), vector(filename), beside(filename)).succeeded()
    answer = provenance(serving, filename)
    assert (answer.status, answer.headers["Content-Type"]) == (200, TYPE)
    [bundle] = answer.json()["attestation_bundles"]
    assert answer.json()["version"] == 1 and bundle["publisher"]["kind"] == kind
    # The same one, but for its form.
    assert bundle["attestations"] == [json.loads(beside(filename).data)]
    again = provenance(serving, filename, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_twine_uploads_both_attestations_of_a_file(index: Index, serving: Gateway) -> None:
    packages = [vector(SDIST), beside(SDIST), beside(SDIST, "slsa")]
    TWINE_ATTESTATIONS.upload(index, serving, index.token(), *packages).succeeded()
    [bundle] = provenance(serving, SDIST).json()["attestation_bundles"]
    assert len(bundle["attestations"]) == 2 and bundle["publisher"]["workflow"] == "release.yml"


def test_another_program_verifies_what_the_index_serves(
    index: Index, serving: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both keep a copy of Sigstore's root at home; it brings one of its own.
    for place in ["XDG_DATA_HOME", "XDG_CACHE_HOME"]:
        monkeypatch.setenv(place, str(world.root / "sigstore"))
    from pypi_attestations import Distribution, Provenance

    for filename, kinds in [(SDIST, ("publish", "slsa")), (WHEEL, ("publish",))]:
        packages = [vector(filename), *(beside(filename, kind) for kind in kinds)]
        TWINE_ATTESTATIONS.upload(index, serving, index.token("--name", filename), *packages).succeeded()
        [bundle] = Provenance.model_validate_json(provenance(serving, filename).body).attestation_bundles
        file = Distribution(name=filename, digest=vector(filename).sha256)
        # Against the publisher that the index names.
        found = [attestation.verify(bundle.publisher, file, offline=True)[0] for attestation in bundle.attestations]
        assert len(found) == len(kinds) == len(set(found))


def test_the_command_line_takes_the_attestation_beside_a_file(index: Index, serving: Gateway) -> None:
    index.publish(vector(SDIST), beside(SDIST)).succeeded().says(f"{SDIST}, with its attestation")
    assert provenance(serving, SDIST).json()["attestation_bundles"][0]["publisher"]["kind"] == "GitHub"
    foreign = Package(f"{WHEEL}.publish.attestation", beside(SDIST).data, b"")
    index.publish(vector(WHEEL), foreign).failed().says(f"the attestations of {WHEEL}: ")
    assert index.status()["files"] == 1


SPOILT: list[tuple[str, Callable[[], Package], str]] = [
    ("signature", lambda: spoilt(beside(SDIST), '"signature":"MEYCIQC', '"signature":"MEYCIQD'), "does not verify"),
    ("another file", lambda: Package(beside(SDIST).filename, beside(WHEEL).data, b""),
     f'the statement is about the file "{WHEEL}"'),
    ("logged later", lambda: spoilt(beside(SDIST), "1733354041", "1733354042"), "the transparency log: "),
    ("another version", lambda: Package(beside(SDIST).filename, b'{"version": 2}', b""), "version 2 of attestations is unknown"),
    ("no attestation", lambda: Package(beside(SDIST).filename, b'{}', b""), "no attestations as PEP 740 has them"),
]


@every_uploader
@pytest.mark.parametrize("make, words", [case[1:] for case in SPOILT], ids=[case[0] for case in SPOILT])
def test_a_spoilt_attestation_is_refused_in_the_tools_words_and_nothing_is_accepted(
    make: Callable[[], Package], words: str, uploader: Uploader, index: Index, serving: Gateway
) -> None:
    refused = uploader.upload(index, serving, index.token(), vector(SDIST), make()).failed()
    refused.says(f"the attestations of {SDIST}: ").says(words)
    assert index.status()["files"] == 0 and provenance(serving, SDIST).status == 404


def test_an_attestation_comes_with_the_first_upload_or_never(index: Index, serving: Gateway) -> None:
    token = index.token()
    TWINE.upload(index, serving, token, vector(SDIST)).succeeded()
    late = UV_PUBLISH.upload(index, serving, token, vector(SDIST), beside(SDIST)).failed()
    late.says(f"{SDIST} is there already, without attestations, and gets none later")
    assert provenance(serving, SDIST).json()["detail"] == "this file was uploaded without attestations"


def test_the_same_upload_with_its_attestation_again_is_fine(index: Index, serving: Gateway) -> None:
    token = index.token()
    for uploader in [TWINE_ATTESTATIONS, UV_PUBLISH, TWINE]:
        uploader.upload(index, serving, token, vector(SDIST), beside(SDIST)).succeeded()
    assert provenance(serving, SDIST).status == 200


def test_provenance_is_named_in_the_signed_overlay_and_linked_with_https_only(
    index: Index, world: World
) -> None:
    settings = index.folder / "index.toml"
    settings.write_text(settings.read_text().replace("http://127.0.0.1:8765/", "https://index.example/"))
    index.publish(vector(SDIST), beside(SDIST)).succeeded()
    with index.serve() as server:
        link = f"https://index.example/integrity/pypi-attestations/0.0.19/{SDIST}/provenance"
        page = Answer(f"{server.origin}/simple/pypi-attestations/", Accept="application/vnd.pypi.simple.v1+json")
        assert page.json()["files"][0]["provenance"] == link
        html = Answer(f"{server.origin}/simple/pypi-attestations/", Accept="text/html").text
        assert f'data-provenance="{link}"' in html
        served = provenance(server, SDIST)
        index.local_copy(server)
        world.affineur("tuf", "download", "copy", "_status/pypi-attestations.json", "--to", "got").succeeded()
        [document] = (world.work / "got").rglob("*.json")
        [overlay] = json.loads(document.read_text())["files"].values()
        assert overlay["provenance"] == {"sha256": hashlib.sha256(served.body).hexdigest()}


def test_on_an_index_without_https_nothing_is_linked(index: Index, serving: Gateway) -> None:
    index.publish(vector(SDIST), beside(SDIST)).succeeded()
    page = Answer(f"{serving.origin}/simple/pypi-attestations/", Accept="application/vnd.pypi.simple.v1+json")
    assert "provenance" not in page.json()["files"][0]


def test_whoever_does_not_take_the_type_is_told(index: Index, serving: Gateway) -> None:
    index.publish(vector(SDIST), beside(SDIST)).succeeded()
    assert provenance(serving, SDIST, Accept="text/html").status == 406
    for accept in ["*/*", "application/json", TYPE]:
        assert provenance(serving, SDIST, Accept=accept).status == 200
    assert provenance(serving, WHEEL).status == 404


def test_an_index_may_believe_another_instance(index: Index) -> None:
    settings = index.folder / "index.toml"
    settings.write_text(settings.read_text() + 'sigstore-trusted-root = "sigstore.json"\n')
    (index.folder / "sigstore.json").write_text("{}")
    index.publish(vector(SDIST)).failed().says("sigstore.json: this is no trusted root of Sigstore")


def test_a_token_of_a_publisher_takes_nothing_else(index: Index, serving: Gateway) -> None:
    bound = index.token("--publisher", PUBLISHER)
    for uploader in UPLOADERS:
        uploader.upload(index, serving, bound, vector(SDIST)).failed().says(f"{SDIST} has no attestation; this token takes")
    by_another = UV_PUBLISH.upload(index, serving, bound, vector(WHEEL), beside(WHEEL)).failed()
    by_another.says("is attested by circleci:").says(f"this token takes what {PUBLISHER} attests")
    assert index.status()["files"] == 0
    TWINE_ATTESTATIONS.upload(index, serving, bound, vector(SDIST), beside(SDIST)).succeeded()
    index.command("token list").succeeded().says(f"by {PUBLISHER}")
    index.command("token new", "--publisher", "github:trailofbits").failed().says("this names no publisher")
