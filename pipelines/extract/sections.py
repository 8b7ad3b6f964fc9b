"""Sections: the report's running text by heading, with the missions that each heading names.

A numbered heading starts with the next number (after 2.2.1 come 2.2.2, 2.3, 3 or 2.2.1.1) and reads like
a title. A table of contents has the same numbers, so of several such rows of headings the longest counts,
and of equally long ones the last. An unnumbered heading is known by its place and form: a short line
that starts with a capital and ends without a full stop, after a line that ended its paragraph, and
before a new one; where no heading has a number, the first of them is right above the first lines that
read as prose, so that a letter's head is none. No list of headings is used.

A subheading belongs to the numbered section above it. But one that has no text of its own, and is not
followed by one that names a mission, heads a group (a region, say): it and the subheadings behind it
belong to the section that the next numbered one belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.extract.annexes import Annex
from pipelines.extract.answers import distinct, slug
from pipelines.extract.headings import annex_label, is_title
from pipelines.model import Line
from schemas.registry import Registry, comparable

_NUMBERED = re.compile(r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4})\.?\s+(?P<title>\S.*)")
_ENDS_PARAGRAPH = re.compile(r"[.!?:;…)][\]’”'\")]*\d{0,3}$")
_SHORT = 0.75  # an unnumbered heading is at most so much of a full line
_FULL = 0.9  # of all lines, so many are no longer than a full line
_WRAPPED = 0.6  # a heading goes on behind a line that is at least so much of a full line
_MORE_LINES = 2  # of one heading, behind its first
_BLANK = 9  # more white space on a line is the rule above footnotes, not an empty paragraph
_SKIPPED = 3  # numbers that may be missing among subsections
_SOFT_HYPHEN = "\u00ad"
FRONT = "front"  # section_id of what comes before the first heading


@dataclass
class _Section:
    """A heading, the text under it, and what follows from the other headings."""

    heading: str
    lines: list[Line]
    number: tuple[int, ...] = ()
    label: str | None = None  # section_id of what has no number and is not a subheading
    text: list[str] = field(default_factory=list)
    id: str = ""
    parent: _Section | None = None
    named: tuple[str, ...] = ()
    missions: tuple[str, ...] = ()

    @property
    def is_subheading(self) -> bool:
        """Whether it is within another section, with no number of its own."""
        return not self.number and self.label is None

    def add(self, line: Line) -> None:
        self.lines.append(line)
        self.text.append(" ".join(line.text.split()))


def read(
    text: Sequence[Line],
    annexes: Sequence[tuple[Annex, Sequence[Line]]],
    *,
    registry: Registry,
    edition_year: int,
) -> list[dict[str, object]]:
    """The rows of `sections`: from `text` without footnotes, and per annex the running text in it."""
    sections = list(_sections(text))
    for annex, lines in annexes:
        label = annex_label(annex.heading) or annex.heading
        sections.append(_Section(annex.heading, list(annex.heading_lines), label=slug(label)))
        for line in lines:
            if line.text.strip():
                sections[-1].add(line)
    sections = [one for one in sections if one.lines]  # a table may have neither a heading nor text beside it
    sections.sort(key=lambda section: section.lines[0].number)
    spelt = [(comparable(name), mission.id) for mission in registry.missions for name in mission.spellings]
    spelt.sort(key=lambda pair: len(pair[0]), reverse=True)
    for section in sections:
        section.named = _missions(section.heading, spelt)
    _find_parents(sections)
    _give_ids(sections)
    _pass_on_missions(sections)
    return [_row(section, edition_year) for section in sections]


def _row(section: _Section, edition_year: int) -> dict[str, object]:
    return {
        "edition_year": edition_year,
        "section_id": section.id,
        "number": ".".join(map(str, section.number)) or None,
        "heading": section.heading,
        "parent_id": section.parent.id if section.parent else None,
        "mission_ids": list(section.missions),
        # A line that ends in a soft hyphen goes on in the next.
        "text": " ".join(section.text).replace(f"{_SOFT_HYPHEN} ", "").removesuffix(_SOFT_HYPHEN),
        "source_line": section.lines[0].number,
        "source_line_end": section.lines[-1].number,
    }


def _sections(text: Sequence[Line]) -> Iterator[_Section]:
    section: _Section | None = None
    for part in _split(text):
        if isinstance(part, _Heading):
            if section:
                yield section
            label = slug(part.annex) if part.annex else None
            section = _Section(part.title, list(part.lines), part.number, label)
        elif section is None:
            section = _Section(" ".join(part.text.split()), [part], label=FRONT)
        else:
            section.add(part)
    if section:
        yield section


def _find_parents(sections: Sequence[_Section]) -> None:
    owner: _Section | None = None  # the last section that is not a subheading
    group: _Section | None = None  # where the subheadings of a group belong
    numbered: dict[tuple[int, ...], _Section] = {}
    for section, following, next_numbered in _with_next(sections):
        if not section.is_subheading:
            above = (section.number[:length] for length in range(len(section.number) - 1, 0, -1))
            section.parent = next((numbered[number] for number in above if number in numbered), None)
            if section.number:
                numbered.setdefault(section.number, section)
            owner, group = section if section.label != FRONT else None, None
            continue
        if not section.text and following and not (following.is_subheading and following.named):
            group = _group(next_numbered, owner) or group
        section.parent = group or owner


def _with_next(
    sections: Sequence[_Section],
) -> Iterator[tuple[_Section, _Section | None, _Section | None]]:
    """Each section with the one behind it and the next numbered one."""
    numbered: _Section | None = None
    found = []
    for section, following in zip(sections[::-1], (None, *sections[::-1]), strict=False):
        found.append((section, following, numbered))
        numbered = section if section.number else numbered
    return reversed(found)


def _group(numbered: _Section | None, owner: _Section | None) -> _Section | None:
    """The section that a group before the next numbered section belongs to: the owner or its parent."""
    if owner is None or numbered is None:
        return None
    own = owner.number
    if numbered.number[:-1] == own:
        return owner
    return owner.parent if owner.parent and numbered.number[:-1] == owner.parent.number else None


def _give_ids(sections: Sequence[_Section]) -> None:
    taken: set[str] = set()
    for section in sections:
        own = section.label or ".".join(map(str, section.number)) or slug(section.heading)
        wanted = f"{section.parent.id}/{own}" if section.is_subheading and section.parent else own
        section.id = distinct(wanted, taken)
        taken.add(section.id)


def _missions(heading: str, spelt: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The missions whose spelling is in the heading, in its order; `spelt` has the longest first."""
    text = comparable(heading)
    found: dict[int, str] = {}
    for name, mission in spelt:
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not text[start - 1 : start].isalnum() and not text[end : end + 1].isalnum():
                found[start] = mission
                text = f"{text[:start]}{' ' * len(name)}{text[end:]}"
            start = text.find(name, end)
    return tuple(dict.fromkeys(found[start] for start in sorted(found)))


def _pass_on_missions(sections: Sequence[_Section]) -> None:
    """A section that names no mission has those of its subheadings, else those of its parent."""
    below: dict[int, list[_Section]] = {}
    for section in sections:
        if section.is_subheading and section.parent:
            below.setdefault(id(section.parent), []).append(section)
    for section in sections:
        of_parts = dict.fromkeys(mission for part in below.get(id(section), ()) for mission in part.named)
        inherited = section.parent.missions if section.parent else ()
        section.missions = section.named or tuple(of_parts) or inherited


@dataclass(frozen=True)
class _Heading:
    """A heading: its title without its number, which is () where it has none."""

    title: str
    lines: tuple[Line, ...]
    number: tuple[int, ...] = ()
    annex: str | None = None


@dataclass(frozen=True)
class _Line:
    """A filled line: its words, whether it starts a paragraph for sure, and whether it tops its page."""

    line: Line
    words: str
    apart: bool
    top: bool


def _split(text: Sequence[Line]) -> Iterator[_Heading | Line]:
    """The filled lines in order, with each heading's lines put together."""
    lines = _filled(text)
    found = _headings(lines)
    index = 0
    while index < len(lines):
        heading = found.get(index)
        yield heading or lines[index].line
        index += len(heading.lines) if heading else 1


def _filled(text: Sequence[Line]) -> list[_Line]:
    lines: list[_Line] = []
    apart = True
    for line in text:
        words = " ".join(line.text.split())
        if words:
            top = not lines or lines[-1].line.page != line.page
            lines.append(_Line(line, words, apart, top))
            apart = False
        elif 0 < len(line.text) <= _BLANK:
            apart = True
    return lines


def _headings(lines: Sequence[_Line]) -> dict[int, _Heading]:
    """Index of a heading's first line → the heading."""
    if not lines:
        return {}
    lengths = sorted(len(line.words) for line in lines)
    full = lengths[int(len(lengths) * _FULL)]
    found = _chain(_numbered(lines, full))
    first = min(found, default=0)  # what comes before is a title or a table of contents
    for index, line in enumerate(lines):
        label = annex_label(line.words) if index > first else None
        if label and (line.apart or _ended(lines, index)):
            found[index] = _Heading(line.words, (line.line,), annex=label)
    ends = {index + len(heading.lines) for index, heading in found.items()}
    starts = set(found)
    numbered = any(heading.number for heading in found.values())
    opening = len(lines) if numbered else _above_prose(lines, full)
    index = min([*found, opening])
    while index < len(lines):
        if index in found:
            index += len(found[index].lines)
            continue
        if index == opening or _is_subheading(lines, index, full, ends, starts):
            found[index] = _Heading(lines[index].words, (lines[index].line,))
            ends.add(index + 1)
        index += 1
    return found


def _numbered(lines: Sequence[_Line], full: int) -> dict[int, _Heading]:
    """Everything that has the form of a numbered heading, whatever its number."""
    found: dict[int, _Heading] = {}
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
            found[index] = _Heading(title, tuple(line.line for line in lines[index:end]), number)
    return found


def _chain(candidates: Mapping[int, _Heading]) -> dict[int, _Heading]:
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
    ones = [index for index, heading in candidates.items() if heading.number == (1,)]
    chain: dict[int, _Heading] = {}
    at = max(ones or [*candidates][:1], key=lambda first: (length[first], first), default=None)
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


def _is_subheading(lines: Sequence[_Line], index: int, full: int, ends: set[int], starts: set[int]) -> bool:
    if not _is_short_title(lines[index].words, full) or index + 1 == len(lines):
        return False
    if not (lines[index].apart or index in ends or _ended(lines, index)):
        return False
    following = lines[index + 1]
    return index + 1 in starts or following.apart or not following.words[0].islower()


def _is_short_title(words: str, full: int) -> bool:
    return is_title(words) and words[-1] not in "!?…-–" and len(words) <= _SHORT * full


def _above_prose(lines: Sequence[_Line], full: int) -> int:
    """Index of the first title right above prose: a line with a full stop, or two lines that go on."""
    for index in range(len(lines) - 1):
        one, *after = (line.words for line in lines[index + 1 : index + 3])
        goes_on = (
            after and len(one) > _SHORT * full and (after[0][0].islower() or len(after[0]) > _SHORT * full)
        )
        if one[0].isupper() and (one[-1] == "." or goes_on) and _is_short_title(lines[index].words, full):
            return index
    return len(lines)


def _ended(lines: Sequence[_Line], index: int) -> bool:
    """Whether the line before ended its paragraph."""
    return index == 0 or bool(_ENDS_PARAGRAPH.search(lines[index - 1].words))
