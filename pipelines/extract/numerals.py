"""Figures as the report prints them, by a grammar of its own, and the footnote marks glued to them.

A figure is a whole number with or without dots for thousands (`1790`, `1.790`), or a sum of such
numbers in one cell (`3 + 2`). Nothing with a leading zero, a comma or a sign is a figure. A
dash or `n.v.t.` means an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_EMPTY = re.compile(r"[-‐‑‒–—−]+|n\.?v\.?t\.?", re.IGNORECASE)
_WHOLE = r"(?:0|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,2}|[1-9][0-9]{0,8})"
_NUMBER = re.compile(_WHOLE)
_SUM = re.compile(rf"{_WHOLE}(?:\s*\+\s*{_WHOLE})*")


def whole(text: str) -> int | None:
    """The number that `text` prints (below a thousand million), or None where it prints none."""
    return int(text.replace(".", "")) if _NUMBER.fullmatch(text) else None


def addends(text: str) -> tuple[int, ...] | None:
    """The numbers that `text` adds up, in order; one for a plain figure; None where it is not a figure."""
    if not _SUM.fullmatch(text):
        return None
    return tuple(int(part.replace(".", "")) for part in re.split(r"\s*\+\s*", text))


def empty(text: str) -> bool:
    """Whether `text` says that a cell is empty: a dash, or `n.v.t.`."""
    return _EMPTY.fullmatch(text) is not None


def marked(text: str, notes: Collection[int]) -> list[tuple[str, int]]:
    """The ways to take the number of one of `notes` off the end of `text`: what is left, and the number."""
    if not text[-1:].isdecimal():
        return []
    return [
        (body, note) for note in notes if (body := text.removesuffix(str(note))) and len(body) < len(text)
    ]
