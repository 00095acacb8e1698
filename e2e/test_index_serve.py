"""What an index serves: pages and files over HTTP, signed metadata for any TUF client, yanks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tuf.ngclient import Updater

from support.answers import Answer
from support.index import Index, in_project
from support.installers import BOTH, UV, Installer
from support.packages import installed, sdist, wheel
from support.program import Gateway, World
from support.upstream import JSON_TYPE

BRIE = wheel("brie", "1.0", requires_python=">=3.8", padding=5000)
NEWER = wheel("brie", "2.0")
SOURCE = sdist("brie", "1.0")

every_installer = pytest.mark.parametrize("installer", BOTH, ids=str)


@pytest.fixture
def address(index: Index, serving: Gateway) -> str:
    """Where the server is, with something to serve."""
    index.publish(BRIE, NEWER, SOURCE).succeeded().says("accepted", "published: timestamp")
    return serving.origin


# Pages


def test_pages_are_json_and_html(address: str) -> None:
    json_page = Answer(f"{address}/simple/brie/", Accept=JSON_TYPE)
    assert json_page.headers["Content-Type"] == JSON_TYPE
    files = {file["filename"]: file for file in json_page.json()["files"]}
    assert set(files) == {BRIE.filename, NEWER.filename, SOURCE.filename}
    brie = files[BRIE.filename]
    assert brie["hashes"] == {"sha256": BRIE.sha256} and brie["size"] == len(BRIE.data)
    assert brie["requires-python"] == ">=3.8" and brie["upload-time"].endswith("Z")
    assert brie["core-metadata"] == {"sha256": hashlib.sha256(BRIE.metadata).hexdigest()}
    html = Answer(f"{address}/simple/brie/", Accept="text/html")
    assert html.headers["Content-Type"].startswith("text/html") and f"#sha256={BRIE.sha256}" in html.text
    assert 'data-requires-python="&gt;=3.8"' in html.text
    projects = Answer(f"{address}/simple/", Accept=JSON_TYPE).json()["projects"]
    assert projects == [{"name": "brie"}]
    assert '<a href="brie/">brie</a>' in Answer(f"{address}/simple/", Accept="text/html").text
    assert Answer(f"{address}/simple/brie/", Accept="image/png").status == 406


def test_a_page_that_did_not_change_is_not_sent_again(index: Index, address: str) -> None:
    page = f"{address}/simple/brie/"
    first = Answer(page, Accept=JSON_TYPE)
    etag = first.headers["ETag"]
    assert Answer(page, Accept=JSON_TYPE, If_None_Match=f'"other", {etag}').status == 304
    assert Answer(page, Accept="text/html", If_None_Match=etag).status == 200, "another form is another page"
    index.publish(wheel("brie", "3.0")).succeeded()
    assert Answer(page, Accept=JSON_TYPE, If_None_Match=etag).status == 200


def test_names_are_redirected_and_what_is_absent_is_said(address: str) -> None:
    assert Answer(f"{address}/simple/Brie", Accept=JSON_TYPE).json()["name"] == "brie"
    assert Answer(f"{address}/simple/BRIE/", Accept=JSON_TYPE).json()["name"] == "brie"
    for path, words in {
        "/simple/none/": "this index has no such project",
        "/simple/-/": "this is no project's name",
        "/files/brie/brie-9.tar.gz": "there is no such file",
        "/files/brie/crust-1.tar.gz": "this is no file of this project",
        "/tuf/metadata/9.root.json": "there is no such metadata",
        "/tuf/targets/x": "a target is asked for as folder/SHA256.name",
        "/etc/passwd": "there is nothing here; the index is at /simple/",
    }.items():
        answer = Answer(address + path)
        assert (answer.status, answer.json()["detail"]) == (404, words), path


# Files


def test_files_are_served_whole_in_ranges_and_as_heads(address: str) -> None:
    url, data = f"{address}/files/brie/{BRIE.filename}", BRIE.data
    whole = Answer(url)
    assert (whole.status, whole.body, whole.headers["Accept-Ranges"]) == (200, data, "bytes")
    assert whole.headers["ETag"] == f'"{BRIE.sha256}"' and "immutable" in whole.headers["Cache-Control"]
    for asked, start, end in [("0-99", 0, 100), ("100-", 100, len(data)), ("-50", len(data) - 50, len(data))]:
        part = Answer(url, Range=f"bytes={asked}")
        assert (part.status, part.body) == (206, data[start:end]), asked
        assert part.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(data)}"
    beyond = Answer(url, Range=f"bytes={len(data)}-")
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    head = Answer(url, "HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(data)))
    assert Answer(url, If_None_Match=f'"{BRIE.sha256}"').status == 304


def test_metadata_lies_beside_files_and_is_used(address: str, serving: Gateway, world: World) -> None:
    assert Answer(f"{address}/files/brie/{BRIE.filename}.metadata").body == BRIE.metadata
    assert Answer(f"{address}/files/brie/{SOURCE.filename}.metadata").status == 404, "building it may change them (PEP 643)"
    # The whole file is not fetched for a dry run: the metadata were enough.
    with_log = world.command(
        "pip", "install", "-vv", "--dry-run", "--target", world.site, "brie==1.0", "--only-binary", ":all:",
        env=serving.environment,
    ).succeeded()
    with_log.says(f"Downloading {BRIE.filename}.metadata").does_not_say(f"Downloading {BRIE.filename} ")


def test_the_process_says_how_it_is(index: Index, world: World) -> None:
    with index.serve("--metrics-listen", "127.0.0.1:0", "--log-format", "json") as serving:
        assert Answer(f"{serving.origin}/health/live").text == "live\n"
        assert Answer(f"{serving.origin}/health/ready").text == "ready\n"
        assert Answer(f"{serving.origin}/metrics").status == 404, "metrics have a listener of their own"
    for line in serving.log:
        json.loads(line)


# TUF


def fetched(client: Updater, path: str) -> bytes:
    return Path(client.download_target(client.get_targetinfo(path))).read_bytes()


def test_python_tuf_verifies_listings(index: Index, serving: Gateway) -> None:
    index.publish(BRIE, SOURCE).succeeded()
    client = index.python_tuf(serving)
    files = json.loads(fetched(client, in_project("brie")))["files"]
    assert {file["filename"]: file["hashes"]["sha256"] for file in files} == {
        BRIE.filename: BRIE.sha256, SOURCE.filename: SOURCE.sha256,
    }
    assert json.loads(fetched(client, "_status/brie.json"))["status"] == {"status": "active"}
    assert client.get_targetinfo(in_project("brie", BRIE.filename)) is None
    assert client.get_targetinfo(in_project("crust")) is None


def test_plain_tuf_clients_verify_files_where_that_was_asked_for(make_index: Callable[..., Index], world: World) -> None:
    index = make_index("--files-as-targets", "--classic-bins")
    with index.serve() as serving:
        index.publish(BRIE, SOURCE).succeeded()
        client = index.python_tuf(serving)
        for package in (BRIE, SOURCE):
            assert fetched(client, in_project("brie", package.filename)) == package.data
        assert json.loads(fetched(client, in_project("brie")))["versions"] == ["1.0"]
        index.local_copy(serving)
        path = in_project("brie", BRIE.filename)
        world.affineur("tuf", "download", "copy", path, "--to", "out").succeeded().says("bins 1 (2 of 2 keys) > bin.4-")
        assert (world.work / "out" / path).read_bytes() == BRIE.data


def test_files_are_no_targets_unless_that_was_asked_for(index: Index, serving: Gateway, world: World) -> None:
    index.publish(BRIE).succeeded()
    index.local_copy(serving)
    result = world.affineur("tuf", "download", "copy", in_project("brie"), "--to", "out").succeeded()
    result.says("targets 1 (2 of 2 keys) > bins 1 (2 of 2 keys) > bin.4-")
    page = json.loads((world.work / "out" / in_project("brie")).read_bytes())
    assert [file["filename"] for file in page["files"]] == [BRIE.filename]
    absent = world.affineur("tuf", "download", "copy", in_project("brie", BRIE.filename), "--to", "out")
    assert absent.status == 1, absent


# Yanks


@every_installer
def test_a_yanked_version_is_not_chosen(
    installer: Installer, index: Index, serving: Gateway, world: World
) -> None:
    index.publish(BRIE, NEWER).succeeded()

    def chosen(*requirements: str) -> dict[str, str]:
        world.again()
        world.command(*installer.words(world.site), *requirements, env=serving.environment).succeeded()
        return installed(world.site)

    assert chosen("brie") == {"brie": "2.0"}
    index.command("yank", "brie==2.0", "--reason", "it lost data").succeeded().says("published: timestamp")
    assert chosen("brie") == {"brie": "1.0"}
    assert chosen("brie==2.0") == {"brie": "2.0"}, "whoever asks for it exactly still gets it, as PEP 592 says"
    index.command("yank", "brie==2.0", "--undo").succeeded()
    assert chosen("brie") == {"brie": "2.0"}


def test_a_yank_says_its_reason(index: Index, serving: Gateway, world: World) -> None:
    index.publish(BRIE, NEWER).succeeded()
    index.command("yank", "brie==2.0", "--reason", "it lost data").succeeded()
    for accept in (JSON_TYPE, "text/html"):
        assert "it lost data" in Answer(f"{serving.index}brie/", Accept=accept).text
    exactly = world.command(*UV.words(world.site), "brie==2.0", env=serving.environment).succeeded()
    exactly.says("it lost data")


@pytest.mark.parametrize("requirement, words", [
    ("brie", "a yank is about one version"),
    ("brie>=1", "a yank is about one version"),
    ("brie==1.*", "a yank is about one version"),
    ("crust==1", "there is no project crust"),
    ("brie==9", "there is no brie 9"),
])
def test_a_yank_of_what_is_not_there_is_refused(requirement: str, words: str, index: Index) -> None:
    index.publish(BRIE).succeeded()
    result = index.command("yank", requirement)
    assert result.status == 2, result
    result.says(words, "hint:")
