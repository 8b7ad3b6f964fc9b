"""What to say where the annexes of a document fit no layout: what is there, what is nearest, what to add.

For each annex the layout that gets furthest is named: its heading found, the header below it found too. One
entry is offered for all that differs, and only where a layout so made has both annexes in this document:
pasting what is offered always leads on.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import indent
from typing import TYPE_CHECKING

from pipelines.extract import durations, entry, headings, kinds, numerals, refusals
from pipelines.extract.cells import words
from pipelines.extract.headings import Place
from pipelines.extract.pdf import PdfDocument
from pipelines.model import Line
from schemas.errors import JvomError, LayoutError, Problems
from schemas.proposals import Proposal
from schemas.registry import Heading, Layout, MandatesLayout, PersonnelLayout, Registry, comparable

if TYPE_CHECKING:
    from pipelines.extract.annexes import Looked, Search
    from pipelines.extract.derived import Derived

_MOST_LINES = 8  # of a header
_SHORT = 6  # words of a line of a header that no layout knows as a whole
_SEARCHED = 80  # filled lines under a heading
_TRIED = 20  # headings of annexes that could be the one that is missing
_ALIKE = 0.4  # share of words that a header has in common with a known one, at least
_ROWS = 3  # lines that open with a mission's name and end in a figure make a table of missions
_HIDDEN = 50  # characters of a page that cannot be seen: more than a stamp
_BROKEN = 0.1  # share of sums that an edition contradicts, at most
_NAME_WORDS, _REGION_WORDS = 8, 3
_MARK = re.compile(r"(?<=\D)\d{1,2}$")
_PASTE = "add this to schemas/layouts.toml, once its columns are compared with the document:\n"
_DESCRIBE = (
    "compare it with the document; docs/how-to/add-an-edition.md says how a layout is described (no entry is "
    "offered here, because none made of these words reads the table)"
)

_WHOLE = "check that the file holds the whole report"

Part = MandatesLayout | PersonnelLayout


@dataclass(frozen=True)
class _Header:
    """Lines that look like a header, and the layout whose header they are most like."""

    lines: tuple[Line, ...]
    layout: Layout
    alike: float

    @property
    def words(self) -> list[str]:
        """Its words without footnote marks; those that all break off at a line are put together."""
        found: list[str] = []
        broken: list[int] = []
        for line in self.lines:
            printed = [_MARK.sub("", word.text) for word in words([line])]
            if len(printed) == len(broken):
                for at, text in zip(broken, printed, strict=True):
                    found[at] += text
                printed = []
            broken = [at for at, text in enumerate(printed, len(found)) if text.endswith("/")]
            found += printed
        return found

    @property
    def printed(self) -> str:
        return " / ".join(" ".join(line.text.split())[:200] for line in self.lines)


@dataclass(frozen=True)
class _State:
    """One annex: the part of a layout that has it (None where none can be made), and what is wrong."""

    layout: Layout
    part: Part | None
    cause: LayoutError | None = None
    seen: bool = True


def refusal(search: Search, looked: Sequence[tuple[Looked, Looked]], found: Derived) -> JvomError:
    """Why no layout has both annexes; `looked` are those of the registry's layouts, in their order.

    `found` are the tables that known words head.
    """
    for both in looked:
        if often := [one for one in both if len(one.places) > headings.MOST]:
            return _too_often(search, often[0].places)
    again = [next((one for one in of_annex if one.again), None) for of_annex in zip(*looked, strict=True)]
    if any(again):
        return _twice(search, again)
    looked = looked[: len(search.registry.layouts)]
    states = [_state(search, annex, [both[annex - 1] for both in looked]) for annex in (1, 2)]
    if found.personnel and not found.mandates:
        return _without_mandates(search, states[0])
    if found.mandates and not found.personnel and states[1].cause:
        return states[1].cause
    if not any(state.seen for state in states) and not _lists_missions(search.lines, search.registry):
        return _other_kind(search)
    made = _made(search, states)
    causes = sorted((state.cause for state in states if state.cause), key=lambda one: one.line or 0)
    if made is None:
        return causes[0] if len(causes) == 1 else Problems([*causes])
    hint = _PASTE + indent(entry.toml(made, search.registry.layouts), "    ")
    first = causes[0]
    message = "; ".join(cause.message for cause in causes)
    return LayoutError(message, file=first.file, page=first.page, line=first.line, hint=hint)


def _made(search: Search, states: Sequence[_State]) -> Layout | None:
    """The layout that has both annexes of the document; None where there is none."""
    first, second = (state.part for state in states)
    if not (isinstance(first, MandatesLayout) and isinstance(second, PersonnelLayout)):
        return None
    name = f"{next(state.layout for state in states if state.cause).id}, changed"
    taken = {layout.id for layout in search.registry.layouts}
    name = next(one for one in (name, *(f"{name} {n}" for n in range(2, 1000))) if one not in taken)
    made = Layout(name, second, first)
    again = type(search)(search.document, replace(search.registry, layouts=(made,)))
    looked = again.look(made)
    return made if all(one.complete for one in looked) and _sums_hold(looked[1], second) else None


def _sums_hold(looked: Looked, layout: PersonnelLayout) -> bool:
    """Whether nearly all rows of a PDF's table keep the layout's sums; a text has no columns yet."""
    table, kept = looked.openings[0][1].table, []
    for row in table.grid.rows if table else ():
        values = [sum(numerals.addends(cell.text) or ()) if cell else 0 for cell in row.cells[1:]]
        by_column = dict(zip(layout.columns, values, strict=True))
        kept += [by_column[total] == sum(by_column[part] for part in parts) for total, parts in layout.sums]
    return kept.count(False) <= _BROKEN * len(kept)


def _state(search: Search, annex: int, looked: Sequence[Looked]) -> _State:
    layouts = search.registry.layouts
    at = max(range(len(looked)), key=lambda at: looked[at].furthest)
    layout, best = layouts[at], looked[at]
    if best.openings:
        return _State(layout, _part(layout, annex))
    if best.places:  # not that in a table of contents
        place = max(reversed(best.places), key=lambda place: len(search.below(place)))
        return replace(_with_header(search, annex, place, _part(layout, annex).heading), seen=True)
    others = [_part(layout, 3 - annex).heading for layout in layouts]
    free = [place for place in search.annexes if all(heading.match(place.text) is None for heading in others)]
    number = headings.annex_label(_part(layout, annex).heading.printed) or ""
    tried = [_renamed(search, annex, place) for place in free[:_TRIED]]
    same = [comparable(place.label or "") == comparable(number) for place in free]
    order = sorted(
        range(len(tried)), key=lambda at: (tried[at].part is not None, tried[at].seen, same[at], at)
    )
    if order and (tried[order[-1]].seen or same[order[-1]]):
        return tried[order[-1]]
    return _absent(search, annex, layout, number)


def _part(layout: Layout, annex: int) -> Part:
    return layout.mandates if annex == 1 else layout.personnel


def _renamed(search: Search, annex: int, place: Place) -> _State:
    """An annex under another heading than any layout has for it."""
    layouts = search.registry.layouts
    whole = headings.whole(search.lines, place)
    heading = Heading(durations.PERIOD.sub("<period>", re.sub(r"[<>]", "", whole.text), count=1))
    known = next((one for one in layouts if search.table_below(annex, one, whole)), None)
    under = None if known else _with_header(search, annex, whole, heading)
    layout = known or (under.layout if under else layouts[0])
    wanted = _part(layout, annex).heading.printed
    message = (
        f"annex {annex} is headed “{refusals.shortened(whole.text)}”, which no layout knows (layout "
        f"“{layout.id}” has “{wanted}”)"
    )
    hint = _DESCRIBE
    if under and under.cause:
        message, hint = f"{message}; {under.cause.message}", under.cause.hint or hint
    cause = _cause(search, search.lines[place.start], message, hint)
    part = replace(_part(known, annex), heading=heading) if known else under.part if under else None
    return _State(layout, part, cause, seen=under is None or under.seen)


def _with_header(search: Search, annex: int, place: Place, heading: Heading) -> _State:
    """An annex under whose heading no known header is found."""
    layouts = search.registry.layouts
    below = search.below(place)
    filled = [line for line in below if line.text.strip()][:_SEARCHED]
    found = _nearest(filled, layouts, annex)
    if found is None or found.alike < _ALIKE:
        return _State(layouts[0], None, _no_table(search, annex, place, filled, layouts[0]), seen=False)
    listed = any(_names_mission(line.text.split(), search.registry) for line in below)
    part: Part | None = None
    if listed and annex == 1:
        part = entry.mandates(found.words, found.layout.mandates, layouts)
    elif listed:
        part = entry.personnel(found.words, found.layout.personnel, layouts)
    first, last = found.lines[0], found.lines[-1]
    where = f"lines {first.shown} to {last.shown}" if last is not first else f"line {first.shown}"
    if filled[-1] is last:
        message = f"the header of annex {annex} is on page {last.page} ({where}), but no row is below it"
        return _State(
            found.layout,
            None,
            _instead(search, first, last.page, message) or _cause(search, first, message, _WHOLE),
        )
    known = set(_pieces(_header(annex, found.layout).split()))
    besides = [word for word in dict.fromkeys(found.words) if not known & set(_pieces([word]))]
    message = (
        f"the header of annex {annex} fits no known layout: “{found.printed}” ({where}); the nearest is "
        f"layout “{found.layout.id}”: “{_header(annex, found.layout)}”"
    )
    if besides:
        shown = ", ".join(f"“{refusals.shortened(word, 40)}”" for word in besides[:_MOST_LINES])
        message += f"; it does not have {shown}"
    cause = _cause(search, first, message, _DESCRIBE)
    return _State(found.layout, part and replace(part, heading=heading), cause, seen=listed)


def _no_table(
    search: Search, annex: int, place: Place, filled: Sequence[Line], layout: Layout
) -> LayoutError:
    """Nothing like a header under a heading."""
    line = search.lines[place.start]
    message = (
        f"under “{refusals.shortened(place.text)}” no line looks like the header of a table, such as "
        f"“{_header(annex, layout)}” of layout “{layout.id}”"
    )
    if instead := _instead(search, line, filled[-1].page if filled else line.page, message):
        return instead
    opening = " / ".join(f"“{refusals.shortened(' '.join(one.text.split()), 100)}”" for one in filled[:2])
    hint = f"compare the page with schemas/layouts.toml, and check that annex {annex} has its table"
    return _cause(search, line, message + (f"; it opens with {opening}" if filled else "; nothing is"), hint)


def _instead(search: Search, first: Line, last_page: int, message: str) -> LayoutError | None:
    """The error with what one of the pages holds in place of a table that can be read."""
    document = search.document
    for page in document.pages if isinstance(document, PdfDocument) else ():
        turned = sum(len(one.words) for one in page.lines if one.direction != "right")
        if not first.page <= page.number <= last_page:
            continue
        if 2 * turned > sum(len(one.words) for one in page.lines):
            what, hint = f"page {page.number} stands on its side", "turn it, and print it to a new PDF"
        elif page.images or page.ocr:
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
        return _cause(search, first, f"{message}: {what}", hint)
    return None


def _cause(search: Search, line: Line, message: str, hint: str) -> LayoutError:
    return refusals.at(search.document.path, line, message, hint)


def _absent(search: Search, annex: int, layout: Layout, number: str) -> _State:
    wanted = _part(layout, annex).heading.printed
    others = dict.fromkeys(f"“{refusals.shortened(place.text, 80)}”" for place in search.annexes[:5])
    message = (
        f"there is no annex {annex}: no line is headed “{number}”, as in “{wanted}” of layout “{layout.id}”"
    )
    if others:
        message += f"; there is {', '.join(others)}"
    pages = search.document.pages if isinstance(search.document, PdfDocument) else ()
    drawn = [page.number for page in pages if page.ocr or page.images]
    hint = f"{_WHOLE}; page {drawn[0]} holds a picture: see whether the annex is in it" if drawn else _WHOLE
    cause = LayoutError(message, file=search.document.path, hint=hint)
    return _State(layout, None, cause, seen=False)


def _without_mandates(search: Search, state: _State) -> JvomError:
    """The refusal of a report without a table of mandates, with the entry that says it has none."""
    cause = state.cause or _absent(search, 1, state.layout, "").cause
    assert cause is not None
    values = {"source_sha256": search.document.sha256, "annex": "mandates"}
    note = "only where the report has no such table"
    cause.proposals = (Proposal("absent", values, "has the report no table of mandates", note),)
    return cause


def _other_kind(search: Search) -> JvomError:
    """A document that is no report: neither an annex nor a table of missions is in it."""
    document = search.document
    if isinstance(document, PdfDocument) and (cover := kinds.cover(document.attachments)):
        cover.file = document.path
        return cover
    layout = search.registry.layouts[0]
    first = next((line for line in search.lines if any(map(str.isalpha, line.text))), None)
    opening = f"; it opens with “{refusals.shortened(' '.join(first.text.split()), 100)}”" if first else ""
    message = (
        f"this is not such a report: no page holds a table with “{_header(2, layout)}” or with "
        f"“{_header(1, layout)}”{opening}"
    )
    hint = "check that this is the yearly report on missions, with both its annexes"
    return refusals.at(document.path, first, message, hint)


def _twice(search: Search, again: Sequence[Looked | None]) -> LayoutError:
    found = [
        (annex, one.openings[0][0], one.again) for annex, one in enumerate(again, 1) if one and one.again
    ]
    repeated = [(annex, search.lines[one.start], search.lines[other.start]) for annex, one, other in found]
    told = "; ".join(f"annex {annex} stands here twice, {_on(*lines)}" for annex, *lines in repeated)
    whole = "the report is in this file twice: " if len(repeated) == len(again) else ""
    return _cause(
        search,
        repeated[0][2],
        whole + told,
        "give a file that has each annex once: of a draft and a final one, the final",
    )


def _on(first: Line, again: Line) -> str:
    if first.page != again.page:
        return f"on pages {first.page} and {again.page}"
    return f"on lines {first.shown} and {again.shown}"


def _too_often(search: Search, places: Sequence[Place]) -> LayoutError:
    return _cause(
        search,
        search.lines[places[headings.MOST].start],
        f"“{places[0].text[:80]}” is printed more than {headings.MOST} times: no report has so many pages",
        "check that this is the text of the report",
    )


def _lists_missions(lines: Iterable[Line], registry: Registry) -> bool:
    """Whether there are rows of a table of missions: a known name at the start, a figure at the end."""
    ended = (line.text.split() for line in lines if line.text.rstrip()[-1:].isdigit())
    return sum(_names_mission(texts, registry) for texts in ended) >= _ROWS


def _names_mission(texts: Sequence[str], registry: Registry) -> bool:
    """Whether a mission's known name is at the start of a line's words, a region's perhaps before it."""
    return any(
        registry.find(" ".join(texts[start:end]))
        for start in range(min(_REGION_WORDS, len(texts)))
        for end in range(start + 1, min(start + _NAME_WORDS, len(texts)) + 1)
    )


def _header(annex: int, layout: Layout) -> str:
    if annex == 2:
        return layout.personnel.header
    return " / ".join(column.printed for column in layout.mandates.columns)


def _nearest(lines: Sequence[Line], layouts: Iterable[Layout], annex: int) -> _Header | None:
    """The lines that have most words in common with a layout's header, as a share of both."""
    best: _Header | None = None
    texts = [Counter(_pieces(line.text.split())) for line in lines]
    for layout in layouts:
        wanted = Counter(_pieces(_header(annex, layout).split()))
        for start in range(len(lines)):
            found: Counter[str] = Counter()
            for end in range(start, min(start + _MOST_LINES, len(lines)) if wanted & texts[start] else start):
                found += texts[end]
                alike = 2 * (found & wanted).total() / (found.total() + wanted.total())
                if best is None or alike > best.alike:
                    best = _Header(tuple(lines[start : end + 1]), layout, alike)
    return best and _whole(best, lines, _header(annex, best.layout))


def _whole(found: _Header, lines: Sequence[Line], header: str) -> _Header:
    """With the short lines directly above and below that have a word of the header too."""
    known = set(_pieces(header.split()))

    def belongs(line: Line) -> bool:
        texts = line.text.split()
        beside = len(texts) <= _SHORT and not texts[-1].isdecimal() and line.text.rstrip()[-1] != "."
        return beside and bool(known & set(_pieces(texts)))

    start, end = lines.index(found.lines[0]), lines.index(found.lines[-1]) + 1
    while start and end - start < 2 * _MOST_LINES and belongs(lines[start - 1]):
        start -= 1
    while end < len(lines) and end - start < 2 * _MOST_LINES and belongs(lines[end]):
        end += 1
    return replace(found, lines=tuple(lines[start:end]))


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """The words between strokes, without marks: `Civiel/` and `Politie` may be on two lines."""
    plain = (comparable(_MARK.sub("", text)) for text in texts)
    return (piece for text in plain for piece in text.split("/") if piece)
