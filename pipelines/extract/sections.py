"""Sections: the report's running text by heading, with the missions that each heading names.

A subheading belongs to the numbered section above it. But one that has no text of its own, and is not
followed by one that names a mission, heads a group (a region, say): it and the subheadings behind it
belong to the section that the next numbered one belongs to. How headings are told from text is said in
`headings`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipelines.extract import headings
from pipelines.extract.annexes import Annex, annex_label
from pipelines.extract.headings import Heading
from pipelines.extract.refusals import slug
from pipelines.model import Line
from schemas.registry import Registry, comparable

_SOFT_HYPHEN = "\u00ad"
FRONT = "front"  # section_id of what stands before the first heading


@dataclass
class _Section:
    """A heading, the text under it, and what follows from the other headings."""

    heading: str
    lines: list[Line]
    number: tuple[int, ...] = ()
    label: str | None = None  # section_id of what has no number and is no subheading
    text: list[str] = field(default_factory=list)
    id: str = ""
    parent: _Section | None = None
    named: tuple[str, ...] = ()
    missions: tuple[str, ...] = ()

    @property
    def is_subheading(self) -> bool:
        """Whether it stands within another section, with no number of its own."""
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
        section = _Section(annex.heading, list(annex.heading_lines), label=slug(label))
        for line in lines:
            if line.text.strip():
                section.add(line)
        sections.append(section)
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
        "text": _joined(section.text),
        "source_line": section.lines[0].number,
        "source_line_end": section.lines[-1].number,
    }


def _joined(texts: Sequence[str]) -> str:
    """Lines as one text; a line that ends in a soft hyphen goes on in the next."""
    return " ".join(texts).replace(f"{_SOFT_HYPHEN} ", "").removesuffix(_SOFT_HYPHEN)


def _sections(text: Sequence[Line]) -> Iterator[_Section]:
    """The text cut at its headings."""
    section: _Section | None = None
    for part in headings.split(text):
        if isinstance(part, Heading):
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
    owner: _Section | None = None  # the last section that is no subheading
    group: _Section | None = None  # where the subheadings of a group belong
    numbered: dict[tuple[int, ...], _Section] = {}
    for section, following, next_numbered in _with_next(sections):
        if not section.is_subheading:
            above = (section.number[:length] for length in range(len(section.number) - 1, 0, -1))
            section.parent = next((numbered[number] for number in above if number in numbered), None)
            if section.number:
                numbered.setdefault(section.number, section)
            owner, group = section, None
            continue
        if not section.text and following and not (following.is_subheading and following.named):
            group = _group(next_numbered, owner) or group
        section.parent = group or owner


def _with_next(
    sections: Sequence[_Section],
) -> Iterator[tuple[_Section, _Section | None, _Section | None]]:
    """Each section with the one behind it and the next numbered one."""
    following: _Section | None = None
    numbered: _Section | None = None
    found = []
    for section in reversed(sections):
        found.append((section, following, numbered))
        following, numbered = section, section if section.number else numbered
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
    counts: dict[str, int] = {}
    for section in sections:
        own = section.label or ".".join(map(str, section.number)) or slug(section.heading)
        wanted = f"{section.parent.id}/{own}" if section.is_subheading and section.parent else own
        section.id = wanted
        while section.id in taken:
            counts[wanted] = counts.get(wanted, 1) + 1
            section.id = f"{wanted}-{counts[wanted]}"
        taken.add(section.id)


def _missions(heading: str, spelt: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The missions whose spelling stands in the heading, in its order; `spelt` has the longest first."""
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
