"""Archives on a source's own host that no page lists, under URLs and types that do not look like a distribution's."""

from __future__ import annotations

import lzma
import gzip

import pytest

from support.installers import BOTH, PIP, Installer
from support.packages import installed, sdist, wheel
from support.program import World
from support.upstream import Upstream

POLICY = 'sources = ["index"]\n[party.index]\nupstream = "{url}"\n'
WHEEL = wheel("other", "1.0", origin="evil").data
SDIST = sdist("other", "1.0", origin="evil").data
TAR = gzip.decompress(SDIST)

FILES = [
    ("/dl/other-1.0-py3-none-any.whl/", WHEEL, "application/octet-stream"),
    ("/dl/other-1.0-py3-none-any.whl//", WHEEL, "application/octet-stream"),
    ("/dl/other-1.0.tar.gz/", SDIST, "application/octet-stream"),
    ("/dl/other-1.0.tar", TAR, "application/octet-stream"),
    ("/dl/other-1.0.tbz", SDIST, "application/octet-stream"),
    ("/dl/blob", SDIST, "application/octet-stream"),
    ("/dl/blob", SDIST, "application/x-gzip"),
    ("/dl/blob", TAR, "text/html"),
    ("/dl/blob", lzma.compress(TAR, lzma.FORMAT_ALONE), "text/plain"),
    ("/dl/blob", lzma.compress(TAR), "text/plain"),
]


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("path, data, kind", FILES, ids=[f"{f[0]} {f[2]} {n}" for n, f in enumerate(FILES)])
def test_an_archive_that_no_page_lists_is_none_under_any_name(
    path: str, data: bytes, kind: str, installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.faults[path] = lambda handler: handler.answer(200, data, [("Content-Type", kind)])
    policy = world.policy(POLICY.format(url=json_upstream.url))
    url = f"other @ {json_upstream.origin}{path}"
    result = installer.install(world, url, options=("--policy", policy)).failed()
    assert installed(world.site) == {}, result


def test_without_a_policy_such_an_archive_is_named(json_upstream: Upstream, world: World) -> None:
    json_upstream.faults["/dl/blob"] = lambda handler: handler.answer(200, SDIST, [("Content-Type", "text/plain")])
    url = f"other @ {json_upstream.origin}/dl/blob"
    result = PIP.install(world, url, options=("--upstream", json_upstream.url)).succeeded()
    assert "/dl/blob" in result.told, result
    assert installed(world.site) == {"other": "1.0"}
