"""Figures as the report prints them, by a grammar of its own, and the footnote marks glued to them.

A figure is a whole number with or without dots or single spaces for thousands (`1790`, `1.790`, `1 790`),
or a sum of such numbers in one cell (`3 + 2`). Nothing with a leading zero, a comma, a sign or other digits
than 0 to 9 is a figure. A dash or `n.v.t.` means an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Collection

RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(RAISED, "0123456789")
_RAISED = re.compile(rf"(.*[^{RAISED}])([{RAISED}]{{1,3}})")
_EMPTY = re.compile(r"[-‐‑‒–—−]+|n\.?v\.?t\.?", re.IGNORECASE)
SPACES = " \u00a0\u2007\u2009\u200a\u202f"  # one of them may part thousands
_WHOLE = rf"(?:0|[1-9][0-9]{{0,2}}(?:[.{SPACES}][0-9]{{3}}){{1,2}}|[1-9][0-9]{{0,8}})"
_PARTING = re.compile(f"[.{SPACES}]")
_NUMBER = re.compile(_WHOLE)
_SUM = re.compile(rf"{_WHOLE}(?:\s*\+\s*{_WHOLE})*")


def whole(text: str) -> int | None:
    """The number that `text` prints (below a thousand million), or None where it prints none."""
    return int(_PARTING.sub("", text)) if _NUMBER.fullmatch(text) else None


def addends(text: str) -> tuple[int, ...] | None:
    """The numbers that `text` adds up, in order; one for a plain figure; None where it is not a figure."""
    if not _SUM.fullmatch(text):
        return None
    return tuple(int(_PARTING.sub("", part)) for part in re.split(r"\s*\+\s*", text))


def is_tight(text: str) -> bool:
    """Whether a sum is printed as `12+2`: twelve and two others, as well as fourteen."""
    return bool(_SUM.fullmatch(text)) and bool(re.search(r"\S\+|\+\S", text))


def empty(text: str) -> bool:
    """Whether `text` says that a cell is empty: a dash, or `n.v.t.`."""
    return _EMPTY.fullmatch(text) is not None


def number(digits: str) -> int:
    """The number of a note, whose digits may be raised."""
    return int(digits.translate(_PLAIN))


def marked(text: str, notes: Collection[int]) -> list[tuple[str, int]]:
    """The ways to take the number of one of `notes` off the end of `text`: what is left, and the number.

    Raised digits are a number of a note, and nothing else.
    """
    if raised := _RAISED.fullmatch(text):
        return [(raised[1], number(raised[2]))] if number(raised[2]) in notes else []
    if not text[-1:].isdecimal():
        return []
    return [
        (body, note) for note in notes if (body := text.removesuffix(str(note))) and len(body) < len(text)
    ]
