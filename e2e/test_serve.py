"""`affineur gateway serve`: the same decisions under index URLs of its own, for a company's pip, uv and poetry."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import urljoin

import pytest

from support import faults
from support.answers import Answer
from support.installers import BOTH, PIP, UV, WITHHELD, Installer
from support.nginx import free_port
from support.packages import installed, origin_of, sdist, wheel
from support.program import Gateway, World
from support.projects import POETRY_PROJECT, installed_in_project
from support.upstream import JSON_TYPE, LONG_AGO, TODAY, Upstream


@pytest.fixture
def index(upstream: Upstream) -> Upstream:
    upstream.add(wheel("thing", "1.0"), modified_age=LONG_AGO)
    upstream.add(wheel("thing", "2.0", origin="evil"), age=TODAY, modified_age=TODAY)
    return upstream


@pytest.fixture
def gateway(index: Upstream, world: World) -> Gateway:
    with world.gateway("--upstream", index.url) as running:
        yield running


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_installers_get_the_old_release(installer: Installer, gateway: Gateway, world: World) -> None:
    world.command(*installer.words(world.site), "thing", env=gateway.environment).succeeded()
    assert installed(world.site) == {"thing": "1.0"} and origin_of(world.site, "thing") == "honest"


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_the_withheld_release_prints_its_reason(installer: Installer, gateway: Gateway, world: World) -> None:
    result = world.command(*installer.words(world.site), "thing==2.0", env=gateway.environment).failed()
    result.says(installer.quotes(WITHHELD), "waits 3 days", "/why/thing/2.0")


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_the_printed_configuration_is_all_an_installer_needs(
    installer: Installer, gateway: Gateway, world: World
) -> None:
    printed = world.affineur("gateway", "client-config", installer.name, "--url", gateway.origin).succeeded().stdout
    if installer is PIP:
        env = {"PIP_CONFIG_FILE": str(world.write("pip.conf", printed))}
    else:
        env = {"UV_CONFIG_FILE": str(world.write("uv.toml", printed))}
    world.command(*installer.words(world.site), "thing", env=env).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_the_printed_configuration_of_poetry_works(gateway: Gateway, world: World) -> None:
    printed = world.affineur("gateway", "client-config", "poetry", "--url", gateway.origin).succeeded().stdout
    project = POETRY_PROJECT.split("[[tool.poetry.source]]")[0].format(dependencies='"thing"')
    world.write("pyproject.toml", project + "\n" + printed)
    world.command("poetry", "install", "-n").succeeded()
    assert installed_in_project(world) == {"thing": "1.0"}


def test_the_page_in_json_is_what_the_standards_ask_for(gateway: Gateway) -> None:
    got = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE)
    assert got.status == 200 and got.headers["Content-Type"] == JSON_TYPE
    page = got.json()
    assert page["meta"]["api-version"].startswith("1.") and page["name"] == "thing"
    assert sorted(page["versions"]) == ["1.0", "2.0"]
    files = {item["filename"]: item for item in page["files"]}
    for item in files.values():
        assert len(item["hashes"]["sha256"]) == 64 and item["upload-time"].endswith("Z"), item
        assert isinstance(item.get("size"), int) or item.get("size") is None
    assert files["thing-1.0-py3-none-any.whl"].get("yanked", False) is False
    assert "waits 3 days" in files["thing-2.0-py3-none-any.whl"]["yanked"]
    assert files["thing-1.0-py3-none-any.whl"]["core-metadata"]


def test_the_page_in_html_says_the_same(gateway: Gateway) -> None:
    got = Answer(f"{gateway.index}thing/", Accept="text/html")
    assert got.status == 200 and got.headers["Content-Type"].startswith("text/html")
    assert "#sha256=" in got.text and "data-yanked=" in got.text and "data-core-metadata=" in got.text


def test_metadata_is_served_for_every_wheel(gateway: Gateway) -> None:
    page = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE).json()
    url = next(item["url"] for item in page["files"] if "1.0" in item["filename"])
    got = Answer(urljoin(f"{gateway.index}thing/", url) + ".metadata")
    assert got.status == 200 and b"Name: thing" in got.body


def file_url(gateway: Gateway, version: str) -> str:
    page = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE).json()
    url = next(item["url"] for item in page["files"] if f"-{version}-" in item["filename"])
    return urljoin(f"{gateway.index}thing/", url)


def test_a_withheld_file_and_its_metadata_are_403_with_a_problem(gateway: Gateway) -> None:
    for suffix in ("", ".metadata"):
        got = Answer(file_url(gateway, "2.0") + suffix)
        assert got.status == 403 and got.headers["Content-Type"] == "application/problem+json"
        assert got.reason.startswith(f"{WITHHELD}: "), got.reason
        problem = got.json()
        assert problem["title"] == WITHHELD and "waits 3 days" in problem["detail"], problem
        assert got.headers["Cache-Control"] == "no-store"


def test_ranges_are_served_from_what_was_verified(gateway: Gateway) -> None:
    url = file_url(gateway, "1.0")
    whole = Answer(url)
    assert whole.status == 200
    part = Answer(url, Range="bytes=10-19")
    assert part.status == 206 and part.body == whole.body[10:20]
    last = Answer(url, Range="bytes=-7")
    assert last.status == 206 and last.body == whole.body[-7:]
    assert Answer(url, Range=f"bytes={len(whole.body)}-").status == 416
    head = Answer(url, method="HEAD")
    assert head.status == 200 and int(head.headers["Content-Length"]) == len(whole.body) and head.body == b""


def test_pages_have_an_etag_and_are_checked_again_each_time(gateway: Gateway) -> None:
    url = f"{gateway.index}thing/"
    first = Answer(url, Accept=JSON_TYPE)
    assert first.headers["ETag"] and "no-cache" in first.headers["Cache-Control"]
    again = Answer(url, Accept=JSON_TYPE, If_None_Match=first.headers["ETag"])
    assert again.status == 304 and again.body == b""
    other = Answer(url, Accept="text/html", If_None_Match=first.headers["ETag"])
    assert other.status == 200, "another form is another answer"


def test_pages_are_compressed_where_the_client_likes_that(gateway: Gateway) -> None:
    plain = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE)
    packed = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE, Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
    zstd = Answer(f"{gateway.index}thing/", Accept=JSON_TYPE, Accept_Encoding="zstd")
    assert zstd.headers["Content-Encoding"] == "zstd" and zstd.body[:4] == b"\x28\xb5\x2f\xfd"
    assert "accept" in plain.headers["Vary"].lower()


def test_an_unknown_project_is_404(gateway: Gateway) -> None:
    assert Answer(f"{gateway.index}nothing/").status == 404


def test_an_unnormalised_name_leads_to_the_page(gateway: Gateway) -> None:
    assert Answer(f"{gateway.index}THING/", Accept=JSON_TYPE).json()["name"] == "thing"


def test_a_page_that_cannot_be_verified_and_has_no_names_is_451(index: Upstream, gateway: Gateway) -> None:
    index.faults["/simple/broken/"] = faults.status(500)
    got = Answer(f"{gateway.index}broken/", Accept=JSON_TYPE)
    assert got.status == 451 and got.headers["Content-Type"] == "application/problem+json"
    assert "cannot tell" in got.json()["title"]


@pytest.mark.parametrize("accept", [JSON_TYPE, "text/html"])
def test_why_over_http(accept: str, gateway: Gateway) -> None:
    got = Answer(f"{gateway.origin}/why/thing/2.0", Accept=accept)
    assert got.status == 200 and "waits 3 days" in got.text and "thing-2.0-py3-none-any.whl" in got.text


def test_paths_that_leave_their_folder_are_refused(gateway: Gateway) -> None:
    for path in ("/../etc/passwd", "/files/../../etc/passwd", "/simple/..%2f..%2fetc/", "/why/%00/1", "/simple/%0d%0aX:1/"):
        got = Answer(gateway.origin + path)
        assert got.status in (400, 404), (path, got.status)
        assert "X" not in got.headers


def test_health_and_metrics_have_their_places(index: Upstream, world: World) -> None:
    port = free_port()
    with world.gateway("--upstream", index.url, "--metrics-listen", f"127.0.0.1:{port}") as gateway:
        assert Answer(f"{gateway.origin}/health/live").status == 200
        assert Answer(f"{gateway.origin}/health/ready").status == 200
        Answer(f"{gateway.index}thing/")
        metrics = Answer(f"http://127.0.0.1:{port}/metrics")
        assert metrics.status == 200 and "affineur" in metrics.text
        assert "thing" not in metrics.text, "package names make unbounded label sets"
        assert Answer(f"{gateway.origin}/metrics").status == 404, "metrics are on their own listener only"


def test_the_upstream_may_be_down_and_the_service_is_still_alive(index: Upstream, gateway: Gateway) -> None:
    Answer(f"{gateway.index}thing/")
    index.server.shutdown()
    index.server.server_close()
    assert Answer(f"{gateway.origin}/health/live").status == 200
    assert Answer(f"{gateway.origin}/health/ready").status == 200


def test_a_swap_is_noticed_by_the_running_gateway(json_upstream: Upstream, world: World) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    with world.gateway("--upstream", json_upstream.url) as gateway:
        world.command(*UV.words(world.site), "thing", env=gateway.environment).succeeded()
        evil = wheel("thing", "1.0", origin="evil")
        entry.data, entry.sha256 = evil.data, evil.sha256
        world.again()
        world.clear_caches()
        world.command(*PIP.words(world.site), "thing", env=gateway.environment)
        assert not Path(world.site, "thing").exists() or origin_of(world.site, "thing") == "honest"


def test_the_memory_survives_a_restart(json_upstream: Upstream, world: World) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    with world.gateway("--upstream", json_upstream.url) as gateway:
        Answer(f"{gateway.index}thing/")
    world.again()
    evil = wheel("thing", "1.0", origin="evil")
    entry.data, entry.sha256 = evil.data, evil.sha256
    with world.gateway("--upstream", json_upstream.url) as gateway:
        world.command(*PIP.words(world.site), "thing", env=gateway.environment).failed().says("digest changed")


def test_a_source_distribution_goes_through_the_gateway(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(sdist("thing", "1.0"))
    with world.gateway("--upstream", json_upstream.url) as gateway:
        world.command(*PIP.words(world.site), "thing", env=gateway.environment).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_the_log_is_one_json_object_a_line_without_secrets(make_upstream: object, world: World) -> None:
    upstream = make_upstream(credentials=("alice", "hunter2"))
    upstream.add(wheel("thing", "1.0"))
    with world.gateway("--upstream", upstream.url_with("alice", "hunter2")) as gateway:
        assert Answer(f"{gateway.index}thing/", Accept=JSON_TYPE).status == 200
    lines = [line for line in gateway.log if line.strip()]
    assert lines and all("hunter2" not in line for line in lines), lines


def test_a_gateway_ends_with_sigterm_and_status_0(index: Upstream, world: World) -> None:
    with world.gateway("--upstream", index.url) as gateway:
        assert Answer(f"{gateway.origin}/health/live").status == 200
        assert gateway.end() == 0


def test_a_port_that_is_taken_is_said(gateway: Gateway, index: Upstream, world: World) -> None:
    address = gateway.origin.removeprefix("http://")
    result = world.affineur("gateway", "serve", "--listen", address, "--upstream", index.url, time_limit=20)
    assert result.status in (2, 3), result
    result.says(address)


def test_a_gateway_without_a_source_does_not_start(world: World) -> None:
    result = world.affineur("gateway", "serve", "--listen", "127.0.0.1:0", time_limit=20)
    assert result.status == 2, result
    result.says("--upstream")
