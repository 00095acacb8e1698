"""docs/guide/company.md: every command in it is run, in its order, against indexes and a web server on loopback."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

import pytest

from support.files import FileServer
from support.packages import installed, wheel
from support.program import REPOSITORY, World
from support.upstream import Upstream

TEXT = (REPOSITORY / "docs" / "guide" / "company.md").read_text()
QUICK, REST = TEXT.split("## 1. Sources")
BLOCKS = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
# What a command says that is no failure: files would have another outcome.
STATUS = {"policy diff": 1}


def commands(text: str) -> list[str]:
    lines = [line.removeprefix("$ ") for _, block in BLOCKS.findall(text) for line in block.splitlines()]
    return [line for line in lines if line.startswith("affineur ")]


def policies(text: str) -> list[str]:
    return [block for kind, block in BLOCKS.findall(text) if kind == "toml"]


@pytest.fixture
def index(json_upstream: Upstream) -> Upstream:
    for version in ("15.0.0", "15.0.1"):
        json_upstream.add(wheel("rich", version))
    return json_upstream


def test_from_nothing_to_required_trusts(index: Upstream, server: FileServer, world: World) -> None:
    here = lambda text: text.replace("https://index.example/simple/", index.url).replace(
        "https://trust.example/", f"{server.origin}/"
    )
    world.write("pw", "correct horse battery\n")
    world.write("requirements.txt", "rich==15.0.0\n")
    for policy in policies(QUICK):
        world.write(policy.splitlines()[0].removeprefix("# "), here(policy))
    shown = commands(QUICK)
    assert len(shown) >= 18
    told = {}
    for line in shown:
        result = world.affineur(*shlex.split(here(line))[1:])
        words = " ".join(line.split()[1:3])
        assert result.status == STATUS.get(words, 0), result
        told[line] = result
        server.serve_folder(world.work / "acme" / "public")

    def said(part: str) -> object:
        return next(result for line, result in told.items() if part in line)

    said("policy check").says("acme vouch", "Without acme nothing passes")
    said("policy diff").says("- rich-15.0.0-py3-none-any.whl", "1 withheld from now on")
    said("suggest").says("rich-15.0.0-py3-none-any.whl all of it")
    said("affineur why").says("vouched for by acme", "acme vouches, counts 1.000", "audited until")
    assert installed(world.site.parent / "work" / "site") == {"rich": "15.0.0"}
    # What Anna read is no difference any more.
    world.affineur("policy", "diff", "today.toml", "company.toml", "--lock", "requirements.txt").succeeded()
    world.again()
    install = ("pip", "install", "--no-deps", "--target", world.site)
    world.run(*install, "rich==15.0.1", options=("--policy", "company.toml")).succeeded()


def test_without_the_audit_nothing_is_installed(index: Upstream, server: FileServer, world: World) -> None:
    """The guide's rule has teeth: before anybody signed, pip hears who is missing."""
    world.write("pw", "correct horse battery\n")
    url = f"{server.origin}/"
    world.affineur("curator", "init", "acme", "--url", url, "--passphrase-file", "pw").succeeded()
    server.serve_folder(world.work / "acme" / "public")
    company = policies(QUICK)[1].replace("https://index.example/simple/", index.url).replace("https://trust.example/", url)
    world.write("company.toml", company)
    command = ("pip", "install", "--no-deps", "--target", world.site, "rich==15.0.0")
    world.run(*command, options=("--policy", "company.toml")).failed().says("acme")
    assert installed(world.site) == {}


def assembled(blocks: list[str], here: Callable[[str], str]) -> str:
    """One policy of the guide's parts: the keys of each part at the top, then its tables."""
    tops, tables = [], []
    for block in blocks:
        top, table, rest = re.match(r"(.*?)(^\[|\Z)(.*)", block, re.DOTALL | re.MULTILINE).groups()
        tops.append(top), tables.append(table + rest)
    return here("\n".join(tops + tables))


def test_the_rest_of_the_page_is_true(index: Upstream, make_upstream: Callable[..., Upstream], world: World) -> None:
    internal = make_upstream()
    internal.add(wheel("acme-base", "1.0"))
    here = lambda text: text.replace("https://index.example/simple/", index.url).replace(
        "https://internal.example/simple/", internal.url
    )
    parts = [block for block in policies(REST) if "root = " not in block]
    assert len(parts) == 5, "sources, scope, wait, mode, and what a project may add"
    world.write("company.toml", assembled(parts[:-1], here))
    world.affineur("policy", "check", "company.toml").succeeded()
    world.write("affineur.toml", parts[-1])
    shown = commands(REST)
    assert len(shown) >= 6
    for line in shown:
        words = shlex.split(line)[1:]
        if words[:2] == ["gateway", "serve"]:
            listening = words.index("--listen")
            metrics = words.index("--metrics-listen")
            kept = [word for at, word in enumerate(words) if at not in (listening, listening + 1, metrics + 1)]
            kept.insert(kept.index("--metrics-listen") + 1, "127.0.0.1:0")
            with world.gateway(*kept[2:]):
                pass
            continue
        world.affineur(*words).succeeded()
