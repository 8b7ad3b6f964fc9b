"""Lines of a document → the tables of `schemas.TABLES`, each row and cell with its place.

`annexes` finds the annexes, `footnotes` takes their lines out, then `mandates` and `personnel` read a
table each and `sections` the running text. Nothing is checked here that a contract can check; what
cannot be read is an error, and all errors of a document are raised together.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any, TypeVar

import pyarrow as pa

import schemas
from pipelines.extract import (
    declared,
    durations,
    footnotes,
    headings,
    mandates,
    personnel,
    positions,
    refusals,
    roles,
    sections,
)
from pipelines.extract.annexes import Annex, AnnexInput, ReportParts, find_annexes
from pipelines.extract.cells import rows as cell_rows
from pipelines.extract.declared import Declared
from pipelines.extract.footnotes import Note
from pipelines.extract.mandates import Mandates
from pipelines.extract.pdf import PdfDocument, PdfPage, unread
from pipelines.extract.pdf.faults import is_cut
from pipelines.extract.pdf.lines import is_close
from pipelines.extract.pdf.model import plain_text, runs
from pipelines.model import Document, Edition, Line, SourceFile
from schemas.errors import JvomError, LayoutError, Problems
from schemas.registry import Layout, PersonnelLayout, Registry, comparable

_MOST_LINES = 1_500  # of an annex, and of what may follow it; in 2024 they have 190 and 95
_LINES_ALIKE = 5  # of two pages that are one
_PAGES_APART = 2.0  # font sizes of white space between two pages on one sheet
_UNCODED = re.compile(r"(?=.*\ufffd)(?=.*\d|..)[\d.+\ufffd]*")
_ERRATUM = re.compile(r"\s*(?:erratum|errata|corrigend(?:um|a)|rectificatie)\b.{0,60}", re.IGNORECASE)
_CORRECTS = re.compile(
    r"(?=.*\b(?:bijlage|annex)\b).*\b(?:in plaats van|moet|dient|lees|komt te luiden|should|instead of)\b",
    re.IGNORECASE,
)
_SHEET = 20  # lines of a sheet that corrects a report
_MOST_PROBLEMS = 500  # more than any report has lines in its tables; noise has no end

T = TypeVar("T")
Period = tuple[datetime.date | None, datetime.date | None]


def read(document: Document, source: SourceFile, edition: Edition, registry: Registry) -> dict[str, pa.Table]:
    """Every table of `schemas.TABLES`, in its contract's columns but for the lake's stamps.

    Raises LayoutError (RegistryError for a declaration that does not fit), or Problems with all of
    them.
    """
    try:
        given = positions.placed(document) if document.format == "text" else None
        return _read(given or document, source, edition, registry)
    except JvomError as refusal:
        error = next(filter(None, (why(document, refusal) for why in _CAUSES)), refusal)
        refusals.settle(error, document, edition.edition_year)
        positions.advise(error, document)
        raise error from None


def _repeated(document: Document, refusal: JvomError) -> LayoutError | None:
    """Why a table is not understood of which one page stands in the file twice; None if that is elsewhere."""
    first: dict[tuple[str, ...], int] = {}
    again: list[tuple[int, int]] = []
    for page in _pages(document):
        texts = tuple(line.text for line in page.lines)
        if len(texts) >= _LINES_ALIKE and first.setdefault(texts, page.number) != page.number:
            again.append((first[texts], page.number))
    if len(again) != 1 or not {*again[0]} & _pages_of(refusal):
        return None
    before, page_number = again[0]
    return LayoutError(
        f"page {page_number} says what page {before} says, word for word",
        page=page_number,
        hint="give a file in which each page stands once",
    )


def _uncoded(document: Document, refusal: JvomError) -> LayoutError | None:
    """Why a table is not understood that has figures with digits of which the file does not say the code."""
    pages = _pages_of(refusal)
    for line in document.lines if document.format == "pdf" else ():
        word = next((word for word in line.text.split() if _UNCODED.fullmatch(word)), None)
        if word and line.page in pages:
            why = f"digits of “{word}” are shapes without codes: they can be seen, but not read"
            return refusals.at(line, why, "ask for the file as it was written, or give the report's text")
    return None


def _side_by_side(document: Document, refusal: JvomError) -> LayoutError | None:
    """Why a table is not understood of a sheet on which two pages are printed, each with an annex."""
    known = _pages_of(refusal)
    for page in (one for one in _pages(document) if one.number in known):
        texts = [(run, line) for line in page.lines for run in runs(line.words, _PAGES_APART)]
        heads = [(run, line) for run, line in texts if headings.annex_label(plain_text(run))]
        for (one, line), (other, _) in combinations(heads, 2):
            if one[-1].box.right < other[0].box.left or other[-1].box.right < one[0].box.left:
                message = "two pages are printed beside each other here: two annexes begin side by side"
                hint = "print the document again with one page on each sheet"
                return LayoutError(message, page=line.page, line=line.number, hint=hint)
    return None


_CAUSES = (_repeated, _uncoded, _side_by_side)


def _pages(document: Document) -> tuple[PdfPage, ...]:
    return document.pages if isinstance(document, PdfDocument) else ()


def _pages_of(refusal: JvomError) -> set[int | None]:
    return {one.page for one in (refusal.problems if isinstance(refusal, Problems) else [refusal])}


def _read(
    document: Document, source: SourceFile, edition: Edition, registry: Registry
) -> dict[str, pa.Table]:
    document = _with_regions(document, registry)
    try:
        parts = find_annexes(document, registry)
    except JvomError as error:
        raise _unseen(document, error) or error from None
    _require_short(parts)
    _require_uncorrected(document)
    parts, declarations = _declared(parts, document, edition, registry)
    notes = footnotes.find(parts, document)
    year = edition.edition_year

    def given(scope: footnotes.Scope, annex: Annex, layout: Layout = parts.layout) -> AnnexInput:
        of_parts = [replace(layout, personnel=one) for one in layout.personnel.parts]
        return AnnexInput(
            footnotes.without(annex.lines, notes),
            [note.number for note in notes if note.scope == scope],
            document,
            year,
            layout,
            registry,
            annex.table,
            [word.line for word in annex.header.words] if annex.table else [],
            annex.header.markers if annex.table else (),
            declarations[scope],
            tuple(given(scope, one, of) for one, of in zip(annex.parts, of_parts, strict=False)),
        )

    _require_seen(document, parts)
    problems: list[JvomError] = []
    first = parts.mandates
    annex_1 = (
        _try(lambda: mandates.read(given("mandates", first)), problems) if first else Mandates([], [], [])
    )
    annex_2 = _try(lambda: personnel.read(given("personnel", parts.personnel), registry.readings), problems)
    period = _try(lambda: _period(parts, edition), problems)
    if not problems:
        problems += [unfit for of_annex in declarations.values() for unfit in of_annex.unused()]
    if problems or annex_1 is None or annex_2 is None or period is None:
        problems.sort(key=lambda problem: problem.line or 0)
        if rest := len(problems[_MOST_PROBLEMS:]):
            problems[_MOST_PROBLEMS:] = [LayoutError(f"{rest} more problems", hint="mend these first")]
        raise problems[0] if len(problems) == 1 else Problems(problems)
    cells = [*annex_2.cells, *annex_1.cells, *footnotes.cells(notes, year)]
    marked = {"mandates": annex_1.markers, "personnel": annex_2.markers}
    taken = max((span.line for cell in annex_2.cells for span in cell.spans), default=0)
    below = 0 if parts.personnel.table else taken  # a PDF tells the table from the text around it
    around = [line for line in footnotes.without(parts.personnel.lines, notes) if line.number > below]
    rows: dict[str, list[dict[str, object]]] = {
        "editions": [_edition(source, edition, parts, period)],
        "personnel": annex_2.rows,
        "personnel_totals": annex_2.totals,
        "mandates": annex_1.rows,
        "footnotes": footnotes.rows(notes, marked, year),
        "sections": sections.read(
            footnotes.without(parts.text, notes),
            [*([(first, _text_of(first, notes))] if first else []), (parts.personnel, around)],
            registry=registry,
            edition_year=year,
        ),
        "cells": cell_rows(cells, document, year),
    }
    if document.format == "pdf":
        shown = {line.number: line.shown for line in document.lines}
        for row in (row for table in rows.values() for row in table):
            _show(row, shown)
    return {name: contract.as_read().table(rows[name]) for name, contract in schemas.TABLES.items()}


def _with_regions(document: Document, registry: Registry) -> Document:
    """The document in which a region that heads the rows of several pages is in the table.

    It is taken for a running head where lines are made, and there no name of a region is known.
    """
    if not isinstance(document, PdfDocument):
        return document
    layouts = [part for layout in registry.layouts for part in (layout.mandates, layout.personnel)]
    regions = {*registry.words.rows.regions, *registry.region_headings}
    names = {comparable(name) for name in regions.union(*(part.regions for part in layouts))}
    found: dict[int, str] = {}
    for page in document.pages:
        near = (line for pair in pairwise(page.lines) if is_close(*pair) for line in pair)
        returning = (line for line in near if line.number in page.furniture)
        found |= {line.number: line.text for line in returning if comparable(line.text) in names}
    pages = tuple(replace(page, furniture=page.furniture - found.keys()) for page in document.pages)
    lines = tuple(replace(line, text=found.get(line.number, line.text)) for line in document.lines)
    return replace(document, pages=pages, lines=lines)


def _show(row: dict[str, Any], shown: Mapping[int, int]) -> None:
    """Gives a row the line numbers that are shown."""
    for name in ("source_line", "source_line_end"):
        if name in row:
            row[name] = shown[row[name]]
    if "marker_lines" in row:
        row["marker_lines"] = [shown[line] for line in row["marker_lines"]]
    for span in row.get("spans", ()):
        span["line"] = shown[span["line"]]


def _unseen(document: Document, error: JvomError) -> LayoutError | None:
    """Why a heading is unknown where a word of its page is not all on the page, or something hides it."""
    for page in (one for one in _pages(document) if one.number == error.page):
        if cut := next((line for line in page.lines if is_cut(line.words, page)), None):
            return refusals.cut_off(cut.page, cut.number, cut.text)
    return unread.spoilt(document, error) if isinstance(document, PdfDocument) else None


def _require_short(parts: ReportParts) -> None:
    """Raises LayoutError for an annex that is longer than any: reading it could take for ever."""
    for annex in filter(None, (parts.mandates, parts.personnel)):
        heading = annex.first
        if len(annex.lines) > _MOST_LINES:
            raise refusals.at(
                heading,
                f"{len(annex.lines):,} lines follow this heading; an annex has at most {_MOST_LINES:,}",
                "check that this is the text of the report",
            )


def _require_uncorrected(document: Document) -> None:
    """Raises LayoutError for a report with a sheet that corrects its annexes: its tables do not hold."""
    lines = document.lines
    for at, line in enumerate(lines):
        below = " ".join(one.text for one in lines[at : at + _SHEET])
        if _ERRATUM.fullmatch(line.text) and _CORRECTS.match(below):
            said = refusals.shortened(" ".join(line.text.split()), 80)
            hint = "ask for the report in which this is corrected"
            raise refusals.at(line, f"“{said}”: what follows corrects an annex of this report", hint)


def _declared(
    parts: ReportParts, document: Document, edition: Edition, registry: Registry
) -> tuple[ReportParts, dict[str, Declared]]:
    """The report with the declared cells in their places, and the declarations of each annex."""
    year = edition.edition_year
    known = {name: Declared(registry, name, year, document) for name in ("mandates", "personnel")}
    for name, declarations in known.items():
        annex: Annex | None = getattr(parts, name)
        if annex and annex.table:
            row_names = roles.OF_TABLE[name](parts.layout, registry).row_names
            placed = [
                replace(one, table=one.table and declared.place(one.table, declarations, row_names))
                for one in annex.each
            ]
            annex = replace(annex, table=placed[0].table, parts=tuple(placed) if annex.parts else ())
            parts = replace(parts, mandates=annex) if name == "mandates" else replace(parts, personnel=annex)
    return parts, known


_NOT_KEPT = {"mandates": {"country", "remark", "ignore"}, "personnel": {"ignore"}}
"""Roles of columns of which no row keeps the text: it matters not which rows it is printed for."""


def _require_seen(document: Document, parts: ReportParts) -> None:
    """Raises Problems for a PDF's cells that no one row and column has, else for what nobody read."""
    if not isinstance(document, PdfDocument):
        return
    annexes = {"mandates": parts.mandates, "personnel": parts.personnel}
    named = [(name, one.table) for name, annex in annexes.items() if annex for one in annex.each if one.table]
    faults = [
        refusals.fault(fault, table, name)
        for name, table in named
        for fault in table.grid.faults
        if fault.kind != "rows" or not {table.heading.roles[at] for at in fault.columns} <= _NOT_KEPT[name]
    ]
    if amiss := faults or [one for _, table in named for one in unread.problems(document, table.grid)]:
        raise Problems([*amiss])


def _try(step: Callable[[], T], problems: list[JvomError]) -> T | None:
    """What the step gives, or None with its problems added to `problems`."""
    try:
        return step()
    except Problems as several:
        problems.extend(several.problems)
    except JvomError as problem:
        problems.append(problem)
    return None


def _text_of(annex: Annex, notes: Sequence[Note]) -> Sequence[Line]:
    """The running text of an annex of a PDF, which tells it from the table."""
    return footnotes.without(annex.lines, notes) if annex.table else ()


_SENT_IN = re.compile(rf"\b(?:in|over|periode|jaar) ({durations.PERIOD.pattern})", re.IGNORECASE)


def _edition(source: SourceFile, edition: Edition, parts: ReportParts, period: Period) -> dict[str, object]:
    start, end = period
    first = parts.mandates
    return {
        "edition_year": edition.edition_year,
        "title": edition.title,
        "scope": parts.personnel.names.get("period"),
        "period_start": start,
        "period_end": end,
        "period_months": _whole_months(start, end) if start and end else None,
        "date_sent": edition.date_sent,
        "kamerstuk": edition.kamerstuk,
        "source_url": edition.source_url,
        "annexes": [("mandates", first.label if first else None), ("personnel", parts.personnel.label)],
        "layout": parts.layout.id,
        "source_path": source.path,
        "source_sha256": source.sha256,
        "source_bytes": source.bytes,
        "source_format": source.format,
        "source_fidelity": source.fidelity,
    }


def _period(parts: ReportParts, edition: Edition) -> Period:
    """First and last day: as the heading of annex 2 or that of its figures prints them, else as is known.

    Raises LayoutError where the two differ, or where the printed period is none.
    """
    known = (edition.period_start, edition.period_end)
    heading = parts.personnel.first
    named = parts.personnel.names.get("period", "")
    try:
        printed = durations.find_period(named)
    except ValueError as error:
        why = f"the heading of annex 2 has no possible period: {error}"
        hint = "compare the heading with the official document"
        raise refusals.at(heading, why, hint) from error
    if printed and printed[0] == printed[1]:  # `Sterkte op 1 mei 2018`, `vanaf 1 mei 2022`
        printed, named = None, ""
    if printed is None and not re.search(r"\d{4}", named):
        printed = _headed(parts.layout.personnel)
        if printed is None:
            return known
    if printed is None:
        why = f"the heading of annex 2 names years, but no one period: “{heading.text.strip()}”"
        hint = "compare the heading with the official document; a period is such as mei 2023 t/m april 2024"
        raise refusals.at(heading, refusals.shortened(why, 300), hint)
    if any(day is not None and day != other for day, other in zip(known, printed, strict=True)):
        raise refusals.at(
            heading,
            f"annex 2 speaks of {printed[0]} to {printed[1]}, but the catalogue gives edition "
            f"{edition.edition_year} the period {known[0]} to {known[1]}",
            "check that this is that year's edition; if it is, correct its period in raw/sources.toml",
        )
    sent = edition.date_sent
    if sent and (printed[1].year, printed[1].month) > (sent.year, sent.month):
        raise refusals.at(
            heading,
            f"annex 2 speaks of {printed[0]} to {printed[1]}, which had not ended when edition "
            f"{edition.edition_year} was sent ({sent})",
            "--year is the year in which this report was sent to parliament; is that a later one?",
        )
    return printed


def _headed(layout: PersonnelLayout) -> tuple[datetime.date, datetime.date] | None:
    """The one period in which persons were sent by the header itself: “Ingezet in 2020”."""
    sent = (" ".join(path) for path, role in layout.printed if role.startswith("deployed_"))
    named = {match[1] for text in sent if (match := _SENT_IN.search(text))}
    return durations.find_period(named.pop()) if len(named) == 1 else None


def _whole_months(start: datetime.date, end: datetime.date) -> int | None:
    """Length in whole months, both days included; None for less than one."""
    after = end + datetime.timedelta(days=1)
    months = 12 * (after.year - start.year) + after.month - start.month - (after.day < start.day)
    return months if months > 0 else None
