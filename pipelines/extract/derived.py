"""The layout of a document by its own headers: the words above its columns, the headings above its tables.

Whether readers get a layout that schemas/layouts.toml declares or one from here makes no difference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.extract import durations, headings, numerals, refusals
from pipelines.extract.headings import Place
from pipelines.extract.pdf import PdfDocument, header
from pipelines.extract.pdf.header import FoundHeader, HeaderProblem, Kind
from schemas.errors import LayoutError
from schemas.header_words import FIGURE_ROLES, MANDATE_ROLES, HeaderWords, letters, tokens
from schemas.proposals import Proposal
from schemas.registry import Heading, Layout, MandatesLayout, PersonnelLayout, Registry, comparable
from schemas.registry_layouts import ASIDE, Group, PrintedColumn, filled
from schemas.registry_toml import OPEN

if TYPE_CHECKING:
    from pipelines.extract.annexes import Annex, Search
    from pipelines.model import Line

ID = "header"
"""Id of a layout that a document's own headers give."""
_ABOVE = 4  # lines above a header among which is its title
_SHOWN = 3  # known words that a message offers
_CAPTION = 12  # words of a line above a table that is not running text, at most
_NO_CAPTION = re.compile(r"[.,;]\s*$|^\s*(?:[*†‡]+|\(?\d{1,2}\)?) ")  # a sentence, or a note


@dataclass(frozen=True)
class Table:
    """A table's first header, and the heading that it is under; `start` is where it begins without one."""

    found: FoundHeader
    place: Place


@dataclass(frozen=True)
class Derived:
    """What the headers of a document give: two tables, either of which may be absent, and what is open.

    `parts` are the tables that annex 2 is printed in, where its columns are in several.
    """

    mandates: Table | None
    personnel: Table | None
    problems: tuple[LayoutError, ...] = ()
    parts: tuple[Table, ...] = ()


def read(search: Search) -> Derived:
    """The tables that the headers of a document head."""
    found = [one for of_page in search.headers().values() for one in of_page]
    first, second = _first(found, ("mandates", "combined")), _first(found, ("personnel", "combined"))
    tables = [Table(one, _title(search, one, found)) if one else None for one in (first, second)]
    seen = {id(one): one for one in (first, second) if one}
    problems = tuple(
        _refusal(search, one, problem)
        for one in seen.values()
        for problem in header.first_asked(one.problems)
    )
    parts: list[FoundHeader] = []
    whole = tables[1]
    try:
        for one in found:
            _require_alone(search, one)
        if second and second.kind == "personnel" and not problems:
            problems = tuple(_asked_of_parts(search, second, found))
            parts = [] if problems else _parts(search, second, found)
        if second and not parts:
            _require_one_way(search, second, found)
    except LayoutError as error:
        problems = (*problems, error)
    if whole and not problems:
        problems = tuple(_other_year(search, whole, parts))
    return Derived(tables[0], whole, problems, tuple(Table(one, whole.place) for one in parts if whole))


_IN_EACH = {None, "mission", "region", "ignore"}  # roles that every part may have
_WOMEN = {"deployed_women"}
_TEXTS = {"country", "remark"}  # and that several may have, if they say the same


def _parts(search: Search, main: FoundHeader, others: Sequence[FoundHeader]) -> list[FoundHeader]:
    """The headers of an annex whose columns are in several tables, one behind the other; none of one table.

    Its columns go on over the page, or a table of soldiers is parted from one of civil experts and police,
    once or by turns. Raises LayoutError for another table that has one of their columns again.
    """
    annex = _annex(search, main)
    headers = [
        one
        for of_page in search.headers(fewest=0).values()
        for one in of_page
        if one.kind == "personnel" and not one.problems and _annex(search, one) == annex
        if one in others or not any(one.lines & other.lines for other in others)
    ]
    found: list[FoundHeader] = []
    said: set[str | None] = set()
    for one in headers:
        own = _own(one)
        if own <= said and found and (own <= _TEXTS or own == _own(found[-1])):
            continue  # the same header again
        if not own & said - _TEXTS or (found and own in map(_own, found)):
            found.append(one)
            said |= own
        elif one in others:
            message = f"annex 2 has a second table with columns that the first has too: {_words(one)}"
            raise _at(search, one, message, "see which of them is this edition's: neither is read")
    sent = {role for role in said if role and role.startswith("deployed_")} - _WOMEN
    return [_without_some(one, sent) for one in found] if len(found) > 1 and main in found else []


def _own(one: FoundHeader) -> set[str | None]:
    """What no other part may say; of each its women may be counted."""
    own = {*one.roles} - _IN_EACH
    return own - _WOMEN or own


def _without_some(one: FoundHeader, sent: set[str]) -> FoundHeader:
    """A part's header, without the women of those whom it counts where others are in another part."""
    if not 0 < len(sent & {*one.roles}) < len(sent):
        return one
    columns = (replace(of, role="ignore") if of.role in _WOMEN else of for of in one.columns)
    return replace(one, columns=tuple(columns))


def _asked_of_parts(
    search: Search, main: FoundHeader, others: Sequence[FoundHeader]
) -> Iterator[LayoutError]:
    """What words of further tables of annex 2 are unknown, of those that have another header."""
    for one in others:
        unknown = [problem for problem in one.problems if problem.unknown]
        if unknown and one.kind == "personnel" and _annex(search, one) == _annex(search, main):
            yield from (_refusal(search, one, problem) for problem in unknown)


def _require_alone(search: Search, found: FoundHeader) -> None:
    """Raises LayoutError where another table has its header beside this one."""
    pages = search.document.pages if isinstance(search.document, PdfDocument) else ()
    named = [column.printed for column in found.columns if column.role == "mission"]
    names = {*map(letters, named or [found.columns[0].printed])}  # of two that are alike neither has a role
    for line in (line for page in pages for line in page.lines if line.number in found.lines):
        texts = [letters(run.text) for run in header.runs_of(line)]
        first, second = ([at for at, text in enumerate(texts) if text in names] + [0, 0])[:2]
        if second > first + 1 and texts[first:second] == texts[second : 2 * second - first]:
            message = f"two tables stand beside each other on page {line.page}: “{line.text}”"
            raise _at(search, found, message, "give a copy that has the tables below each other")


def _require_one_way(search: Search, main: FoundHeader, others: Sequence[FoundHeader]) -> None:
    """Raises LayoutError where the words of a header are those of another, which counts others."""
    for one in others:
        if (
            one.roles != main.roles
            and _words(one) == _words(main)
            and _annex(search, one) == _annex(search, main)
        ):
            message = "two tables have the same header, and lines above them that say of whom they are"
            raise _at(search, one, message, "see which rows are of which table: neither is read")


def _words(one: FoundHeader) -> str:
    return "; ".join(" / ".join(filter(None, (column.group, column.printed))) for column in one.columns)


def _at(
    search: Search, one: FoundHeader, message: str, hint: str | None = None, asked: Sequence[Proposal] = ()
) -> LayoutError:
    line = next(line for line in search.lines if line.number == min(one.lines))
    return refusals.at(line, message, hint, proposals=asked)


def _annex(search: Search, one: FoundHeader) -> str | None:
    """The label of the annex that a header is in."""
    above = [place for place in search.annexes if search.lines[place.start].number < min(one.lines)]
    return comparable(above[-1].label or "") if above else None


def _other_year(search: Search, table: Table, parts: Sequence[FoundHeader]) -> Iterator[LayoutError]:
    """A refusal where columns say years, and the annex is not surely of the last one of them.

    Columns are parted by years, or figures that are read are of another year than the heading's, or than
    others of them.
    """
    printed = durations.PERIOD.search(table.place.text)
    period = durations.find_period(printed.group()) if printed else None
    known = search.registry.words.is_known
    tables = parts or (table.found,)
    columns = [column for one in tables for column in one.columns]
    said = {
        column: f"{column.group} / {column.printed}" if column.group else column.printed for column in columns
    }
    dated = [
        column for column in columns if header.YEAR.fullmatch(column.date or "") and column.above is None
    ]
    own = [column for column in dated if column.role in FIGURE_ROLES and not known(said[column])]
    parted = {one.year for one in tables if one.year}
    last = max(parted or {column.date or "" for column in own}, default="")
    # What a frame allows of a year that follows does not concern the year before.
    older = [column for column in own if (column.date or "") < (str(period[0].year) if period else last)]
    if older or (parted and not (period and {str(day.year) for day in period} == parted)):
        what = (
            f"columns are parted by years up to {last}"
            if parted
            else f"“{said[older[0]]}” is of {older[0].date}"
        )
        message = f"{what}, and the heading “{table.place.text}” is "
        message += "of another period" if period else "of no period"
        asked = [
            Proposal(
                "word",
                {"printed": said[one], "role": OPEN},
                f"what does “{said[one]}” mean",
                assumed={"role": "ignore"},
            )
            for one in (older or [column for column in dated if column.role == "ignore"])
        ]
        hint = "see in the official document which columns are of this edition"
        yield _at(search, table.found, message, None if asked else hint, asked)


def require_one_year(annex: Annex, words: HeaderWords) -> None:
    """Raises LayoutError for a table of annex 2 under a line of another time than the annex's heading.

    That names years before those of the heading, or says so in words. Where the heading names no year, its
    tables are of the same years.
    """
    said = [(line, headings.years(line.text)) for one in annex.each for line in _captions(one)]
    own = headings.years(annex.heading) or {max((max(of) for _, of in said if of), default=0)}
    for line, years in said:
        before = years and max(years) < max(own) and min(years) < min(own)
        if before or words.is_of_another_time(line.text):
            message = (
                f"“{line.text.strip()}” above a table of annex 2 is of another year than “{annex.heading}”"
            )
            hint = "see in the official document which tables are of this edition"
            raise refusals.at(line, message, hint)


def _captions(part: Annex) -> Iterator[Line]:
    """The lines directly above a table's header that are not running text."""
    above = [line for line in part.lines if line.number < part.header.first and line.text.strip()]
    for line in above[: -_ABOVE - 1 : -1]:
        if len(line.text.split()) > _CAPTION or _NO_CAPTION.search(line.text):
            return
        yield line


def _first(found: Sequence[FoundHeader], kinds: Sequence[Kind]) -> FoundHeader | None:
    """The first header of a kind without problems, else that of which most is known."""
    of_kind = [one for one in found if one.kind in kinds]
    return next((one for one in of_kind if not one.problems), max(of_kind, key=header.rank, default=None))


def _title(search: Search, found: FoundHeader, others: Sequence[FoundHeader]) -> Place:
    """The heading of an annex above a table, else the title directly above it, else none."""
    first = min(found.lines)
    start = next(at for at, line in enumerate(search.lines) if line.number == first)
    before = max(
        (max(one.lines) for one in others if max(one.lines) < first and one.kind != found.kind), default=0
    )
    above = [place for place in search.annexes if place.start < start]
    if above and search.lines[above[-1].start].number > before:
        return headings.whole(search.lines[:start], above[-1])
    taken = 0
    for at in range(start - 1, -1, -1):
        line = search.lines[at]
        if line.page != found.page or line.number <= before or taken == _ABOVE:
            break
        if not line.text.strip():
            continue
        taken += 1
        if _is_title(line.text, search.registry.words):
            return Place(at, at + 1, " ".join(line.text.split()), {})
    return Place(start, start, "", {})


def _is_title(text: str, words: HeaderWords) -> bool:
    """Whether a line above a table names it: by what it counts, or by a period."""
    text = " ".join(text.split())
    region = any(comparable(text) == comparable(one) for one in words.rows.regions)
    return headings.is_title(text) and not region and bool(words.said(text) or durations.PERIOD.search(text))


def _refusal(search: Search, found: FoundHeader, problem: HeaderProblem) -> LayoutError:
    """The header's column that has no role: what is printed, and what is near to it."""
    words = search.registry.words
    where = f"the header “{problem.text}” of column {problem.column} on page {found.page}"
    wanted = problem.unknown or (problem.text,)
    guess, ways = "ignore", problem.ways
    if problem.ways and not problem.unknown:
        message = f"{where} may be {' or '.join(problem.ways)}"
        guess = problem.ways[0]
    elif problem.unknown:
        near = words.nearest(wanted[0], _SHOWN)
        shown = ", ".join(f"“{text}” ({meaning})" for text, meaning in near)
        message = f"{where} has no known role; the nearest known words are {shown}"
        if header.no_figures(_below(search, found, problem)):
            ways = ("ignore", "remark", "country", "region")
        known = " ".join(one for one in tokens(problem.text) if one not in " ".join(wanted).split())
        if words.roles(known):  # as in `Plafond (ceiling)`: the other words say enough
            guess, ways = "nothing", ("nothing",)
    elif problem.like:
        message = f"{where} says what column {problem.like} says"
    else:
        message = f"{where} does not say what it counts, or of whom"
    # Where soldiers alone are counted, or others alone, a column that does not say so is one of these too.
    of_whom = {role.partition("_")[2] for role in found.roles if role in FIGURE_ROLES}
    alike = [way for way in ways if of_whom == {way.partition("_")[2]} - {"total"}]
    if {*ways} == {"deployed_total", "frame_total"}:  # a frame has mostly none
        alike = ["deployed_total"]
    role = alike[0] if len(alike) == 1 and not problem.unknown else OPEN
    note = f"page {found.page}; a side of it, such as frame, deployed or military; a whole role; or ignore"
    proposals = []
    for printed in (_as_printed(one, problem.text) for one in wanted):
        question = f"what does the header “{printed}” mean"
        others = tuple(Proposal("word", {"printed": printed, "role": way}, question) for way in ways)
        values = {"printed": printed, "role": role}
        proposals.append(Proposal("word", values, question, note, others, {"role": guess}))
    return _at(search, found, message, asked=proposals)


def _below(search: Search, found: FoundHeader, problem: HeaderProblem) -> list[str]:
    pages = search.document.pages if isinstance(search.document, PdfDocument) else ()
    box = found.columns[problem.column - 1].box
    return [text for page in pages if page.number == found.page for text in header.texts_below(page, box)]


def _as_printed(word: str, text: str) -> str:
    """Unknown words, which are known by their letters, as the header prints them."""
    letters = r"[\W\d_]*".join(re.escape(letter) for letter in word.replace(" ", ""))
    # “Niet-Defensie” is one word, and “niet” says nothing without the next.
    after = r"(?:[-‑]\w+)*" + (r"(?:[-‑ ]+\w+)?" if word.rsplit(maxsplit=1)[-1] in ("niet", "geen") else "")
    found = re.search(rf"(?:\w+[-‑])*(?<![^\W\d_]){letters}{after}", text, re.IGNORECASE)
    return found.group() if found else text.replace(" / ", " ")


def layout(derived: Derived, registry: Registry) -> Layout:
    """The layout of a document by its tables; one that is absent has no columns."""
    words = registry.words
    regions = {comparable(one): one for one in (*words.rows.regions, *registry.region_headings)}
    personnel, mandates = derived.personnel, derived.mandates
    own = tuple(regions.values())
    whole = _personnel(personnel, own)
    if derived.parts:
        each = tuple(_personnel(part, own) for part in derived.parts)
        kinds = {part.columns: part for part in reversed(each)}  # by turns some come again
        first = [part for part in each if part is kinds[part.columns]]
        roles = [role for part in first for role in part.columns]
        whole = replace(
            whole,
            groups=tuple(group for part in first for group in part.groups),
            sums=tuple(_sums(roles)),
            merged=tuple(_merged(roles)),
            strength_date=next((part.strength_date for part in each if part.strength_date), None),
            parts=each,
        )
    return filled(Layout(ID, whole, _mandates(mandates, own)), words)


def heading(place: Place) -> Heading:
    """A heading of this document, with a period in it left open."""
    return Heading(durations.PERIOD.sub("<period>", re.sub(r"[<>]", "", place.text), count=1))


def _personnel(table: Table | None, regions: tuple[str, ...]) -> PersonnelLayout:
    columns = table.found.columns if table else ()
    others = [column for column in columns if column.role != "mission"]
    groups: list[Group] = []
    for column in others:
        printed = PrintedColumn(column.printed, column.role or "ignore", column.above)
        if column.group is not None and groups and groups[-1].printed == column.group:
            groups[-1] = replace(groups[-1], columns=(*groups[-1].columns, printed))
        else:
            groups.append(Group(column.group, (printed,)))
    at, mission = next(
        ((at, column) for at, column in enumerate(columns) if column.role == "mission"), (0, None)
    )
    roles = [column.role for column in columns if column.role in FIGURE_ROLES and column.role not in ASIDE]
    return PersonnelLayout(
        heading=heading(table.place) if table else Heading(""),
        mission=mission.printed if mission else "",
        groups=tuple(groups),
        sums=tuple(_sums([role for role in roles if role])),
        merged=tuple(_merged([role for role in roles if role])),
        regions=regions,
        mission_at=at,
        strength_date=next(
            (column.date for column in columns if (column.role or "").startswith("strength_")), None
        ),
    )


_TOGETHER = [(f"{side}_civil_police", (f"{side}_civil", f"{side}_police")) for side in ("frame", "deployed")]
"""A figure of civil experts and police together, and those of each."""


def _sums(roles: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The sums of a row: figures of civil experts and police together, and the total of all persons."""
    within = {part for whole, parts in _TOGETHER if whole in roles for part in parts}
    yield from (one for one in _TOGETHER if {one[0], *one[1]} <= {*roles})
    parts = [
        role for role in roles if role.startswith("deployed_") and role not in {*within, "deployed_total"}
    ]
    # Of soldiers alone the total may count others too.
    if "deployed_total" in roles and len(parts) > 1:
        yield "deployed_total", tuple(parts)


def _merged(roles: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for whole, parts in _TOGETHER:
        given = tuple(role for role in roles if role in parts)
        if given and whole not in roles:
            yield whole, given


def _mandates(table: Table | None, regions: tuple[str, ...]) -> MandatesLayout:
    columns = tuple(
        PrintedColumn(column.printed, _aside(column.role), column.group)
        for column in (table.found.columns if table else ())
    )
    return MandatesLayout(heading(table.place) if table else Heading(""), columns=columns, regions=regions)


def _aside(role: str | None) -> str:
    """The role of a column in annex 1: figures are annex 2's."""
    return role if role in {"mission", "region", "country", "remark", *MANDATE_ROLES} else "ignore"


def kept_sums(annex: Annex, layout: PersonnelLayout) -> list[bool]:
    """Whether rows make their sums by the roles of their columns, of each sum of several parts."""
    kept: list[bool] = []
    rows: dict[str | int, dict[str, int]] = {}
    for part, of in zip(annex.each, layout.parts or (layout,), strict=True):
        for at, row in enumerate(part.table.view().grid.rows if part.table else ()):
            values = [sum(numerals.addends(cell.text) or ()) if cell else 0 for cell in row.cells[1:]]
            name = row.cells[0].text if layout.parts and row.cells[0] else at
            rows.setdefault(name, dict.fromkeys(layout.columns, 0)).update(
                zip(of.columns, values, strict=True)
            )
    for by_role in rows.values():
        for total, parts in layout.sums:
            if sum(by_role[part] > 0 for part in parts) > 1:
                kept.append(by_role[total] == sum(by_role[part] for part in parts))
    return kept


def require_sums(annex: Annex, layout: PersonnelLayout) -> None:
    """Raises LayoutError where by the roles of its columns most rows of a table do not make their sums.

    Reports contradict themselves here and there; where they do nearly everywhere, a heading is not over its
    own column.
    """
    kept = kept_sums(annex, layout)
    if kept.count(False) > len(kept) / 2:
        sums = "; ".join(f"{total} = {' + '.join(parts)}" for total, parts in layout.sums)
        message = (
            f"by its header the table of annex 2 does not add up: in {kept.count(False)} of {len(kept)} rows "
            f"with several parts they do not make {sums}"
        )
        hint = "compare the header with the figures below it: a heading may stand over another's column"
        raise refusals.at(annex.header.words[0].line, message, hint)
