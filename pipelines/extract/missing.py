"""Why the annexes of a document are not found: what is there in their place, and what to do about it.

A header whose words are unknown does not belong here: `derived` asks for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pipelines.extract import answers, headings, kinds, refusals
from pipelines.extract.headings import Place
from pipelines.extract.pdf import PdfDocument
from pipelines.extract.pdf.model import plain_text, runs
from pipelines.extract.roles import RowNames
from pipelines.model import Line
from schemas.errors import JvomError, LayoutError, Problems
from schemas.proposals import Proposal
from schemas.registry import Layout, MandatesLayout, PersonnelLayout, Registry, comparable

if TYPE_CHECKING:
    from pipelines.extract.annexes import Looked, Search
    from pipelines.extract.derived import Derived

_HIDDEN = 50  # characters of a page that cannot be seen: more than a stamp
_NAME_WORDS, _REGION_WORDS = 8, 3
_MOST_LINES = 8  # of a header
_NOTE = re.compile(r"\d{1,2} +[^\W\d_]")  # a footnote that is above the header in a text
_NUMBERS = {1: ("1", "i", "a"), 2: ("2", "ii", "b")}  # of the annexes, as they are mostly counted
_WHOLE = "check that the file holds the whole report"
_LAYOUTS = "docs/how-to/add-an-edition.md says how a [[layout]] is described"
_BY_PLACES = "give the PDF, or its text as pdftotext -layout writes it, which are read by their columns"


def refusal(search: Search, looked: Sequence[tuple[Looked, Looked]], found: Derived) -> JvomError:
    """Why no layout has both annexes; `looked` are those of the layouts, `found` what known words head."""
    for both in looked:
        if often := [one for one in both if len(one.places) > headings.MOST]:
            return _too_often(search, often[0].places)
    again = [next((one for one in of_annex if one.again), None) for of_annex in zip(*looked, strict=True)]
    if any(again):
        return _twice(search, again)
    listed = lists_missions(search.lines, search.registry)
    causes = []
    tables = (found.mandates, found.personnel)
    for annex, table in enumerate(tables, 1):
        ways = [both[annex - 1] for both in looked]
        if not (listed and table) and not any(one.openings for one in ways):
            causes.append(_cause(search, annex, ways, [one.place for one in tables if one]))
    if len(causes) == 2 and not listed:
        return _other_kind(search, causes)
    if found.personnel and len(causes) == 1:
        question, note = "has the report no table of mandates", "only where the report has no such table"
        absent = answers.absent("mandates", search.document, question, note)
        causes[0].proposals = (*causes[0].proposals, absent)
    for annex, table in enumerate((found.mandates, found.personnel), 1) if not causes else ():
        if table and not any(both[annex - 1].openings for both in looked):
            message = f"no row of annex {annex} can be read below the header of its table"
            hint = "see whether its pages are all there, in order and level"
            return refusals.at(search.lines[table.place.start], message, hint)
    if not causes:  # each is found, by two layouts that do not go together
        return LayoutError("its annexes are found by different layouts", hint=_described(search))
    return causes[0] if len(causes) == 1 else Problems([*causes])


def _described(search: Search) -> str:
    """How a table is read whose header is not known: a PDF is read by its columns already."""
    return _LAYOUTS if isinstance(search.document, PdfDocument) else f"{_BY_PLACES}; {_LAYOUTS}"


def _cause(search: Search, annex: int, looked: Sequence[Looked], known: Sequence[Place]) -> LayoutError:
    """Why one annex is not there; `known` are headings of tables that are found."""
    layouts = search.registry.layouts
    places = next((one.places for one in looked[: len(layouts)] if one.places), ())
    if not places:
        others = [_part(layout, 3 - annex).heading for layout in layouts]
        by_headers = isinstance(search.document, PdfDocument)  # where an annex may have any number
        open_ones = [
            one
            for one in search.annexes
            if not any(heading.match(one.text) is not None for heading in others)
            and not any(one.same(place) for place in known)
            and not (by_headers and not any(_names_row(line, search.registry) for line in search.below(one)))
        ]
        numbered = [
            one for one in open_ones if comparable(one.label or "").rpartition(" ")[2] in _NUMBERS[annex]
        ]
        places = numbered or (open_ones if by_headers and annex == 2 else [])
    if not places:
        return _absent(search, annex)
    place = max(reversed(places), key=lambda place: len(search.below(place)))  # not in a table of contents
    return _no_table(search, annex, headings.whole(search.lines, place))


def _no_table(search: Search, annex: int, place: Place) -> LayoutError:
    """Nothing that is known as a header under a heading."""
    line = search.lines[place.start]
    filled = [one for one in search.below(place) if one.text.strip()]
    heading = refusals.shortened(place.text)
    opening = " / ".join(f"“{refusals.shortened(' '.join(one.text.split()), 100)}”" for one in filled[:2])
    row = next((at for at, one in enumerate(filled) if _names_row(one, search.registry)), None)
    if row is None:
        message = f"under “{heading}” no line looks like the header of a table"
        if instead := _instead(search, line, filled[-1].page if filled else line.page, message):
            return instead
        message += f"; it opens with {opening}" if filled else "; nothing is"
        if filled:
            return refusals.at(line, message, f"check that annex {annex} has its table")
        return refusals.at(line, message, _WHOLE)
    header = [one for one in filled[:row] if not _NOTE.match(one.text.strip())][-_MOST_LINES:]
    if not header:
        message = f"the table under “{heading}” has no header: it opens with {opening}"
        return refusals.at(filled[0], message, _WHOLE)
    printed = " / ".join(" ".join(one.text.split())[:200] for one in header)
    message = f"the header of annex {annex} fits no known layout: “{printed}”"
    asked = list(_what_heads_missions(search, header)) if isinstance(search.document, PdfDocument) else []
    hint = None if asked else _described(search)
    return refusals.at(header[0], message, hint, proposals=asked)


def _what_heads_missions(search: Search, header: Sequence[Line]) -> Iterator[Proposal]:
    """The entry that says which word heads the missions, if none is known to: a line's first unknown text."""
    assert isinstance(search.document, PdfDocument)
    drawn = {line.number: line for page in search.document.pages for line in page.lines}
    words = search.registry.words
    names, ways = RowNames(words.rows), []
    for line in sorted(header, key=lambda line: drawn[line.number].box.left):
        texts = [plain_text(run) for run in runs(drawn[line.number].words, 0.5)]
        if any("mission" in words.roles(text) for text in texts):
            return
        new = (
            one for one in texts if any(map(str.isalpha, one)) and not (words.said(one) or names.kind(one))
        )
        if any(map(str.isalpha, text := next(new, ""))) and len(text) < 60:
            ways.append({"printed": text, "role": "mission"})
    question = f"which word heads the missions on page {header[0].page}"
    made = [Proposal("word", values, question, "it is in the header") for values in ways]
    if made:
        yield Proposal("word", ways[0], question, made[0].note, tuple(made[1:]))


def _instead(search: Search, first: Line, last_page: int, message: str) -> LayoutError | None:
    """The error with what one of the pages holds in place of a table that can be read."""
    document = search.document
    for page in document.pages if isinstance(document, PdfDocument) else ():
        if not first.page <= page.number <= last_page:
            continue
        if page.images or page.ocr:
            what = f"page {page.number} holds a picture, and the table is not among its text"
            hint = (
                "ask for a file in which the table is text, or give the report's text; a page is read as a "
                "picture only where it holds nothing else (./setup scan)"
            )
        elif page.hidden > _HIDDEN:
            what = f"page {page.number} holds {page.hidden:,} characters that cannot be seen"
            hint = "open it in a viewer, and print what is seen there to a new PDF"
        else:
            continue
        return refusals.at(first, f"{message}: {what}", hint)
    return None


def _absent(search: Search, annex: int) -> LayoutError:
    layout = search.registry.layouts[0]
    wanted = _part(layout, annex).heading.printed
    number = headings.annex_label(wanted)
    others = dict.fromkeys(f"“{refusals.shortened(place.text, 80)}”" for place in search.annexes[:5])
    message = (
        f"there is no annex {annex}: no line is headed “{number}”, as in “{wanted}” of layout “{layout.id}”"
    )
    if others:
        message += f"; there is {', '.join(others)}"
    pages = search.document.pages if isinstance(search.document, PdfDocument) else ()
    drawn = [page.number for page in pages if page.ocr or page.images]
    hint = f"{_WHOLE}; page {drawn[0]} holds a picture: see whether the annex is in it" if drawn else _WHOLE
    return LayoutError(message, hint=hint)


def _other_kind(search: Search, causes: Sequence[LayoutError]) -> JvomError:
    """A document that is not a report, unless a heading of an annex is in it."""
    document = search.document
    if isinstance(document, PdfDocument) and (cover := kinds.cover(document.attachments)):
        return cover
    if any(one.line is not None for one in causes):  # under a heading that is known
        return causes[0] if len(causes) == 1 else Problems([*causes])
    first = next((line for line in search.lines if any(map(str.isalpha, line.text))), None)
    opening = f"; it opens with “{refusals.shortened(' '.join(first.text.split()), 100)}”" if first else ""
    header = search.registry.layouts[0].personnel.header
    message = f"this is not such a report: no page holds a table with “{header}” or one of mandates"
    hint = "check that this is the yearly report on missions, with its annexes"
    return refusals.at(first, message + opening, hint)


def _twice(search: Search, again: Sequence[Looked | None]) -> LayoutError:
    found = [
        (annex, one.openings[0][0], one.again) for annex, one in enumerate(again, 1) if one and one.again
    ]
    repeated = [(annex, search.lines[one.start], search.lines[other.start]) for annex, one, other in found]
    each = "; ".join(f"annex {annex} is here twice, {_on(*lines)}" for annex, *lines in repeated)
    whole = "the report is in this file twice: " if len(repeated) == len(again) else ""
    hint = "give a file that has each annex once: of a draft and a final one, the final"
    return refusals.at(repeated[0][2], whole + each, hint)


def _on(first: Line, again: Line) -> str:
    if first.page != again.page:
        return f"on pages {first.page} and {again.page}"
    return f"on lines {first.shown} and {again.shown}"


def _too_often(search: Search, places: Sequence[Place]) -> LayoutError:
    return refusals.at(
        search.lines[places[headings.MOST].start],
        f"“{places[0].text[:80]}” is printed more than {headings.MOST} times: no report has so many pages",
        "check that this is the text of the report",
    )


def _part(layout: Layout, annex: int) -> MandatesLayout | PersonnelLayout:
    return layout.mandates if annex == 1 else layout.personnel


def lists_missions(lines: Iterable[Line], registry: Registry) -> bool:
    """Whether there may be a row of a table of missions: a line that opens with a known name."""
    return any(_names_mission(line.text.split(), registry) for line in lines)


def _names_row(line: Line, registry: Registry) -> bool:
    """Whether a line opens with a mission's name, or is that of a region."""
    text = comparable(line.text)
    return _names_mission(line.text.split(), registry) or any(
        text == comparable(region) for region in registry.region_headings
    )


def _names_mission(texts: Sequence[str], registry: Registry) -> bool:
    """Whether a mission's known name is at the start of a line's words, a region's perhaps before it."""
    return any(
        registry.find(" ".join(texts[start:end]))
        for start in range(min(_REGION_WORDS, len(texts)))
        for end in range(start + 1, min(start + _NAME_WORDS, len(texts)) + 1)
    )
