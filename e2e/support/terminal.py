"""A person at a terminal, who answers questions."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

from support.program import PROGRAM, TIME_LIMIT, World


@dataclass(frozen=True)
class Conversation:
    """What a command at a terminal did."""

    status: int
    seen: str


def at_terminal(world: World, *arguments: object, answers: list[tuple[str, str | Callable[[str], str]]]) -> Conversation:
    """Runs `affineur` at a terminal. Each answer, or what it makes of all that was seen, is typed when its question is seen."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [str(argument) for argument in (PROGRAM, *arguments)],
        env=world.env, cwd=world.work, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )
    os.close(theirs)
    seen, read_so_far = "", 0
    waiting = list(answers)
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk.decode()
            while waiting and waiting[0][0] in seen[read_so_far:]:
                question, answer = waiting.pop(0)
                read_so_far = seen.index(question, read_so_far) + len(question)
                words = answer if isinstance(answer, str) else answer(seen)
                os.write(ours, words.encode() + b"\n")
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(ours)
    status = process.wait(TIME_LIMIT)
    assert not waiting, f"never asked: {waiting}\n{seen}"
    return Conversation(status, seen)
