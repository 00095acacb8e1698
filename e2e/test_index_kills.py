"""An index that is killed at any moment: what was answered with success is there, and whoever reads verifies.

`AFFINEUR_KILLS=200 ./test e2e -k killed` kills as often as it says, however long that takes. Without it there are up to 200 kills,
as many as fit into a minute and a half.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import threading
import time
import urllib.error
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient import Updater

from support.answers import Answer
from support.index import Index, in_project, post
from support.packages import Package, wheel
from support.program import PROGRAM, Gateway, World

KILLS = int(os.environ.get("AFFINEUR_KILLS", "0"))
MOST_KILLS, FEWEST_KILLS, SECONDS = 200, 30, 90
PROJECTS = ("brie", "comte", "gouda", "feta")
BROKEN_OFF = (OSError, urllib.error.URLError, http.client.HTTPException)


class Uploads:
    """Uploads without end from several threads; what was answered with success is kept."""

    def __init__(self, token: str) -> None:
        self.token, self.chance = token, random.Random(7)
        self.promised: dict[str, Package] = {}
        self.broken_off = 0
        self.wrong: list[str] = []
        self.number = iter(range(100_000))

    def run(self, serving: Gateway, project: str) -> None:
        while True:
            package = wheel(project, f"1.{next(self.number)}", padding=self.chance.choice((0, 2_000, 400_000)))
            try:
                answer = post(serving, self.token, package)
            except BROKEN_OFF:
                self.broken_off += 1
                return
            if answer.status != 200:
                self.wrong.append(f"{package.filename}: {answer.status} {answer.text}")
                return
            self.promised[package.filename] = package


class Reader:
    """Reads the signed repository all the time, with one memory: it must neither fail to verify nor see time go back."""

    def __init__(self, index: Index) -> None:
        self.metadata, self.targets = index.world.root / "reader-metadata", index.world.root / "reader-targets"
        self.metadata.mkdir()
        self.targets.mkdir()
        self.root = (index.folder / "client" / "root.json").read_bytes()
        self.lock = threading.Lock()
        self.read, self.wrong = 0, []

    def listed(self, serving: Gateway) -> dict[str, str]:
        """Every file that verified listings have, with its digest."""
        with self.lock:
            client = Updater(
                str(self.metadata), f"{serving.origin}/tuf/metadata/", str(self.targets), f"{serving.origin}/tuf/targets/",
                bootstrap=self.root,
            )
            found = {}
            for project in PROJECTS:
                if target := client.get_targetinfo(in_project(project)):
                    document = json.loads(Path(client.download_target(target)).read_bytes())
                    found |= {file["filename"]: file["hashes"]["sha256"] for file in document["files"]}
            self.read += 1
            return found

    def run(self, serving: Gateway, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.listed(serving)
            except (DownloadHTTPError, DownloadLengthMismatchError) as wrong:
                self.wrong.append(repr(wrong))
            except (*BROKEN_OFF, DownloadError) as cut:
                if serving.process.poll() is None and not stop.is_set():
                    self.wrong.append(repr(cut))
            except Exception as wrong:  # noqa: BLE001 — whatever does not verify
                self.wrong.append(repr(wrong))


def killed_while_starting(index: Index, after: float) -> None:
    process = index.world.start(PROGRAM, "index", "serve", index.folder, "--listen", "127.0.0.1:0")
    threading.Event().wait(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def killed_while_uploading(
    index: Index, uploads: Uploads, reader: Reader, promised: dict[str, Package], after: float
) -> None:
    """Starts the index, sees that what was promised is there, and kills it while others upload and read."""
    with index.serve() as serving:
        missing(serving, reader, promised)
        stop = threading.Event()
        threads = [threading.Thread(target=uploads.run, args=(serving, project)) for project in PROJECTS]
        threads.append(threading.Thread(target=reader.run, args=(serving, stop)))
        for thread in threads:
            thread.start()
        stop.wait(after)
        serving.process.send_signal(signal.SIGKILL)
        stop.set()
        serving.process.wait()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()


def missing(serving: Gateway, reader: Reader, promised: dict[str, Package]) -> None:
    """Waits until all of it is listed, in metadata that verify, and compares the bytes."""
    deadline = time.monotonic() + 20
    while True:
        listed = reader.listed(serving)
        absent = [name for name, package in promised.items() if listed.get(name) != package.sha256]
        if not absent:
            break
        assert time.monotonic() < deadline, f"promised and not listed: {absent}"
    for name, package in promised.items():
        assert Answer(f"{serving.origin}/files/{package.project}/{name}").body == package.data, name


@pytest.mark.timeout(900)
def test_no_promised_upload_is_lost_however_often_the_server_is_killed(index: Index, world: World) -> None:
    uploads, reader, chance = Uploads(index.token()), Reader(index), random.Random(11)
    began, kills, checked = time.monotonic(), 0, set()
    while kills < (KILLS or MOST_KILLS) and (KILLS or kills < FEWEST_KILLS or time.monotonic() < began + SECONDS):
        if chance.random() < 0.25:
            killed_while_starting(index, chance.uniform(0, 0.15))
        else:
            recent = {name: package for name, package in uploads.promised.items() if name not in checked}
            killed_while_uploading(index, uploads, reader, recent, chance.uniform(0, 0.3))
            checked |= set(recent)
        kills += 1
        assert (uploads.wrong, reader.wrong) == ([], [])
    with index.serve() as serving:
        missing(serving, reader, uploads.promised)
        index.local_copy(serving)
        world.affineur("tuf", "download", "copy", *map(in_project, PROJECTS), "--to", "out").succeeded()
    assert index.status()["pending"] == 0
    assert len(uploads.promised) > kills and uploads.broken_off > kills, "hardly anything happened"
    print(f"{kills} kills in {time.monotonic() - began:.0f} s: {len(uploads.promised)} uploads promised and there, "
          f"{uploads.broken_off} broken off, {reader.read} reads that verified")
