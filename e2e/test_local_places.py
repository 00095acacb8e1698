"""Local wheels that a project's own files name in ways that are easy to overlook: none is installed under a policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.installers import BOTH, Installer
from support.packages import installed, wheel
from support.program import World
from support.upstream import Upstream

POLICY = 'sources = ["index"]\n[party.index]\nupstream = "{url}"\n'
EVIL = wheel("other", "1.0", origin="evil")

# What stands in requirements.txt: F is the wheel's path, D its folder.
WAYS: dict[str, str | bytes] = {
    "after a byte order mark": "\ufeffF\n",
    "in another encoding": "F\n".encode("utf-16"),
    "in a declared encoding": b"# -*- coding: latin-1 -*-\n# \xe9\nF\n",
    "before a tab and a comment": "F\t# why\n",
    "after a form feed": "thing\x0cF\n",
    "after a carriage return": "thing\rF\n",
    "on two lines": "D/other-1.0-py3-\\\nnone-any.whl\n",
    "with a marker": 'F;python_version>"3"\n',
    "as a URL with a marker": 'file://F; python_version>"3"\n',
    "as a URL with a query": "file://F?x=1\n",
    "as a URL in capitals": "other @ FILE://F\n",
    "with a slash behind": "F/\n",
    "in a quoted folder": '--find-links="D"\nother\n',
    "with half an option": "--find-l D\nother\n",
}


@pytest.mark.parametrize("installer", BOTH, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_no_spelling_hides_a_local_wheel(way: str, installer: Installer, json_upstream: Upstream, world: World) -> None:
    folder = world.root / "wheels"
    folder.mkdir()
    (folder / EVIL.filename).write_bytes(EVIL.data)
    path = str(folder / EVIL.filename)
    text = WAYS[way]
    fill: Callable[[str], str] = lambda text: text.replace("F\n", path + "\n").replace("D", str(folder))
    if isinstance(text, bytes):
        encoding = "utf-16" if text.startswith(b"\xff\xfe") else "latin-1"
        data = fill(text.decode(encoding)).encode(encoding)
    else:
        data = text.replace("FILE:", "f1le:").replace("F", path).replace("D", str(folder)).replace("f1le:", "FILE:").encode()
    (world.work / "requirements.txt").write_bytes(data)
    json_upstream.add(wheel("thing", "1.0"))
    policy = world.policy(POLICY.format(url=json_upstream.url))
    result = installer.install(world, "-r", "requirements.txt", options=("--policy", policy))
    result.failed()
    assert installed(world.site) == {}, result


def test_a_script_that_brings_its_own_wheel_is_not_run(json_upstream: Upstream, world: World) -> None:
    (world.work / EVIL.filename).write_bytes(EVIL.data)
    world.write(
        "script.py",
        '# /// script\n# dependencies = ["other"]\n# [tool.uv.sources]\n'
        f'# other = {{ path = "{EVIL.filename}" }}\n# ///\nimport other; print(other.ORIGIN)\n',
    )
    policy = world.policy(POLICY.format(url=json_upstream.url))
    result = world.run("uv", "run", "script.py", options=("--policy", policy)).failed()
    assert "evil" not in result.stdout and EVIL.filename in result.told, result
