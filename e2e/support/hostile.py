"""What must hold after every meeting with a hostile upstream."""

from __future__ import annotations

from .program import Result

# Far below what any of the bodies here would need, far above what affineur needs for a large page.
PEAK_MEMORY_MIB = 256
CONTROL = set(map(chr, [*range(32), 127, *range(0x80, 0xA0), 0x202A, 0x202B, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068])) - {
    "\n", "\r", "\t"
}


def check_harmless(result: Result) -> None:
    """Bounded memory, no crash of ours, and nothing on the terminal that could be a command to it."""
    assert result.peak_memory_mib < PEAK_MEMORY_MIB, result
    assert result.status not in (70, 101), result
    assert "panicked" not in result.stderr, result
    found = sorted(CONTROL & set(result.stdout + result.stderr))
    assert not found, f"control characters {found!r} were printed{result!r}"
