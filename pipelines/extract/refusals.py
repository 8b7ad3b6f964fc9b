"""What to say where a table cannot be read: what is there, what is known nearest, what to add."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipelines.extract import answers
from pipelines.extract.cells import Text
from pipelines.extract.pdf.faults import Fault
from pipelines.extract.pdf.rows import Span
from pipelines.extract.pdf.table import PdfTable
from pipelines.model import Document, Line
from schemas.errors import JvomError, LayoutError, Problems, UndecidedError
from schemas.proposals import Proposal
from schemas.registry import Registry, comparable

Figures = Mapping[str, int | None]
_BEHIND = "such names are read in the first column only: give the table without the column before them"
_SHARED = "the page does not say what each of them has: ask who made the report"
_ASIDE = "see in the official document which column it belongs to, if any"
_BROKEN = "see in the official document whether it is one figure, or several"
_WHOLE = "check that the text of the document is whole"
_ROW = "compare the row with the page"
_NO_CODE = "ask for another PDF, or give its text"
_FIGURE_LIKE = re.compile(r"[<>~±]?\d[\d.,+–-]*")
_GLUED_MARK = re.compile(r"(?P<name>.*[^\W\d_][)\]”’]?)(?P<mark>[0-9]{1,3}|(?<![a-z])[a-z])")
_FIGURES_BEHIND = re.compile(r"(?:\s+[\d.+]+)+\s*$")
_MISSPELT = 0.8  # how like a word of another letter or two is
LEADING_ZERO = re.compile(r"(?<!\S)0[0-9]+(?!\S)")
_REGION = re.compile(r"(?=.{3,40}$)[A-Z][^\W\d_]*(?:[ -][^\W\d_]+){0,4}")


def at(
    line: Line | None, message: str, hint: str | None = None, *, proposals: Sequence[Proposal] = ()
) -> LayoutError:
    """A LayoutError about a line of the document."""
    page, number = (line.page, line.number) if line else (None, None)
    return LayoutError(message, page=page, line=number, hint=hint, proposals=proposals)


def settle(error: JvomError, document: Document, edition_year: int) -> None:
    """Says in a refusal what is the same for all of a document: its file, its lines, whose its entries are.

    Where entries are proposed and nothing else is to be done, `jvom onboard` is the next step.
    """
    of = {"edition_year": edition_year, "source_sha256": document.sha256}
    texts = {line.number: line.text for line in document.lines}
    shown = {line.number: line.shown for line in document.lines} if document.format == "pdf" else None
    problems = [error, *(error.problems if isinstance(error, Problems) else ())]
    apart = answers.told_apart([one for problem in problems for one in problem.proposals])
    for problem in problems:
        problem.proposals = tuple(apart.get(one.question, one) for one in problem.proposals)
        problem.file = problem.file or document.path
        if "\ufffd" in texts.get(problem.line or 0, "") + problem.message and problem.proposals:
            problem.proposals = ()
            problem.hint = f"{_ROW}: letters of it have no code in the file; {_NO_CODE}"
        problem.line = problem.line if shown is None else shown.get(problem.line or 0)
        problem.proposals = tuple(proposal.of(of) for proposal in problem.proposals)
        if problem.proposals and not problem.hint:
            onboard = f"jvom onboard {document.path} --year {edition_year}"
            problem.hint = f"run {onboard}, which proposes the entries that answer this"


_OF_ROW: Mapping[str, tuple[str, str]] = {
    "too many figures": (
        "“{row}” has more figures than the {columns} columns of the table",
        "compare the line with the official document: a space too many splits a figure in two",
    ),
    "odd figure": (
        "“{word}” in “{row}” is not a whole number, so nothing says which column it is in",
        "compare the word with the official document, or give the PDF: where a word is says its column",
    ),
    "lost digit": (
        "“{word}” in “{row}” begins with a 0: a digit was lost, or is too many",
        "compare the word with the official document, or give the PDF: where a word is says its column",
    ),
    "unclear sum": (
        "“{row}” is not decided: {why}",
        f"{_ROW}, and its figures with those of the rows beside it",
    ),
    "strange": (
        "“{row}” cannot be relied on: {why}",
        "compare the line with the official document, and write it with letters and digits as they are there",
    ),
    "split figure": (
        "“{row}” is not decided: “{printed}” can be one figure, with a space too many",
        "compare the line with the official document, and take out the space that is not there",
    ),
    "stray figure": (
        "“{row}” is in the table of annex 2, but does not fit the row above it",
        f"{_ROW}: see whether the figure belongs there",
    ),
    "too large": (
        "“{row}” has the figure {figure}, which is too large for a number of persons",
        "compare it with the official document: two figures may have lost the space between them",
    ),
    "no header": (
        "the table of annex 2 has no header like that of layout “{layout}”: “{header}”",
        "compare the header with the document, and see whether it is among the footnotes",
    ),
    "no totals": (
        "the table of annex 2 has no totals row: no line opens with “{label}” and ends in figures; without "
        "it nothing says which columns the figures of {rows} rows are in",
        f"{_WHOLE}, or give the report as a PDF",
    ),
    "no rows": ("the table of annex 2 has no row of a mission", f"{_WHOLE} and in reading order"),
    "too many rows": (
        "annex 2 has {rows} rows: no report has so many",
        "check that this is the text of the report",
    ),
    "too many readings": (
        "{rows} rows of annex 2 can be read in more ways than can be compared: {names}",
        "declare some of these rows in schemas/readings.toml, as in the official document",
    ),
}


def of_row(lines: Sequence[Line], what: str, **said: object) -> LayoutError:
    """A row of annex 2, or the table that it opens, of which always the same is to be said."""
    message, hint = _OF_ROW[what]
    return at(next(iter(lines), None), message.format(row=_joined(lines), **said), hint)


def undecided(
    lines: Sequence[Line], mission_id: str, why: str, alternatives: Sequence[Figures], *, shared: bool
) -> UndecidedError:
    """A row whose figures cannot be given their columns, with the declaration that would settle it."""
    named = (
        ", ".join(f"{name} {value}" for name, value in figures.items() if value is not None)
        for figures in alternatives
    )
    readings = "\n".join(f"    {one or 'all cells empty'}" for one in named)
    if zero := LEADING_ZERO.search(_joined(lines)):
        why += f"; “{zero[0]}” begins with a 0: a digit was lost, or is too many, or marks a footnote"
    return UndecidedError(
        f"“{_joined(lines)}” ({mission_id}) is not decided: {why}; it can be read as\n{readings}",
        page=lines[0].page,
        line=lines[0].number,
        mission_id=mission_id,
        alternatives=alternatives,
        shared=shared,
        proposals=[answers.reading(mission_id, alternatives)],
    )


def unknown_mission(
    line: Line, name: str, region: str | None, registry: Registry, country: str = ""
) -> LayoutError:
    """A row whose name is not a known spelling, with the entries that would make it one."""
    name = shortened(name)
    near = dict(registry.nearest(name))
    shown = ", ".join(f"“{text}” ({mission})" for text, mission in near.items())
    message = f"no mission is known as “{name}”; the nearest known spellings are {shown}"
    regions = (*registry.words.rows.regions, *(r for one in registry.layouts for r in one.personnel.regions))
    hint = ""
    if comparable(name) in map(comparable, regions):
        message = f"“{name}” has the name of a region, but its figures are the sum of no rows below it"
    if any(sign == "\ufffd" or unicodedata.category(sign) in ("Cc", "Cn", "Co") for sign in name):
        hint = f"{_ROW}: letters of this name have no code in the file; {_NO_CODE}"
    elif odd := " ".join(word for word in name.split() if _FIGURE_LIKE.fullmatch(word)):
        hint = f"{_ROW}: “{odd}” is neither a name nor a whole number"
    elif (glued := _GLUED_MARK.fullmatch(name)) and (known := registry.find(glued["name"])):
        message = (
            f"“{name}” is the known name “{glued['name']}” ({known.id}) with “{glued['mark']}” at its end"
        )
        hint = f"{_ROW}: it may mark a footnote, but no footnote of this mark is read there"
    if hint:
        return at(line, message, hint)
    proposals = answers.mission(name, region, registry, line.page, country)
    words = map(comparable, registry.words.rows.totals)
    if like := difflib.get_close_matches(comparable(name), words, 1, _MISSPELT):
        note = f"it is nearly “{like[0]}”"
        entry = answers.row(name, "row total", note, proposals)
        return at(line, f"no mission is known as “{name}”, and {note}", proposals=[entry])
    if why := next((one.note for one in proposals if one.kind == "spelling"), ""):
        message += f"; {why}"
    return at(line, message, proposals=proposals)


def unnamed_sum(line: Line, name: str, role: str, registry: Registry) -> LayoutError:
    """A row whose name says nothing, and whose figures are those of the rows beside it together."""
    name = shortened(name)
    note = f"its figures are the sum of {'all other rows' if role == 'row total' else 'the rows above it'}"
    others = answers.mission(name, None, registry, line.page)
    entry = answers.row(name, role, note, others)
    return at(line, f"no mission is known as “{name}”, and {note}", proposals=[entry])


def unknown_total(line: Line, registry: Registry) -> LayoutError:
    """The only row with figures behind the missions of a table that has no known word for its totals."""
    name = shortened(_FIGURES_BEHIND.sub("", line.text).strip())
    message = f"“{_joined([line])}” follows the last mission, and “{name}” is not a known word for totals"
    others = answers.mission(name, None, registry, line.page)
    entry = answers.row(name, "row total", "it is the last row with figures", others)
    return at(line, message, proposals=[entry])


def leftover(
    lines: Sequence[Line], registry: Registry, *, among_rows: bool, sentence: bool = False
) -> LayoutError:
    """Lines in the table that are neither row nor heading; only among rows can they head a region.

    `sentence` says that nothing of them is in a column of figures, so that they may be a line of text.
    """
    text = _joined(lines)
    what = "is in the table of annex 2, but is not a row, a region heading or a footnote"
    message = f"“{shortened(text, 120)}” {what}"
    if registry.words.is_of_another_time(text):
        return at(lines[0], message, "see in the official document which rows are of this edition")
    aside = answers.row(text, "row text", "it is a line of text, neither a name nor a row with figures")
    if not (among_rows and _REGION.fullmatch(text)):
        if sentence and among_rows and len(text.split()) > 1:
            return at(lines[0], message, proposals=[aside])
        return at(lines[0], message, f"{_ROW}: a row opens with a name and has its figures at its end")
    name = answers.mission(text, None, registry, lines[0].page)[0]
    region = answers.region(text, registry, other=name)
    if sentence:
        region = replace(region, others=(*region.others, aside))
    return at(lines[0], message, proposals=[region])


def fault(found: Fault, table: PdfTable, name: str) -> LayoutError:
    """A cell of a PDF's table `name` that no one row and column has, with the entry that says whose it is."""
    place = found.cell.spans[0]
    if found.kind == "cut":
        return cut_off(place.page, place.line, found.cell.text)
    said = {
        "names": " and ".join(f"“{shortened(name, 60)}”" for name in found.rows),
        "paths": " and ".join(" / ".join(table.columns[column]) for column in found.columns),
        "text": f"“{shortened(found.cell.text)}”",
    }
    what, hint = _FAULTS[found.kind]
    columns = [table.heading.roles[at] for at in found.columns]
    entry = answers.fault(name, found.kind, found.rows, columns, found.cell.text, place.page)
    if columns == ["region"]:  # its other rows may be read as having none
        what, hint, entry = "{text} heads several rows, and is not in the first column", _BEHIND, None
    what = what.format(rows=len(found.rows), columns=len(found.columns), **said)
    proposals, advice = ([entry], None) if entry else ([], hint)
    return LayoutError(what, page=place.page, line=place.line, hint=advice, proposals=proposals)


_FAULTS = {
    "rows": ("one cell is printed for {rows} rows, {names}: {text} in column {paths}", _SHARED),
    "columns": ("one cell is printed over {columns} columns, {paths}: {text} of {names}", _SHARED),
    "between": ("{text} of {names} is in no column: it is between {paths}", _ASIDE),
    "beside": ("{text} of {names} is in no column: it is beside {paths}, the last one", _ASIDE),
    "broken": ("the figure is broken over lines: {text} in column {paths} of {names}", _BROKEN),
}


def cut_off(page: int, line: int, text: str) -> LayoutError:
    message = f"“{shortened(text, 120)}” is cut off by the edge of the page"
    hint = "print the document again so that all of it is on the page"
    return LayoutError(message, page=page, line=line, hint=hint)


def missing_rows(totals: Line, amounts: Mapping[str, int], entries: Sequence[Proposal]) -> LayoutError:
    """Totals that exceed the rows by what makes a row, with entries that say that they are printed so."""
    missing = ", ".join(f"{name} {amount}" for name, amount in amounts.items())
    return at(
        totals,
        f"rows of annex 2 are missing: its totals are larger than its rows by {missing}",
        None if entries else "compare the table with the official document: each of its rows must be there",
        proposals=entries,
    )


def uncertain(printed: str, doubt: str, place: Span, column: str) -> LayoutError:
    return LayoutError(
        f"{column}: “{shortened(printed)}” is uncertain: {doubt}; no sum confirms it",
        page=place.page,
        line=place.line,
        hint="compare it with the page; scan a picture at 300 dots an inch or more, or give its text",
    )


def blank_total(lines: Sequence[Line], row: str, column: str, printed: str) -> LayoutError:
    entry = answers.cell("personnel", row, column, printed, lines[0].page)
    message = f"“{_joined(lines)}” has figures, but no {column}: its cell there is blank"
    return at(lines[0], message, proposals=[entry])


def tight_sum(row: str, column: str, text: Text) -> LayoutError:
    """A cell such as `12+2`, which no sum says to be fourteen."""
    line, page = text.words[0].line, text.spans[0].page
    entry = answers.cell("personnel", row, column, text.printed, page)
    message = f"“{text.printed}” of “{shortened(row)}” may be one figure, or two that are not to be added up"
    return at(line, message, proposals=[entry])


def second_row(line: Line, mission_id: str, first: Line, entry: Proposal | None = None) -> LayoutError:
    """A mission that the table lists twice, with the entry that adds its rows up."""
    return at(
        line,
        f"“{_joined([line])}” is {mission_id}, which is on line {first.shown} already",
        None if entry else "check the spellings in schemas/missions.toml: each row is a mission of its own",
        proposals=[entry] if entry else [],
    )


def open_end(document: Document, last: Line) -> LayoutError:
    """A table without totals that ends where its page or the text does: rows may be missing."""
    question = f"does the table of annex 2 end in “{shortened(last.text)}”, without totals"
    note = "only where nothing goes on behind it in the official document"
    where = f"at the foot of page {last.page}" if document.format == "pdf" else "where the text ends"
    return at(
        last,
        f"the table of annex 2 has no totals row, and its last row is {where}: rows may be missing",
        f"{_WHOLE}, to its last page",
        proposals=[answers.absent("totals", document, question, note)],
    )


def late_row(document: Document, lines: Sequence[Line], annex: int = 2) -> LayoutError:
    """A row below the totals row, or words in columns below a table."""
    text = f"“{_joined(lines)}”"
    if document.format != "text":
        what = f"{text} is in columns below the table of annex {annex}, and is in no row of it"
        hint = "see whether these are more rows, or a second table: neither is read"
        return at(lines[0], what, hint)
    hint = "check how the document was turned into text: the totals row closes the table"
    return at(lines[0], f"{text} looks like a row, but is after the totals row", hint)


def shortened(text: str, most: int = 200) -> str:
    """A text that a document may make as long as it likes, so that an error stays a paragraph."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _joined(lines: Iterable[Line]) -> str:
    return shortened(" ".join(word for line in lines for word in line.text.split()), 400)
