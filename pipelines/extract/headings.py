"""Which lines of the running text are headings.

A numbered heading starts with the next number (after 2.2.1 come 2.2.2, 2.3, 3 or 2.2.1.1) and reads like
a title. A table of contents has the same numbers, so of several such rows of headings the longest counts,
and of equally long ones the last.

An unnumbered heading is known by its place and form: a short line that starts with a capital and ends
without a full stop, after a line that ended its paragraph, and before a new one. No list of headings
is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.extract.annexes import annex_label, is_title
from pipelines.model import Line

_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?P<title>\S.*)")
_ENDS_PARAGRAPH = re.compile(r"[.!?:;…)][\]’”'\")]*\d{0,3}$")
_SHORT = 0.75  # an unnumbered heading is at most so much of a full line
_FULL = 0.9  # of all lines, so many are no longer than a full line
_WRAPPED = 0.6  # a heading goes on behind a line that is at least so much of a full line
_MORE_LINES = 2  # of one heading, behind its first
_BLANK = 9  # more white space on a line is the rule above footnotes, not an empty paragraph
_SKIPPED = 3  # numbers that may be missing among subsections


@dataclass(frozen=True)
class Heading:
    """A heading: its title without its number, which is () where it has none."""

    title: str
    lines: tuple[Line, ...]
    number: tuple[int, ...] = ()
    annex: str | None = None


@dataclass(frozen=True)
class _Text:
    """A filled line: its words, whether it starts a paragraph for sure, and whether it tops its page."""

    line: Line
    words: str
    apart: bool
    top: bool


def split(text: Sequence[Line]) -> Iterator[Heading | Line]:
    """The filled lines in order, with each heading's lines put together."""
    lines = _filled(text)
    found = _headings(lines)
    index = 0
    while index < len(lines):
        heading = found.get(index)
        yield heading or lines[index].line
        index += len(heading.lines) if heading else 1


def _filled(text: Sequence[Line]) -> list[_Text]:
    lines: list[_Text] = []
    apart = True
    for line in text:
        words = " ".join(line.text.split())
        if words:
            top = not lines or lines[-1].line.page != line.page
            lines.append(_Text(line, words, apart, top))
            apart = False
        elif 0 < len(line.text) <= _BLANK:
            apart = True
    return lines


def _headings(lines: Sequence[_Text]) -> dict[int, Heading]:
    """Index of a heading's first line → the heading."""
    if not lines:
        return {}
    lengths = sorted(len(line.words) for line in lines)
    full = lengths[int(len(lengths) * _FULL)]
    found = _chain(_numbered(lines, full))
    first = min(found, default=0)  # what stands before is a title or a table of contents
    for index, line in enumerate(lines):
        label = annex_label(line.words) if index > first else None
        if label and (line.apart or _ended(lines, index)):
            found[index] = Heading(line.words, (line.line,), annex=label)
    if not found:
        return {}
    ends = {index + len(heading.lines) for index, heading in found.items()}
    starts = set(found)
    index = min(found)
    while index < len(lines):
        if index in found:
            index += len(found[index].lines)
            continue
        if _is_subheading(lines, index, full, ends, starts):
            found[index] = Heading(lines[index].words, (lines[index].line,))
            ends.add(index + 1)
        index += 1
    return found


def _numbered(lines: Sequence[_Text], full: int) -> dict[int, Heading]:
    """Everything that has the form of a numbered heading, whatever its number."""
    found: dict[int, Heading] = {}
    for index, line in enumerate(lines):
        match = _NUMBERED.fullmatch(line.words)
        if match is None or not match["title"][0].isupper():
            continue
        end = index + 1
        while (
            end < len(lines)
            and lines[end].words[0].islower()
            and len(lines[end - 1].words) >= _WRAPPED * full
        ):
            end += 1
        title = " ".join([match["title"], *(line.words for line in lines[index + 1 : end])])
        goes_on = end < len(lines) and lines[end].words[0].islower()
        if end - index - 1 > _MORE_LINES or goes_on or not is_title(title):
            continue
        number = tuple(int(part) for part in match["number"].split("."))
        if len(number) > 1 or line.top or line.apart or _ended(lines, index) or index - 1 in found:
            found[index] = Heading(title, tuple(line.line for line in lines[index:end]), number)
    return found


def _chain(candidates: Mapping[int, Heading]) -> dict[int, Heading]:
    """The longest row of headings whose numbers follow each other, the last of equally long ones."""
    nearest: dict[tuple[int, ...], int] = {}  # of those behind the one looked at, by number
    following: dict[int, int] = {}
    length: dict[int, int] = {}
    for index, heading in sorted(candidates.items(), reverse=True):
        after = [nearest[number] for number in _followers(heading.number) if number in nearest]
        if after:
            following[index] = min(after)
        length[index] = 1 + (length[following[index]] if after else 0)
        nearest[heading.number] = index
    firsts = [index for index, heading in candidates.items() if heading.number == (1,)] or list(candidates)[
        :1
    ]
    chain: dict[int, Heading] = {}
    at = max(firsts, key=lambda first: (length[first], first), default=None)
    while at is not None:
        chain[at] = candidates[at]
        at = following.get(at)
    return chain


def _followers(last: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The numbers that a heading may have after one that has `last`."""
    yield (last[0] + 1,)
    if len(last) > 1:
        yield last  # printed twice by mistake
    for depth in range(1, len(last) + 1):
        own = last[depth] if depth < len(last) else 0
        yield from ((*last[:depth], own + step) for step in range(1, _SKIPPED + 1))


def _is_subheading(lines: Sequence[_Text], index: int, full: int, ends: set[int], starts: set[int]) -> bool:
    line = lines[index]
    words = line.words
    if not is_title(words) or words[-1] in "!?…-–" or len(words) > _SHORT * full or index + 1 == len(lines):
        return False
    if not (line.apart or index in ends or _ended(lines, index)):
        return False
    following = lines[index + 1]
    return index + 1 in starts or following.apart or not following.words[0].islower()


def _ended(lines: Sequence[_Text], index: int) -> bool:
    """Whether the line before ended its paragraph."""
    return index == 0 or bool(_ENDS_PARAGRAPH.search(lines[index - 1].words))
