"""Project pages that a hostile upstream serves: nothing wrong is installed, nothing hangs, memory stays bounded."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from support import faults
from support.hostile import PEAK_MEMORY_MIB, check_harmless
from support.installers import BOTH, PIP, Installer, from_upstream
from support.packages import installed, origin_of, wheel
from support.program import World
from support.upstream import HTML_TYPE, JSON_TYPE, LONG_AGO, Upstream, json_time

PAGE = "/simple/thing/"
GOOD = wheel("thing", "1.0")
EVIL = wheel("thing", "9.0", origin="evil")


@pytest.fixture(autouse=True)
def impatient_installers(world: World) -> None:
    """affineur waits for upstreams less long than its installer waits for it, so this shortens both."""
    world.env |= {"UV_HTTP_TIMEOUT": "5", "PIP_DEFAULT_TIMEOUT": "5"}


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    """Set when the test is over, so that no thread of an upstream waits on."""
    event = threading.Event()
    yield event
    event.set()


def deep_json() -> bytes:
    return b'{"meta":{"api-version":"1.4"},"name":"thing","files":' + b"[" * 1_000_000


ANSWERS: dict[str, Callable[[threading.Event], object]] = {
    "an endless HTML page": lambda _: faults.endless(HTML_TYPE, b"<!DOCTYPE html><html><body>"),
    "an endless JSON page": lambda _: faults.endless(JSON_TYPE, b'{"meta":{"api-version":"1.0"},"files":['),
    "a page of four gigabytes": lambda _: faults.oversized(4 << 30, HTML_TYPE),
    "a page that breaks off": lambda _: faults.truncated(b"<html>" + b" " * 10_000, 600, HTML_TYPE),
    "a page that expands to four gigabytes": lambda _: faults.gzip_bomb(HTML_TYPE, 4096),
    "a JSON page that expands to four gigabytes": lambda _: faults.gzip_bomb(JSON_TYPE, 4096),
    "a page that comes byte by byte": lambda stop: faults.dripping(b"<html>" + b" " * 10_000, stop, HTML_TYPE),
    "a page that never comes": faults.silent,
    "a connection that is closed": lambda _: faults.hang_up,
    "headers without end": lambda _: faults.endless_headers,
    "a redirect to itself": lambda _: faults.redirect(PAGE),
    "a redirect to a file of this machine": lambda _: faults.redirect("file:///etc/passwd"),
    "a redirect without a target": lambda _: faults.status(302),
    "JSON that is nested a million deep": lambda _: faults.status(200, body=deep_json(), headers=(("Content-Type", JSON_TYPE),)),
    "JSON of another major version": lambda _: faults.status(
        200, body=b'{"meta":{"api-version":"2.0"},"name":"thing","files":[]}', headers=(("Content-Type", JSON_TYPE),)
    ),
    "JSON that is no page": lambda _: faults.status(200, body=b"[1,2,3]", headers=(("Content-Type", JSON_TYPE),)),
    "a picture": lambda _: faults.status(200, body=b"\x89PNG\r\n\x1a\n", headers=(("Content-Type", "image/png"),)),
    "a server error": lambda _: faults.status(500, "Internal\x1b[31mError"),
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_page_that_cannot_be_used_gives_nothing_and_the_reason_is_said(
    answer: str, installer: Installer, json_upstream: Upstream, world: World, stop: threading.Event
) -> None:
    json_upstream.faults[PAGE] = ANSWERS[answer](stop)
    result = installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    assert installed(world.site) == {}
    check_harmless(result)
    assert "thing" in result.told, result


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("answer", ["a page that expands to four gigabytes", "a redirect to itself", "a server error"])
def test_what_was_verified_before_does_not_turn_into_something_else_when_the_page_breaks(
    answer: str, installer: Installer, json_upstream: Upstream, world: World, stop: threading.Event
) -> None:
    json_upstream.add(GOOD)
    installer.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again()
    json_upstream.faults[PAGE] = ANSWERS[answer](stop)
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    check_harmless(result)
    assert result.status != 0 or origin_of(world.site, "thing") == "honest"


def odd_json(**changes: object) -> bytes:
    """A page with the good old file and a hostile entry with these changes."""
    good = {
        "filename": GOOD.filename, "url": f"/files/{GOOD.filename}", "hashes": {"sha256": GOOD.sha256},
        "upload-time": "2020-01-01T00:00:00Z",
    }
    odd = {
        "filename": EVIL.filename, "url": f"/files/{EVIL.filename}", "hashes": {"sha256": EVIL.sha256},
        "upload-time": "2020-01-01T00:00:00Z", **changes,
    }
    page = {"meta": {"api-version": "1.4"}, "name": "thing", "files": [good, odd]}
    return json.dumps(page).encode()


ODD_ENTRIES: dict[str, dict[str, object]] = {
    "a name that leaves the folder": {"filename": "../../../thing-9.0-py3-none-any.whl"},
    "a name with a folder in it": {"filename": "sub/thing-9.0-py3-none-any.whl"},
    "an absolute name": {"filename": "/etc/cron.d/thing-9.0-py3-none-any.whl"},
    "a name with backslashes": {"filename": "..\\..\\thing-9.0-py3-none-any.whl"},
    "a name with a line break": {"filename": "thing-9.0-py3-none-any.whl\r\nSet-Cookie: a=b"},
    "a name with a NUL": {"filename": "thing-9.0\0-py3-none-any.whl"},
    "a name that colours the terminal": {"filename": "thing-9.0\x1b[31m-py3-none-any.whl"},
    "a name that runs from right to left": {"filename": "thing-9.0\u202e-py3-none-any.whl"},
    "a name of a megabyte": {"filename": "thing-9.0-" + "a" * 1_000_000 + "-py3-none-any.whl"},
    "an empty name": {"filename": ""},
    "a name that is a number": {"filename": 7},
    "a name of another project": {"filename": "victim-9.0-py3-none-any.whl"},
    "a URL to a file of this machine": {"url": "file:///etc/passwd"},
    "a URL of a scheme that runs things": {"url": "javascript:alert(1)"},
    "a URL with the file inside": {"url": "data:application/zip;base64,UEsDBA=="},
    "a URL of FTP": {"url": "ftp://127.0.0.1/thing-9.0-py3-none-any.whl"},
    "a URL with a password": {"url": "http://user:password@127.0.0.1:9/thing-9.0-py3-none-any.whl"},
    "a URL of a megabyte": {"url": "/files/" + "a" * 1_000_000},
    "a URL that is no URL": {"url": "http://[::1"},
    "a digest that is too short": {"hashes": {"sha256": "abc"}},
    "a digest that is no digest": {"hashes": {"sha256": ["x"]}},
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("entry", ODD_ENTRIES)
def test_one_odd_entry_is_left_out_and_the_others_stay(
    entry: str, installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(GOOD)
    json_upstream.pages["thing"] = (JSON_TYPE, odd_json(**ODD_ENTRIES[entry]))
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    check_harmless(result)
    # One entry that makes no sense must not take the whole project away.
    result.succeeded()
    assert installed(world.site) == {"thing": "1.0"} and origin_of(world.site, "thing") == "honest"
    assert not (world.root / "thing-9.0-py3-none-any.whl").exists()


ODD_FACTS: dict[str, dict[str, object]] = {
    "a URL with a line break": {"url": f"/files/\r\n{EVIL.filename}"},
    "an upload time in words": {"upload-time": "yesterday"},
    "an upload time that is no date": {"upload-time": "0000-00-00T00:00:00Z"},
    "an upload time before there were computers": {"upload-time": "0001-01-01T00:00:00Z"},
    "an upload time in the year 9999": {"upload-time": "9999-12-31T23:59:59.999999Z"},
    "a negative size": {"size": -1},
    "a size beyond all disks": {"size": 1 << 70},
    "a required Python that is nonsense": {"requires-python": "\x1b[31m>=three"},
    "a reason for the yank that colours the terminal": {"yanked": "bad\x1b]0;owned\x07\r\nX-Evil: 1"},
    "a metadata digest that is no digest": {"core-metadata": {"sha256": "zz"}},
    "a provenance that runs things": {"provenance": "javascript:alert(1)"},
    "a status that nobody knows": {"project-status": {"status": "\x1b[31m"}},
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("fact", ODD_FACTS)
def test_odd_facts_about_a_file_do_no_harm(
    fact: str, installer: Installer, json_upstream: Upstream, world: World
) -> None:
    """The file itself is honest here; whether it is let through or not, nothing else happens."""
    json_upstream.add(GOOD)
    json_upstream.add(EVIL)
    json_upstream.pages["thing"] = (JSON_TYPE, odd_json(**ODD_FACTS[fact]))
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    check_harmless(result)
    assert result.status == 0 and set(installed(world.site)) == {"thing"}, result


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_hundred_thousand_files_on_a_page(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(GOOD)
    files = [
        {
            "filename": f"thing-0.{number}-py3-none-any.whl", "url": f"/files/thing-0.{number}-py3-none-any.whl",
            "hashes": {"sha256": f"{number:064x}"}, "upload-time": "2020-01-01T00:00:00Z", "size": 1000,
        }
        for number in range(100_000)
    ]
    files.append(json.loads(odd_json())["files"][0])
    page = {"meta": {"api-version": "1.4"}, "name": "thing", "files": files}
    json_upstream.pages["thing"] = (JSON_TYPE, json.dumps(page).encode())
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    assert result.peak_memory_mib < 2 * PEAK_MEMORY_MIB, result
    assert result.seconds < 90, result
    assert result.status != 0 or installed(world.site) == {"thing": "1.0"}, result
    print(f"100 000 files: {result.peak_memory_mib:.0f} MiB, {result.seconds:.1f} s, status {result.status}")


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_file_that_is_listed_twice_with_different_digests_is_hostile(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(GOOD, modified_age=LONG_AGO)
    upstream.add(wheel("thing", "1.0", origin="evil"), modified_age=LONG_AGO)
    result = installer.install(world, "thing", options=from_upstream(upstream)).failed()
    assert installed(world.site) == {}
    result.says("listed twice with different contents")


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_file_that_is_listed_twice_in_the_same_way_is_one_file(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    entry = upstream.add(GOOD, modified_age=LONG_AGO)
    upstream.projects["thing"].append(entry)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_words_of_the_upstream_are_never_in_our_reasons(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    """A yank reason stays the upstream's own, in quotation; nothing of it looks like ours."""
    json_upstream.add(GOOD, yanked=f"see{' ' * 10}\x1b[2Jaffineur: all is well")
    result = installer.install(world, "thing==1.0", options=from_upstream(json_upstream)).succeeded()
    check_harmless(result)
    result.says("yanked")
    if installer is PIP:
        assert "\naffineur: all is well" not in result.stdout + result.stderr


def test_upload_times_are_written_as_the_standard_says(json_upstream: Upstream, world: World) -> None:
    """The harness itself: PEP 700 wants microseconds and Z."""
    entry = json_upstream.add(GOOD)
    assert json_time(entry.upload_time).endswith("Z") and len(json_time(entry.upload_time)) == 27
