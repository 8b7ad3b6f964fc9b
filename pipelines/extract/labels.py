"""Rotated region labels of annex 1: finding them in the letters, and deciding which rows they head.

A rotated label arrives as a run of lines of a few letters that spell a region of the layout. The
label belongs to a cell that spans several rows, and reading order puts it where its first letter
stands: before its rows, or behind some of them. So a row belongs to the label before it, or to the
one after it:

- rows directly before a label belong to it where the registry places their missions in that label's
  region and not in the region of the label before;
- other rows belong to the label before them. Two cases are not decided, and have no region: a row that
  the registry places with the label after it, though a row between them belongs elsewhere; and a row
  that stands in the next label's block (no empty paragraph between), not in the last one's, where
  the registry cannot tell the two labels apart;
- rows before the first label belong to the first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pipelines.extract.words import Word, words
from pipelines.model import Line
from schemas.registry import comparable

_PIECE = 3  # a piece of a rotated label has at most so many letters
_FEW = 3  # so many pieces in a row are a label, whether it is known or not


@dataclass(frozen=True)
class Label:
    """A region label: its name as printed, its pieces, and the index of its first and last line."""

    name: str
    pieces: tuple[Word, ...]
    first: int
    last: int


@dataclass(frozen=True)
class Listed:
    """A row for which a region is wanted: index of its first and last line, and the registry's region."""

    first: int
    last: int
    region: str


def find(lines: Sequence[Line], regions: Sequence[str]) -> tuple[list[Label], list[Label]]:
    """The labels on `lines`, and runs of pieces that look like one but spell no known region."""
    filled = [index for index, line in enumerate(lines) if line.text.strip()]
    wanted = {_letters(region): region for region in regions}
    known: list[Label] = []
    unknown: list[Label] = []
    position = 0
    while position < len(filled):
        label = _known(lines, filled[position:], wanted)
        if label is None:
            label = _unknown(lines, filled[position:], wanted)
            if label is not None:
                unknown.append(label)
        else:
            known.append(label)
        while label and position < len(filled) and filled[position] < label.last:
            position += 1
        position += 1
    return known, unknown


def _known(lines: Sequence[Line], filled: Sequence[int], wanted: Mapping[str, str]) -> Label | None:
    """The longest region that the lines spell from the first of them on; `wanted` is by its letters."""
    spelt = ""
    best: Label | None = None
    for count, index in enumerate(filled, 1):
        spelt += _letters(lines[index].text)
        if spelt in wanted:
            pieces = tuple(words(lines[i] for i in filled[:count]))
            best = Label(_name(pieces, wanted[spelt]), pieces, filled[0], index)
        if not any(letters.startswith(spelt) for letters in wanted):
            break
    return best


def _unknown(lines: Sequence[Line], filled: Sequence[int], wanted: Mapping[str, str]) -> Label | None:
    """The pieces from the first line on, up to a known region: a short word may stand before that."""
    run: list[int] = []
    for position, index in enumerate(filled):
        letters = lines[index].text.strip()
        if len(letters) > _PIECE or not letters.lstrip("-").isalpha():
            break
        if run and _known(lines, filled[position:], wanted):
            break
        run.append(index)
    if len(run) < _FEW:
        return None
    pieces = tuple(words(lines[index] for index in run))
    return Label("".join(piece.text for piece in pieces), pieces, run[0], run[-1])


def _letters(text: str) -> str:
    return comparable(text).replace(" ", "")


def _name(pieces: Sequence[Word], region: str) -> str:
    """The printed letters, parted as the layout's region is."""
    letters = iter("".join(piece.text for piece in pieces))
    return "".join(" " if sign == " " else next(letters, "") for sign in region)


def assign(
    rows: Sequence[Listed], labels: Sequence[Label], lines: Sequence[Line], known: Collection[str]
) -> list[Label | None]:
    """The label of each row, None where there is none or it cannot be decided.

    `known` are the regions that the registry has.
    """
    trusted = {comparable(region) for region in known}
    found: list[Label | None] = [None] * len(rows)
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        before = next((label for label in reversed(labels) if label.first < row.first), None)
        after = next((label for label in labels if label.first > row.first), None)
        if before is None or after is None:
            found[index] = before or after
        elif _names(after, row) and not _names(before, row):
            beside = index + 1 == len(rows) or rows[index + 1].first > after.first
            found[index] = after if beside or found[index + 1] is after else None
        elif _names(before, row) and comparable(after.name) in trusted:
            found[index] = before
        else:
            found[index] = None if _contested(row, before, after, lines) else before
    return found


def _names(label: Label, row: Listed) -> bool:
    return comparable(label.name) == comparable(row.region)


def _contested(row: Listed, before: Label, after: Label, lines: Sequence[Line]) -> bool:
    """Whether the row stands in the block of the label after it, and not in that of the one before.

    Blocks are parted by empty paragraphs, lines of nothing but white space; the one directly behind
    a label is the label's own.
    """
    blanks = [index for index, line in enumerate(lines) if line.text and not line.text.strip()]
    filled = next(i for i in range(before.last + 1, len(lines)) if lines[i].text.strip())
    parted_before = any(filled < index < row.first for index in blanks)
    parted_after = any(row.last < index < after.first for index in blanks)
    return parted_before and not parted_after
