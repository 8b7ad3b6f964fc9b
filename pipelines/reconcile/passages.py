"""Running text with the place of every character: sections, footnotes, and the sentences in them.

The tables hold a section's text as one string; the document's lines hold the places. Here the two are laid
side by side, so that a figure read in prose can point at its line and characters.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import schemas
from pipelines.model import Document, Line
from pipelines.reconcile.text import phrase
from schemas.registry import Registry, comparable

Row = Mapping[str, Any]
Anchor = tuple[int, int, int, int]  # offset in the text, page, line as shown, offset in the line

_WORD = re.compile(r"\S+")
_STOP = re.compile(r"[.!?][’'”\")]*(?P<mark>\d{1,2})?(?=\s+[A-ZÀ-Ý‘'“(]|\s*$)")
_ABBREVIATION, _TARGET = phrase("abbreviation"), phrase("target_before")
_BRACKETS = re.compile(r"\s*\([^)]*\)")


@dataclass(frozen=True)
class Place:
    """Characters of a document, from a line to a line, as shown; `line_end` is the last, `char_end` in it."""

    page: int
    line: int
    char_start: int
    line_end: int
    char_end: int


@dataclass(frozen=True)
class Passage:
    """A section's or footnote's text; `anchors` say where each of its words begins, in order.

    `marked_by`: the only mission whose row of annex 2 marks the footnote, or holds the remark.
    """

    table_name: str
    row_key: str
    heading: str
    headings: tuple[str, ...]
    mission_ids: tuple[str, ...]
    text: str
    anchors: tuple[Anchor, ...]
    marked_by: str | None = None

    def place(self, start: int, end: int) -> Place:
        page, line, first = self._character(start)
        _, last_line, last = self._character(max(start, end - 1))
        return Place(page, line, first, last_line, last + 1)

    def _character(self, position: int) -> tuple[int, int, int]:
        anchor = self.anchors[max(0, bisect_right(self.anchors, position, key=lambda anchor: anchor[0]) - 1)]
        return anchor[1], anchor[2], anchor[3] + position - anchor[0]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a passage; `offset` is where its text begins in the passage."""

    passage: Passage
    offset: int
    text: str

    def place(self, start: int = 0, end: int | None = None) -> Place:
        stop = len(self.text) if end is None else end
        return self.passage.place(self.offset + start, self.offset + stop)


def read(
    sections: Sequence[Row], footnotes: Sequence[Row], personnel: Sequence[Row], document: Document
) -> tuple[Passage, ...]:
    """The passages with text, in the document's order; footnotes behind the sections."""
    words = [(line, line.text.split()) for line in document.lines]
    by_id = {str(row["section_id"]): row for row in sections}
    passages: list[Passage] = []
    cursor = 0
    for row in sections:
        text = str(row["text"] or "")
        if not text:
            continue
        anchors, cursor = _align(text, words, cursor, _number(row["source_line"]))
        key, heading, above = str(row["section_id"]), str(row["heading"]), tuple(_chain(row, by_id))
        missions = tuple(row["mission_ids"] or ())
        passages.append(Passage("sections", key, heading, above, missions, text, anchors))
    for row_key, row in zip(schemas.TABLES["footnotes"].row_keys(footnotes), footnotes, strict=True):
        text = str(row["text"] or "")
        if text:
            page = next((at for at, (line, _) in enumerate(words) if line.page == row["source_page"]), 0)
            anchors, _ = _align(text, words, page, _number(row["source_line"]))
            marked = [str(one["mission_id"]) for one in personnel if marks(one, row)]
            only = marked[0] if len(marked) == 1 else None
            passages.append(Passage("footnotes", row_key, "", (), (), text, anchors, only))
    return tuple(passages)


def marks(row: Row, footnote: Row) -> bool:
    """Whether a row of annex 2 marks a footnote of its edition; an annex may number its own."""
    return footnote["number"] in (row["footnotes"] or ()) and footnote["scope"] != "mandates"


def remarks(cells: Iterable[Row]) -> Iterator[Passage]:
    """What the rows of annex 2 remark on their missions."""
    for cell in cells:
        if cell["column_name"] == "remark" and cell["as_printed"]:
            key, text = str(cell["row_key"]), str(cell["as_printed"])
            anchor = (0, _number(cell["source_page"]), _number(cell["source_line"]), 0)
            yield Passage("personnel", key, "", (), (), text, (anchor,), key)


def sentences(passage: Passage) -> Iterator[Sentence]:
    """The passage cut at its full stops; abbreviations and numbers have none."""
    start = 0
    for stop in _STOP.finditer(passage.text):
        if _ABBREVIATION.search(passage.text[start : stop.start() + 1]):
            continue
        yield from _sentence(passage, start, stop.end())
        start = stop.end()
    yield from _sentence(passage, start, len(passage.text))


def _sentence(passage: Passage, start: int, end: int) -> Iterator[Sentence]:
    text = passage.text[start:end]
    body = text.strip()
    if body:
        yield Sentence(passage, start + text.index(body), body)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 1


def _chain(row: Row, by_id: Mapping[str, Row]) -> Iterator[str]:
    """The heading of a section and of those above it."""
    seen: set[str] = set()
    current: Row | None = row
    while current is not None and str(current["section_id"]) not in seen:
        seen.add(str(current["section_id"]))
        yield str(current["heading"])
        current = by_id.get(str(current["parent_id"]))


def _align(
    text: str, words: Sequence[tuple[Line, list[str]]], cursor: int, source_line: int
) -> tuple[tuple[Anchor, ...], int]:
    """Where the text's words begin, and the index behind its last line.

    Lines that are not part of it (footnotes, page numbers) are passed over. A text that no run of lines
    contains is placed as a whole on the first line it may have begun on.
    """
    wanted = text.split(" ")
    for begin in range(cursor, len(words)):
        line, printed = words[begin]
        if not printed or line.number < source_line or not _opens(printed, wanted):
            continue
        found = _consume(wanted, words, begin)
        if found is not None:
            return found
    fallback = next((line for line, _ in words[cursor:] if line.number >= source_line), words[-1][0])
    return ((0, fallback.page, fallback.shown, 0),), cursor


def _opens(printed: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a line begins the text; the number of a footnote may be before it."""
    skip = 1 if printed[0] != wanted[0] and printed[0].isdecimal() and len(printed) > 1 else 0
    return printed[skip] == wanted[0]


def _consume(
    wanted: Sequence[str], words: Sequence[tuple[Line, list[str]]], begin: int
) -> tuple[tuple[Anchor, ...], int] | None:
    anchors: list[Anchor] = []
    taken = offset = 0
    for index in range(begin, len(words)):
        line, printed = words[index]
        skip = 1 if index == begin and printed[0] != wanted[0] else 0
        printed = printed[skip:]
        if not printed or printed != list(wanted[taken : taken + len(printed)]):
            if index == begin:
                return None
            continue
        for word in list(_WORD.finditer(line.text))[skip:]:
            anchors.append((offset, line.page, line.shown, word.start()))
            offset += len(word[0]) + 1
        taken += len(printed)
        if taken == len(wanted):
            return tuple(anchors), index + 1
    return None


@dataclass(frozen=True)
class Name:
    """A mission named in a sentence, from `start` up to `end`."""

    mission_id: str
    start: int
    end: int


class Names:
    """The names of the registry as running text uses them.

    Besides the printed spellings: the full name, a spelling without its brackets, the part of a
    spelling behind `/`, and for "Operatie X" or "EUNAVFOR X" the X alone where no other mission has it.
    """

    def __init__(self, registry: Registry) -> None:
        owners: dict[str, set[str]] = {}
        for mission in registry.missions:
            spellings = [mission.name, *mission.spellings, *filter(None, [mission.full_name])]
            for spelling in spellings:
                for form in _forms(spelling):
                    owners.setdefault(form, set()).add(mission.id)
        self._owner = {form: next(iter(ids)) for form, ids in owners.items() if len(ids) == 1}
        ordered = sorted(self._owner, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, ordered))})(?:[’']s|s)?(?![^\W\d_])")

    def find(self, text: str) -> list[Name]:
        """The missions that a text names, in order; of two that overlap the longer counts."""
        plain = comparable(text)
        if len(plain) != len(text):  # places would not fit
            plain = text.casefold()
        bare = re.compile(r"(?:[’']s|s)$")
        return [
            Name(self._owner.get(match[0]) or self._owner[bare.sub("", match[0])], *match.span())
            for match in self._pattern.finditer(plain)
        ]

    def of(self, sentence: Sentence, position: int, span: tuple[int, int] | None = None) -> str | None:
        """The mission that something at `position` of a sentence is about, or None.

        One name in the sentence: that mission. Several: the only one within `span` that a preposition ties
        to what is at the position ("aan X"); without any, the section's, if it is one of them. No name:
        the section's only mission.
        """
        of_section = sentence.passage.mission_ids
        found = self.find(sentence.text)
        named = {name.mission_id for name in found}
        if len(named) == 1:
            return found[0].mission_id
        if not named:
            return of_section[0] if len(of_section) == 1 else None
        start, stop = span or (position, len(sentence.text))
        tied = {
            name.mission_id
            for name in found
            if start <= name.start < stop and _TARGET.search(sentence.text[start : name.start])
        }
        if span is None and tied:
            return next(name.mission_id for name in found if name.start >= position)
        if tied:
            return tied.pop() if len(tied) == 1 else None
        return of_section[0] if len(of_section) == 1 and of_section[0] in named else None


def _forms(spelling: str) -> set[str]:
    plain = comparable(spelling)
    bare = _BRACKETS.sub("", plain).strip()
    forms = {plain, bare}
    for prefix in ("operatie ", "eunavfor ", "eu naval force "):
        if bare.startswith(prefix):
            forms.add(bare.removeprefix(prefix))
    if "/" in bare:
        forms.update(part.strip() for part in bare.split("/"))
    inside, acronym = re.search(r"\((\w{3,})\)", plain), re.search(r"\(([A-Z]{3,})\)", spelling)
    if inside and inside[1].isascii() and bare and acronym:
        forms.add(acronym[1].casefold())
    return {form for form in forms if len(form) > 2}
