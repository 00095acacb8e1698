"""`affineur run` as a command: exit status, signals, what it prints, what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from support.installers import BOTH, PIP, UV, Installer, from_upstream
from support.packages import installed, wheel
from support.program import PROGRAM, World, json_lines
from support.upstream import TODAY, Upstream


@pytest.mark.parametrize("status", [0, 1, 2, 3, 42, 70, 255])
def test_the_exit_status_of_the_command_is_kept(status: int, world: World, json_upstream: Upstream) -> None:
    result = world.run("sh", "-c", f"exit {status}", options=from_upstream(json_upstream))
    assert result.status == status, result


def test_a_command_that_was_killed_is_told_as_shells_do(world: World, json_upstream: Upstream) -> None:
    result = world.run("sh", "-c", "kill -KILL $$", options=from_upstream(json_upstream))
    assert result.status in (128 + signal.SIGKILL, -signal.SIGKILL), result


def test_a_command_that_is_not_there_is_a_mistake_of_the_caller(world: World, json_upstream: Upstream) -> None:
    result = world.run("no-such-command", options=from_upstream(json_upstream))
    assert result.status in (2, 127), result
    result.says("no-such-command")


def test_the_commands_own_output_and_input_are_untouched(world: World, json_upstream: Upstream) -> None:
    result = world.run("sh", "-c", "echo out; echo err >&2", options=from_upstream(json_upstream)).succeeded()
    assert result.stdout == "out\n"
    assert result.stderr.startswith("err\n") or "\nerr\n" in result.stderr


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_signals_reach_the_command_and_its_answer_is_kept(name: str, world: World, json_upstream: Upstream) -> None:
    script = f"trap 'echo got {name}; exit 17' {name[3:]}; echo ready; while :; do sleep 0.05; done"
    process = world.start(PROGRAM, "run", "--upstream", json_upstream.url, "--", "sh", "-c", script)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    process.send_signal(getattr(signal, name))
    stdout, stderr = process.communicate(timeout=30)
    assert f"got {name}" in stdout, stderr
    assert process.returncode == 17, stderr


def test_a_terminals_interrupt_ends_both(world: World, json_upstream: Upstream) -> None:
    """Ctrl-C goes to the whole process group.

    The trap matters: a shell that is between two commands takes note of an interrupt and still waits for the next one.
    """
    script = "trap 'exit 130' INT; echo ready; while :; do sleep 0.05; done"
    process = world.start(PROGRAM, "run", "--upstream", json_upstream.url, "--", "sh", "-c", script)
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


@pytest.mark.parametrize("how", ["success", "failure", "SIGTERM"])
def test_nothing_is_left_behind(how: str, world: World, json_upstream: Upstream) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    if how == "SIGTERM":
        process = world.start(PROGRAM, "run", "--upstream", json_upstream.url, "--", "sh", "-c", "echo ready; exec sleep 600")
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        process.communicate(timeout=30)
    else:
        PIP.install(world, "thing" if how == "success" else "thing==9", options=from_upstream(json_upstream))
    assert list(world.temp.iterdir()) == []
    assert list(world.work.iterdir()) == []
    keys = [path for path in world.root.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [], "the run's key lives in memory only"


def test_no_process_is_left_behind(world: World, json_upstream: Upstream) -> None:
    process = world.start(PROGRAM, "run", "--upstream", json_upstream.url, "--", "true")
    process.communicate(timeout=30)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_the_closing_table_is_on_stderr_and_says_why(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=TODAY)
    result = PIP.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert "withheld" not in result.stdout
    for words in ("thing", "1.0", "2.0", "released", "waits 3 days", "newer"):
        assert words in result.told, result


def test_the_report_has_every_file_as_a_line_of_json(json_upstream: Upstream, world: World) -> None:
    young = wheel("thing", "2.0")
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(young, age=TODAY)
    report = world.root / "report.jsonl"
    PIP.install(world, "thing", options=(*from_upstream(json_upstream), "--report", str(report))).succeeded()
    lines = json_lines(report)
    by_file = {line["file"]: line for line in lines if "file" in line}
    assert by_file["thing-1.0-py3-none-any.whl"]["outcome"] == "let-through", lines
    withheld = by_file["thing-2.0-py3-none-any.whl"]
    assert withheld["outcome"] == "withheld" and withheld["class"] == "refused", lines
    assert withheld["sha256"] == young.sha256 and withheld["until"], lines
    assert "too-young" in json.dumps(withheld), lines


def test_json_on_stdout_is_for_programs(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    result = PIP.install(world, "-q", "thing", options=(*from_upstream(json_upstream), "--json")).succeeded()
    objects = [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("{")]
    assert objects and all(json.loads(line) for line in objects), result


def test_a_successful_command_for_which_nothing_was_decided_says_so(world: World, json_upstream: Upstream) -> None:
    world.run("true", options=from_upstream(json_upstream)).succeeded().says("nothing passed through affineur")
    strict = world.run("true", options=(*from_upstream(json_upstream), "--strict"))
    assert strict.status == 3, strict


def test_strict_turns_a_success_with_something_hostile_into_1(json_upstream: Upstream, world: World) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("other", "1.0"))
    options = from_upstream(json_upstream)
    PIP.install(world, "thing", "other", options=options).succeeded()
    evil = wheel("thing", "1.0", origin="evil")
    entry.data, entry.sha256 = evil.data, evil.sha256
    world.again()
    command = f"pip install -q --target {world.site} thing || pip install -q --target {world.site} other"
    assert world.run("sh", "-c", command, options=options).status == 0
    strict = world.run("sh", "-c", command, options=(*options, "--strict"))
    assert strict.status == 1, strict


def test_strict_keeps_a_plain_success(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    PIP.install(world, "thing", options=(*from_upstream(json_upstream), "--strict")).succeeded()


@pytest.mark.parametrize("installer", BOTH, ids=str)
def test_without_a_policy_the_installers_own_index_is_used(
    installer: Installer, json_upstream: Upstream, world: World
) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    json_upstream.add(wheel("thing", "2.0"), age=TODAY)
    env = {"PIP_INDEX_URL": json_upstream.url, "UV_DEFAULT_INDEX": json_upstream.url}
    result = installer.install(world, "thing", env=env).succeeded()
    assert installed(world.site) == {"thing": "1.0"}
    result.says("2.0", "waits 3 days")


def test_a_run_does_not_need_an_index_to_start_and_has_none_built_in(world: World) -> None:
    """No policy, no upstream, no configuration: the installer's compiled-in index, which is out of reach here."""
    result = UV.install(world, "thing", time_limit=120).failed()
    assert installed(world.site) == {}
    assert result.status != 70, result


def test_a_lasting_state_can_be_a_file_in_the_project(json_upstream: Upstream, world: World) -> None:
    entry = json_upstream.add(wheel("thing", "1.0"))
    state = world.work / "affineur.state"
    options = (*from_upstream(json_upstream), "--state", str(state))
    PIP.install(world, "thing", options=options).succeeded()
    assert state.is_file()
    evil = wheel("thing", "1.0", origin="evil")
    entry.data, entry.sha256 = evil.data, evil.sha256
    world.again()
    world.env["AFFINEUR_HOME"] = str(world.root / "another-machine")
    PIP.install(world, "thing", options=options).failed().says("digest changed")


def test_a_run_without_a_lasting_state_says_so_or_does_not_start(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    (world.root / "file").write_text("no folder")
    env = {"AFFINEUR_HOME": str(world.root / "file" / "state")}
    result = PIP.install(world, "thing", options=from_upstream(json_upstream), env=env)
    result.says("file/state")
    assert result.status == 3 or "lasting" in result.told, result


def test_the_state_is_readable_by_its_owner_only(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    PIP.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    for path in world.state.iterdir():
        assert not stat.S_IMODE(path.stat().st_mode) & 0o022, path


def test_the_listener_takes_only_requests_with_this_runs_password(json_upstream: Upstream, world: World) -> None:
    """Another user of the machine finds the port, and gets nothing through it."""
    json_upstream.add(wheel("thing", "1.0"))
    script = (
        'proxy=${HTTP_PROXY#http://}; address=${proxy#*@}; address=${address%/}; '
        f'curl -s -o /dev/null -w "%{{http_code}} " --noproxy "" -x "http://$address" {json_upstream.url}thing/; '
        f'curl -s -o /dev/null -w "%{{http_code}}" --noproxy "" -x "http://x:y@$address" {json_upstream.url}thing/'
    )
    result = world.run("sh", "-c", script, options=from_upstream(json_upstream))
    assert result.stdout == "407 407", result
    assert json_upstream.log == []


def test_both_spellings_of_every_variable_are_set_and_none_lets_out(world: World, json_upstream: Upstream) -> None:
    env = {"NO_PROXY": "*", "no_proxy": "*", "ALL_PROXY": "http://127.0.0.1:9", "PIP_PROXY": "http://127.0.0.1:9"}
    result = world.run("env", options=from_upstream(json_upstream), env=env).succeeded()
    seen = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
    ours = seen["HTTPS_PROXY"]
    for name in ("HTTP_PROXY", "http_proxy", "https_proxy", "PIP_PROXY", "ALL_PROXY"):
        assert seen[name] == ours, (name, seen)
    assert seen.get("NO_PROXY", "") == "" and seen.get("no_proxy", "") == ""
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"):
        assert seen.get(name), name
        assert not Path(seen[name]).exists(), "the run is over"
    for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "POETRY_CACHE_DIR"):
        assert seen[name].startswith(str(world.state)), (name, seen)


def test_a_nested_run_works(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    words = (PROGRAM, "run", "--upstream", json_upstream.url, "--", *PIP.words(world.site), "thing")
    world.run(*words, options=from_upstream(json_upstream)).succeeded()
    assert installed(world.site) == {"thing": "1.0"}


def test_two_runs_at_once_share_the_state(json_upstream: Upstream, world: World) -> None:
    json_upstream.add(wheel("thing", "1.0"))
    results: list = []

    def one(number: int) -> None:
        words = PIP.words(world.root / f"site{number}")
        results.append(world.run(*words, "thing", options=from_upstream(json_upstream)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.status for result in results] == [0, 0, 0], results


USAGE = {
    "no command": ("run", "--"),
    "no such option": ("run", "--no-such-option", "--", "true"),
    "no such subcommand": ("fly",),
    "an upstream that is no URL": ("run", "--upstream", "nonsense", "--", "true"),
    "an upstream of another scheme": ("run", "--upstream", "ftp://127.0.0.1/", "--", "true"),
    "a requirement that is none": ("why", "==="),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_a_mistake_on_the_command_line_is_status_2(mistake: str, world: World) -> None:
    result = world.affineur(*USAGE[mistake])
    assert result.status == 2, result
    assert result.stderr.strip(), "something is said about it"


def test_a_slow_upstream_is_waited_for(json_upstream: Upstream, world: World) -> None:
    """Ten seconds of silence are no failure."""
    json_upstream.add(wheel("thing", "1.0"))

    def late(handler: object) -> None:
        threading.Event().wait(8)
        handler.answer_page("/simple/thing/")

    json_upstream.faults["/simple/thing/"] = late
    started = time.monotonic()
    PIP.install(world, "thing", options=from_upstream(json_upstream)).succeeded()
    assert time.monotonic() - started > 8


def test_version_and_help_work_without_anything(world: World) -> None:
    assert world.affineur("--version").succeeded().stdout.startswith("affineur ")
    assert "run" in world.affineur("--help").succeeded().stdout
    assert subprocess.run([PROGRAM, "run", "--help"], env={}, capture_output=True, check=False).returncode == 0
