"""Distributions and metadata of a hostile upstream: not one installable byte too much, no hang, bounded memory."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator

import pytest

from support import faults
from support.hostile import PEAK_MEMORY_MIB, check_harmless
from support.installers import BOTH, HOSTILE, PIP, Installer, from_upstream
from support.packages import Package, installed, origin_of, wheel
from support.program import World
from support.upstream import LONG_AGO, Upstream

GOOD = wheel("thing", "1.0", padding=2_000_000)
FILE = f"/files/{GOOD.filename}"
METADATA = f"{FILE}.metadata"


@pytest.fixture(autouse=True)
def impatient_installers(world: World) -> None:
    """affineur waits for upstreams less long than its installer waits for it, so this shortens both."""
    world.env |= {"UV_HTTP_TIMEOUT": "5", "PIP_DEFAULT_TIMEOUT": "5"}


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


BODIES: dict[str, Callable[[threading.Event], object]] = {
    "an endless file": lambda _: faults.endless(),
    "a file of four gigabytes": lambda _: faults.oversized(4 << 30),
    "a file that breaks off": lambda _: faults.truncated(GOOD.data, 1_900_000),
    "a file that expands": lambda _: faults.gzip_bomb("application/octet-stream", 4096),
    "a file that comes byte by byte": lambda stop: faults.dripping(GOOD.data, stop),
    "a file that never comes": faults.silent,
    "a connection that is closed": lambda _: faults.hang_up,
    "headers without end": lambda _: faults.endless_headers,
    "a redirect to itself": lambda _: faults.redirect(FILE),
    "a redirect to a file of this machine": lambda _: faults.redirect("file:///etc/passwd"),
    "an empty file": lambda _: faults.status(200),
    "another file of the same length": lambda _: faults.status(200, body=bytes(len(GOOD.data))),
    "the file and then more": lambda _: faults.status(200, body=GOOD.data + b"more"),
    "a server error": lambda _: faults.status(500, body=b"no"),
    "gone": lambda _: faults.status(410),
    "half of it as if it were all": lambda _: faults.status(
        206, body=GOOD.data[:1000], headers=(("Content-Range", f"bytes 0-999/{len(GOOD.data)}"),)
    ),
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("body", BODIES)
def test_a_file_that_is_not_what_the_page_says_is_never_installed(
    body: str, installer: Installer, upstream: Upstream, world: World, stop: threading.Event
) -> None:
    upstream.add(GOOD, modified_age=LONG_AGO)
    upstream.faults[FILE] = BODIES[body](stop)
    result = installer.install(world, "thing", options=from_upstream(upstream)).failed()
    assert installed(world.site) == {}
    check_harmless(result)
    assert "thing" in result.told, result


METADATA_BODIES: dict[str, Callable[[threading.Event], object]] = {
    name: BODIES[name]
    for name in (
        "an endless file", "a file of four gigabytes", "a file that expands", "a file that never comes",
        "a redirect to itself", "a server error", "an empty file",
    )
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("body", METADATA_BODIES)
def test_metadata_that_cannot_be_had_is_read_from_the_wheel_or_refused(
    body: str, installer: Installer, json_upstream: Upstream, world: World, stop: threading.Event
) -> None:
    json_upstream.add(GOOD)
    json_upstream.faults[METADATA] = METADATA_BODIES[body](stop)
    result = installer.install(world, "thing", options=from_upstream(json_upstream))
    check_harmless(result)
    assert result.status != 0 or origin_of(world.site, "thing") == "honest"


def wheel_with_huge_metadata() -> Package:
    """METADATA of one gigabyte that takes a megabyte in the archive."""
    buffer = io.BytesIO(wheel("thing", "1.0").data)
    with zipfile.ZipFile(buffer) as archive:
        members = {item.filename: archive.read(item) for item in archive.infolist()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            if path.endswith("/METADATA"):
                with archive.open(path, "w", force_zip64=True) as member:
                    member.write(data)
                    for _ in range(1024):
                        member.write(b" " * (1 << 20))
            else:
                archive.writestr(path, data)
    return Package(GOOD.filename, out.getvalue(), b"")


def wheel_with_two_metadata_files() -> Package:
    """Two entries of the same name: readers disagree about which one counts."""
    out = io.BytesIO(wheel("thing", "1.0").data)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(
            "thing-1.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\nRequires-Dist: stranger\n",
        )
    return Package(GOOD.filename, out.getvalue(), b"")


def wheel_with_a_lying_directory() -> Package:
    """The end record says that there are 65 535 entries at an offset beyond the file."""
    data = bytearray(wheel("thing", "1.0").data)
    end = data.rindex(b"PK\5\6")
    data[end + 8 : end + 20] = b"\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\x7f"
    return Package(GOOD.filename, bytes(data), b"")


def no_wheel_at_all() -> Package:
    return Package(GOOD.filename, b"this is no archive" * 1000, b"")


WHEELS = [wheel_with_huge_metadata, wheel_with_two_metadata_files, wheel_with_a_lying_directory, no_wheel_at_all]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("make", WHEELS, ids=lambda make: make.__name__)
def test_an_archive_that_attacks_its_readers_does_no_harm(
    make: Callable[[], Package], upstream: Upstream, world: World
) -> None:
    """The digest is right: it is the archive itself that is hostile. uv is the one that asks for `.metadata`."""
    upstream.add(wheel("stranger", "1.0", origin="evil"), modified_age=LONG_AGO)
    upstream.add(make(), metadata=False, modified_age=LONG_AGO)
    result = BOTH[1].install(world, "thing", options=from_upstream(upstream), time_limit=60)
    check_harmless(result)
    assert "stranger" not in installed(world.site)


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_an_upstream_without_digests_is_pinned_by_what_came(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    entry = upstream.add(wheel("thing", "1.0"), modified_age=LONG_AGO, sha256=None)
    installer.install(world, "thing", options=from_upstream(upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    world.again()
    evil = wheel("thing", "1.0", origin="evil")
    entry.data, entry.size, entry.metadata = evil.data, len(evil.data), None
    result = installer.install(world, "thing", options=from_upstream(upstream))
    assert result.status != 0 or origin_of(world.site, "thing") == "honest", result


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_wrong_digests_on_the_page_stop_everything(
    installer: Installer, upstream: Upstream, world: World
) -> None:
    upstream.add(wheel("thing", "1.0"), modified_age=LONG_AGO, sha256=hashlib.sha256(b"other").hexdigest())
    result = installer.install(world, "thing", options=from_upstream(upstream)).failed()
    assert installed(world.site) == {}
    result.says(installer.quotes(HOSTILE), "SHA-256 is", "expected")


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_a_redirect_of_a_file_to_another_host_is_followed_only_to_the_same_bytes(
    installer: Installer, json_upstream: Upstream, make_upstream: object, world: World
) -> None:
    other = make_upstream()
    good, evil = wheel("thing", "1.0"), wheel("thing", "1.0", origin="evil")
    json_upstream.add(good)
    other.add(evil)
    json_upstream.faults[f"/files/{good.filename}"] = faults.redirect(f"{other.origin}/files/{evil.filename}")
    installer.install(world, "thing", options=from_upstream(json_upstream)).failed()
    assert installed(world.site) == {}


def test_a_large_file_is_not_kept_in_memory(json_upstream: Upstream, world: World) -> None:
    """300 MiB come through in a fraction of that."""
    large = wheel("thing", "1.0", padding=300 << 20)
    json_upstream.add(large)
    result = BOTH[1].install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    assert result.peak_memory_mib < PEAK_MEMORY_MIB, result
    print(f"300 MiB: {result.peak_memory_mib:.0f} MiB, {result.seconds:.1f} s")


def test_a_file_with_the_digest_of_anothers_wheel_says_nothing_about_that_wheel(
    json_upstream: Upstream, world: World
) -> None:
    victim = wheel("victim", "1.0")
    lie = wheel("victim", "1.0", requires=("accomplice",)).metadata
    json_upstream.add(victim, metadata=True)
    told = hashlib.sha256(lie).hexdigest()
    json_upstream.add(
        wheel("liar", "1.0"), sha256=victim.sha256, size=None, metadata_sha256=told
    ).metadata = lie
    PIP.install(world, "--dry-run", "--no-deps", "liar", options=from_upstream(json_upstream))
    assert json_upstream.asked_for("liar-1.0-py3-none-any.whl.metadata"), "the lie was told"
    PIP.install(world, "victim", options=from_upstream(json_upstream)).succeeded().does_not_say("hostile", "accomplice")
    assert installed(world.site) == {"victim": "1.0"}


def test_a_lie_about_a_wheel_is_caught_where_the_wheel_is_in_the_cache_already(
    json_upstream: Upstream, make_upstream: object, world: World
) -> None:
    mirror = make_upstream()
    honest = wheel("thing", "1.0")
    lie = wheel("thing", "1.0", requires=("accomplice",)).metadata
    told = hashlib.sha256(lie).hexdigest()
    json_upstream.add(honest, metadata=True)
    mirror.add(honest, metadata_sha256=told).metadata = lie
    PIP.install(world, "--dry-run", "--no-deps", "thing", options=from_upstream(mirror)).succeeded()
    PIP.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    world.again()
    result = PIP.install(world, "--no-deps", "thing", options=from_upstream(mirror), env={"PIP_NO_CACHE_DIR": "1"})
    assert HOSTILE in result.words, result
    assert installed(world.site) == {}
