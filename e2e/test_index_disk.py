"""An index whose disk is full: uploads are refused in words, nothing that was answered with success is lost, readers verify."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tuf.ngclient import Updater

from support.answers import Answer
from support.index import UPLOADERS, Index, Uploader, post
from support.packages import Package, wheel
from support.program import Gateway, World
from support.upstream import JSON_TYPE

FULL = "the index has no room for this upload: its disk is full; tell whoever operates it"
MIB = 1 << 20


@pytest.fixture
def disk(world: World) -> Iterator[Path]:
    """A file system of its own, of 24 MiB. `./test` runs the tests where mounting is allowed and seen by nobody else."""
    folder = world.root / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "affineur-test", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def small(disk: Path, make_index: Callable[..., Index]) -> Index:
    return make_index(name="disk/ix")


class Ballast:
    """A file that takes all of a disk but what is left free."""

    def __init__(self, disk: Path) -> None:
        self.disk, self.file = disk, disk / "ballast"

    def leave(self, free: int) -> None:
        have = self.file.stat().st_size if self.file.exists() else 0
        size = max(0, have + self.free - free)
        with self.file.open("ab") as file:
            if size <= have:
                file.truncate(size)
            else:
                os.posix_fallocate(file.fileno(), 0, size)

    @property
    def free(self) -> int:
        space = os.statvfs(self.disk)
        return space.f_bavail * space.f_frsize

    def remove(self) -> None:
        self.file.unlink()


def cheese(number: int, padding: int = 0) -> Package:
    return wheel("cheese", f"1.{number}", padding=padding)


class Reader:
    """python-tuf, with one memory."""

    def __init__(self, index: Index) -> None:
        self.index, self.folder = index, index.world.root / "reader"
        self.folder.mkdir()

    def verifies(self, serving: Gateway, promised: list[Package]) -> None:
        """What was promised is listed and there; whoever reads verifies."""
        root = (self.index.folder / "client" / "root.json").read_bytes()
        Updater(str(self.folder), f"{serving.origin}/tuf/metadata/", bootstrap=root).refresh()
        if not promised:
            return
        files = Answer(f"{serving.index}cheese/", Accept=JSON_TYPE).json()["files"]
        listed = {file["filename"]: file["hashes"]["sha256"] for file in files}
        for package in promised:
            assert listed[package.filename] == package.sha256
            assert Answer(f"{serving.origin}/files/cheese/{package.filename}").body == package.data


@pytest.mark.parametrize("uploader", UPLOADERS, ids=str)
@pytest.mark.parametrize("reserve", ["4", "0"], ids=["reserve", "no-reserve"])
def test_uploads_until_the_disk_is_full_are_refused_in_words(
    reserve: str, uploader: Uploader, small: Index, disk: Path, world: World
) -> None:
    ballast, reader, token = Ballast(disk), Reader(small), small.token()
    ballast.leave(14 * MIB)
    with small.serve("--disk-reserve", reserve) as serving:
        promised: list[Package] = []
        for number in range(10):
            package = cheese(number, padding=3 * MIB)
            outcome = uploader.upload(small, serving, token, package)
            if outcome.status != 0:
                break
            promised.append(package)
        outcome.failed().says("507", FULL)
        assert 1 <= len(promised) <= 5
        reader.verifies(serving, promised)
        small.local_copy(serving)
        world.affineur("tuf", "refresh", "copy").succeeded()
        ballast.remove()
        uploader.upload(small, serving, token, package).succeeded()
        reader.verifies(serving, [*promised, package])
    assert small.status()["pending"] == 0


@pytest.mark.timeout(300)
def test_a_publisher_that_runs_out_of_room_goes_on_when_there_is_some(small: Index, disk: Path, world: World) -> None:
    """Less and less is left: until something cannot be staged, then until something accepted cannot be signed."""
    ballast, reader, token = Ballast(disk), Reader(small), small.token()
    promised: list[Package] = []
    refused = stuck = 0
    with small.serve("--disk-reserve", "0") as serving:
        number = 0
        for free in [*range(400, 0, -24), 8, 4, 0]:
            ballast.leave(free << 10)
            package, number = cheese(number), number + 1
            try:
                answer = post(serving, token, package, seconds=2)
            except TimeoutError:
                stuck += 1  # accepted perhaps, but not signed and not answered
                reader.verifies(serving, promised)
                ballast.leave(2 * MIB)
                assert until_published(small)
                continue
            if answer.status == 200:
                promised.append(package)
            else:
                refused += 1
                assert (answer.status, answer.reason) == (507, FULL), answer.text
            reader.verifies(serving, promised)
        ballast.remove()
        assert until_published(small)
        package = cheese(number)
        assert post(serving, token, package).status == 200
        reader.verifies(serving, [*promised, package])
        publisher_failed = sum("nothing can be published now" in line and "full" in line for line in serving.log)
    print(f"{len(promised)} promised, {refused} refused, {stuck} not answered, the publisher failed {publisher_failed} times")
    assert refused and publisher_failed, serving.log
    with small.serve() as serving:
        reader.verifies(serving, [*promised, package])


def until_published(index: Index) -> bool:
    """The publisher tries again every two seconds."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if index.status()["pending"] == 0:
            return True
    return False
