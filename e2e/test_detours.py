"""Settings in a project's own files by which an installer would leave the proxy: nobody is asked before they are refused."""

from __future__ import annotations

import pytest

from support.installers import UV
from support.packages import installed, wheel
from support.program import World
from support.upstream import Upstream

POLICY = 'sources = ["index"]\n[party.index]\nupstream = "{url}"\n'
PROJECT = '[project]\nname = "p"\nversion = "1"\n'
PLACES = {
    "uv.toml": [("uv.toml", "{setting}\n")],
    "pyproject.toml": [("pyproject.toml", PROJECT + "[tool.uv]\n{setting}\n")],
    "the workspace above": [
        ("pyproject.toml", PROJECT + "[tool.uv]\n{setting}\n[tool.uv.workspace]\nmembers = ['member']\n"),
        ("member/pyproject.toml", PROJECT.replace('"p"', '"m"') + "[tool.uv]\nmanaged = true\n"),
    ],
}


@pytest.mark.parametrize("setting", ["no-proxy = ['*']", "http-proxy = 'http://127.0.0.1:1'"])
@pytest.mark.parametrize("place", PLACES)
def test_a_project_cannot_lead_uv_past_the_proxy_under_a_policy(
    place: str, setting: str, json_upstream: Upstream, make_upstream: object, world: World
) -> None:
    stranger = make_upstream()
    stranger.add(wheel("thing", "9.0", origin="evil"))
    for name, text in PLACES[place]:
        folder = world.write(name, text.format(setting=setting)).parent
    policy = world.policy(POLICY.format(url=json_upstream.url))
    words = (*UV.words(world.site), "--index-url", stranger.url, "thing")
    result = world.run(*words, options=("--policy", policy), cwd=folder)
    assert result.status == 1 and setting.split()[0] in result.told, result
    assert stranger.log == [], "the stranger is not even asked"
    assert installed(world.site) == {}
