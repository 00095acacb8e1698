"""Canonical JSON of a role of 3 MB: text that is canonical already, and the same indented and in another order.

Ours begins with the text, the peers with values that are parsed already. Megabytes are those of the canonical form.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import processes
import servers
import tools
from report import at_least, ours_at_least

if TYPE_CHECKING:
    from core import World

BINS = 16_384
LIMIT_SECONDS = 120
PASSES = {"affineur": 150, "olpc-cjson": 4, "securesystemslib": 4}


def measure(world: World) -> None:
    canonical = json.dumps(role(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    texts = {"already canonical": canonical, "indented, unsorted": json.dumps(backwards(role()), indent=1)}
    for form, text in texts.items():
        file = world.folder / "role.json"
        file.write_text(text)
        cpu(world, "both", file, 0)
        rates = defaultdict(list)
        for _ in range(world.rounds):
            for program, passes in PASSES.items():
                spent = cpu(world, program, file, passes) - cpu(world, program, file, 0)
                rates[program].append(len(canonical) * passes / 1e6 / spent)
        for peer in ("olpc-cjson", "securesystemslib"):
            what = f"canonical JSON, {len(canonical) / 1e6:.1f} MB, {form}, against {peer}"
            world.report.row(f"{what}: MB/s of CPU time", rates["affineur"], rates[peer], ours_at_least(500))


def cpu(world: World, program: str, file: Path, passes: int) -> float:
    """CPU seconds of a whole process; with no passes, those of its start and of reading the file."""
    commands = {
        "affineur": [tools.canonical_program(), "affineur"],
        "both": [tools.canonical_program(), "both"],
        "olpc-cjson": [tools.canonical_program(), "olpc-cjson"],
        "securesystemslib": [tools.environment("tuf") / "python", Path(__file__).with_name("tuf_peer.py"), "canonical"],
    }
    done = processes.alone([*commands[program], file, passes], servers.clean(), world.log, LIMIT_SECONDS)
    assert done.status == 0, f"{program}: {world.log.read_text(errors='replace')[-2000:]}"
    return done.cpu


def role() -> dict:
    """What delegates to 16 384 bins by the beginnings of digests, as large as such a file is."""
    keyid = "9f" * 32
    roles = [{
        "keyids": [keyid], "name": f"bin-{bin_number:04x}", "terminating": False, "threshold": 1,
        "path_hash_prefixes": [f"{bin_number * 4 + at:04x}" for at in range(4)],
    } for bin_number in range(BINS)]
    key = {"keytype": "ed25519", "keyval": {"public": "5a" * 32}, "scheme": "ed25519"}
    return {"_type": "targets", "delegations": {"keys": {keyid: key}, "roles": roles}, "expires": "2040-01-01T00:00:00Z",
            "spec_version": "1.0.34", "targets": {}, "version": 1}


def backwards(value: object) -> object:
    """The same value, the members of its objects in descending order."""
    if isinstance(value, dict):
        return {name: backwards(value[name]) for name in sorted(value, reverse=True)}
    return [backwards(item) for item in value] if isinstance(value, list) else value
