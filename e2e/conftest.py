"""Fixtures: a fresh world for each test, an honest upstream, a certificate authority."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.files import FileServer
from support.index import Index, made_once
from support.program import PROGRAM, SIGNER, Gateway, World
from support.proxy import ParentProxy
from support.repository import Repository
from support.tls import Authority, make_authority
from support.upstream import Upstream


def pytest_sessionstart() -> None:
    for program in (PROGRAM, SIGNER):
        if not program.is_file():
            raise pytest.UsageError(f"{program} is missing: run ./test e2e, which builds it")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """A test that does not run is a failure here: nobody would notice a skipped one."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which no test of this project may be"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def make_upstream() -> Iterator[Callable[..., Upstream]]:
    """Starts upstreams that end with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(Upstream(**settings))


@pytest.fixture(params=["json", "html"])
def upstream(request: pytest.FixtureRequest, make_upstream: Callable[..., Upstream]) -> Upstream:
    """An index in both forms: with everything that the standards offer, and HTML without times and metadata."""
    return make_upstream(form=request.param, metadata_files=request.param == "json")


@pytest.fixture
def json_upstream(make_upstream: Callable[..., Upstream]) -> Upstream:
    return make_upstream()


@pytest.fixture
def make_proxy() -> Iterator[Callable[..., ParentProxy]]:
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(ParentProxy(**settings))


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def make_repository() -> Iterator[Callable[..., Repository]]:
    """Begins repositories that python-tuf signs, each on a server that ends with the test."""
    with ExitStack() as stack:
        yield lambda tls=None, **settings: Repository(stack.enter_context(FileServer(tls=tls)), **settings)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as server:
        yield server


@pytest.fixture
def make_index(tmp_path_factory: pytest.TempPathFactory, world: World) -> Callable[..., Index]:
    """Copies of an index that was made with these options, once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(*options: str, name: str = "ix") -> Index:
        pattern, told = made_once(shared, "index" + "".join(options), *options)
        return Index(world, shutil.copytree(pattern, world.root / name), told)

    return make


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index()


@pytest.fixture
def serving(index: Index) -> Iterator[Gateway]:
    """The index, served."""
    with index.serve() as serving:
        yield serving
