"""The pips that come with Python 3.8 to 3.13, each from a fresh virtual environment of that Python."""

from __future__ import annotations

import glob
import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from support.installers import WITHHELD
from support.packages import installed, requests_and_what_it_needs, wheel
from support.program import World
from support.tls import Authority
from support.upstream import LONG_AGO, TODAY, Upstream

# Where Pythons usually are. The command line of the machine's own `python3` is tried too.
PLACES = ["~/.pyenv/versions/*/bin/python3", "/usr/bin/python3.*", "/usr/local/bin/python3.*", "/opt/python/*/bin/python3"]
WANTED = re.compile(r"^3\.(8|9|10|11|12|13)$")


@cache
def pythons() -> dict[str, str]:
    """One interpreter for each minor version that can make virtual environments with pip."""
    found: dict[str, str] = {}
    for place in PLACES:
        for path in sorted(glob.glob(os.path.expanduser(place))):
            code = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
            ran = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
            version = ran.stdout.strip()
            if ran.returncode == 0 and WANTED.match(version):
                found.setdefault(version, path)
    return dict(sorted(found.items(), key=lambda item: int(item[0].split(".")[1])))


def pip_of(version: str, world: World) -> str:
    """pip as it came with that Python."""
    folder = world.root / "venv"
    subprocess.run([pythons()[version], "-m", "venv", folder], check=True, env={"PATH": os.environ["PATH"]})
    return str(folder / "bin" / "pip")


EACH = pytest.mark.parametrize("version", list(pythons()))


def test_at_least_one_python_is_there(record_property: object) -> None:
    record_property("pythons", ", ".join(pythons()))
    print(f"{len(pythons())} Pythons: {', '.join(pythons())}")
    assert len(pythons()) >= 1


@EACH
def test_the_bundled_pip_installs_the_old_release_and_prints_why_not_the_new_one(
    version: str, upstream: Upstream, world: World
) -> None:
    upstream.add_all(requests_and_what_it_needs(), modified_age=LONG_AGO)
    upstream.add(wheel("idna", "99.0", origin="evil"), age=TODAY, modified_age=TODAY)
    pip = pip_of(version, world)
    options = ("--upstream", upstream.url)
    result = world.run(pip, "install", "--target", world.site, "requests", options=options).succeeded()
    assert installed(world.site)["idna"] == "3.7"
    result.says("idna", "99.0", "withheld")
    pinned = world.run(pip, "install", "--target", world.root / "other", "idna==99.0", options=options).failed()
    pinned.says(WITHHELD, "waits 3 days")


@EACH
def test_the_bundled_pip_accepts_our_certificate(
    version: str, make_upstream: object, authority: Authority, world: World
) -> None:
    """Each pip brings its own way to trust authorities; some look at several of the variables."""
    upstream = make_upstream(tls=authority.server_context())
    upstream.add(wheel("thing", "1.0"))
    world.env["SSL_CERT_FILE"] = str(authority.certificate)
    pip = pip_of(version, world)
    world.run(pip, "install", "--target", world.site, "thing", options=("--upstream", upstream.url)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_pythons_are_real_files() -> None:
    assert all(Path(path).exists() for path in pythons().values())
