"""Annex 1: legal basis, international mandate and national frame, per mission.

In a text the cells of a row arrive in reading order, several on a line or one over several lines, so rows
are cut by what the cells say: two durations beside each other close a row. A date behind “van”, “d.d.” and
the like is part of a legal basis. A region's rotated label arrives as a run of lines of a few letters. In
a PDF each cell is where its column says; where the file's tags have other cells in a row, the edition is
refused.

Every word between the header and the footnotes is part of a cell, a label or a problem. What is known
nowhere is a problem, never a guess; all problems of the table are raised together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pipelines.extract import answers, refusals
from pipelines.extract import declared as declarations
from pipelines.extract.annexes import AnnexInput, find_header, header_words
from pipelines.extract.cells import Cell, Mark, PdfCells, Text, Word, as_printed, marker, spans, words
from pipelines.extract.durations import Duration
from pipelines.extract.pdf.model import grouped
from pipelines.extract.pdf.rows import PdfCell
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.extract.roles import DURATIONS, MandateRoles
from pipelines.extract.shared_labels import Label, confirmed, find_labels, nearer, share_out
from pipelines.extract.text import strange
from pipelines.model import Document, Line
from schemas.errors import JvomError, Problems
from schemas.proposals import Proposal
from schemas.registry import Mission, comparable

T = TypeVar("T")
TABLE = "mandates"
_BELOW = "the region that the registry gives the mission is that of the label below the row"
_BEFORE_A_DATE = {"van", "d.d.", "dd.", "per", "sinds", "vanaf"}
_KEYWORD_WORDS = 4  # a legal keyword is looked for in so many words
_SHOWN = 120  # characters of the document that a message shows
_COMPARE = "compare the cell with the page"
_LABEL_LINES = 6  # below the last row of a text, on which a rotated label may end
_AROUND = 6  # lines on either side of a label, in which it may be a part of a name


@dataclass(frozen=True)
class Row:
    """One row; `durations` by the contract's column, in the order of the document.

    `region` is the label that heads it, `why` what decided that, if anything had to.
    """

    mission: Mission
    name: Text
    legal_basis: Text | None
    durations: dict[str, tuple[Text, Duration]]
    region: Text | None = None
    why: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[Text, ...]:
        """All its cells, region aside."""
        legal = (self.legal_basis,) if self.legal_basis else ()
        return (self.name, *legal, *(text for text, _ in self.durations.values()))

    @property
    def first(self) -> Line:
        return min(self._lines, key=lambda line: line.number)

    @property
    def last(self) -> Line:
        return max(self._lines, key=lambda line: line.number)

    @property
    def _lines(self) -> list[Line]:
        return [word.line for cell in self.cells for word in cell.words]


@dataclass(frozen=True)
class Mandates:
    """Annex 1 as rows of its contract, its cells, and the footnotes marked in it."""

    rows: list[dict[str, object]]
    cells: list[Cell]
    markers: list[Mark]


def read(given: AnnexInput) -> Mandates:
    """Read the table of annex 1. Raises LayoutError, or Problems with everything that is wrong in it."""
    reader = _PdfReader(given, given.table) if given.table else _TextReader(given)
    rows = reader.read()
    if problems := _strange(given, rows, reader.problems) or reader.problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)
    found = Mandates([], [], list(reader.markers))
    for row in rows:
        cells = list(_cells(row))
        found.markers.extend(mark for cell in row.cells for mark in cell.marks)
        found.cells.extend(cells)
        by_column = {cell.column_name: cell for cell in cells}
        found.rows.append(_as_row(row, by_column, given.document, given.edition_year))
    return found


def _strange(given: AnnexInput, rows: Iterable[Row], problems: Iterable[JvomError]) -> list[JvomError]:
    """Refusals of lines whose letters are not what they look like, instead of what comes of that."""
    numbers = {problem.line for problem in problems}
    numbers |= {word.line.number for row in rows for cell in row.cells for word in cell.words}
    lines = (line for line in given.lines if line.number in numbers)
    return [refusals.of_row([line], "strange", why=why) for line in lines if (why := strange(line.text))]


def _cells(row: Row) -> Iterator[Cell]:
    place = TABLE, row.mission.id
    yield row.name.as_cell(*place, "mission")
    if row.region:
        yield replace(row.region, disputed=(*row.region.disputed, *row.why)).as_cell(*place, "region")
    if row.legal_basis:
        yield row.legal_basis.as_cell(*place, "legal_basis")
    for column, (text, duration) in row.durations.items():
        yield text.as_cell(*place, column, duration.end)


def _as_row(row: Row, cells: Mapping[str, Cell], document: Document, edition_year: int) -> dict[str, object]:
    first = row.first
    found: dict[str, object] = {
        "edition_year": edition_year,
        "mission_id": row.mission.id,
        "mission_as_printed": cells["mission"].as_printed,
        "region_as_printed": cells["region"].as_printed if "region" in cells else None,
        "legal_basis": cells["legal_basis"].as_printed if "legal_basis" in cells else None,
        "source_page": first.page,
        "page_label": document.label(first.page),
        "source_line": first.number,
        "source_line_end": row.last.number,
    }
    for column, (_, duration) in row.durations.items():
        found[f"{column}_as_printed"] = cells[column].as_printed
        found[f"{column}_status"] = duration.status
        found[f"{column}_end"] = duration.end
        found[f"{column}_from"], found[f"{column}_to"] = duration.low, duration.high
        found[f"{column}_precision"] = duration.precision
        if column == "international_mandate":
            found[f"{column}_extension"] = duration.extension
    return found


class _Reader:
    """What reading a text and reading a PDF have in common: roles, known footnotes, problems met."""

    def __init__(self, given: AnnexInput) -> None:
        self.problems: list[JvomError] = []
        self.markers: list[Mark] = list(given.marked)
        self._given = given
        self._document = given.document
        self._layout = given.layout
        self._notes = set(given.notes)
        self._roles = MandateRoles(given.layout, given.registry)
        self._rows: dict[str, Row] = {}

    def _add(self, row: Row) -> None:
        """Keeps a row, unless its mission has one already."""
        earlier = self._rows.setdefault(row.mission.id, row)
        if earlier is not row:
            problem = refusals.second_row(row.first, row.mission.id, earlier.first)
            self.problems.append(problem)

    def _unknown_mission(self, line: Line, name: str, region: str | None = None) -> None:
        registry = self._given.registry
        self.problems.append(refusals.unknown_mission(line, self._roles.plain(name), region, registry))

    def _unknown_region(self, kind: str, name: str, line: Line, other: Proposal | None = None) -> None:
        name = refusals.shortened(name)
        regions = self._layout.mandates.regions
        same = answers.same_letters(name, regions)
        what = f"the {kind} “{name}” is not a known region: {', '.join(regions)}"
        self._unknown(what, line, same, answers.region(name, self._given.registry, other=other))

    def _unknown_basis(self, what: str, text: str, line: Line) -> None:
        keywords = self._roles.openings
        same = answers.same_letters(text, keywords, opening=True)
        what = f"{what}; the words that a legal basis opens with are {', '.join(keywords)}"
        self._unknown(what, line, same, answers.legal_basis(text))

    def _unknown(self, what: str, line: Line, same: str | None, entry: Proposal) -> None:
        """A text that is not known, unless its letters are the `same` as those of one that is."""
        hint = f"{_COMPARE}: its letters are those of “{same}”" if same else None
        self._problem(what, line, hint, [] if same else [entry])

    def _problem(
        self, message: str, line: Line, hint: str | None, proposals: Sequence[Proposal] = ()
    ) -> None:
        self.problems.append(refusals.at(line, message, hint, proposals=proposals))


class _TextReader(_Reader):
    def read(self) -> list[Row]:
        self._columns = [c.column for c in self._layout.mandates.columns if c.column in DURATIONS]
        body = self._body()
        labels, unknown = find_labels(body, self._layout.mandates.regions)
        kept = (label for label in labels if not self._is_in_name(label, body))
        labels = sorted((*kept, *self._before_names(body)), key=lambda label: label.first)
        taken = {word for label in (*labels, *unknown) for word in label.pieces}
        self._cut([word for word in words(body) if word not in taken])
        for label in unknown:
            self._unknown_region("rotated label", label.name, label.pieces[0].line)
        if self.problems:
            return []
        return list(self._labelled([label.text for label in labels]))

    def _labelled(self, labels: Sequence[Text]) -> Iterator[Row]:
        """The rows with their labels. Reading order puts a label before its rows, or behind some of them."""
        rows = list(self._rows.values())
        places = [row.first.number for row in rows]
        own = [next((one for one in reversed(labels) if one.spans[0].line < place), None) for place in places]
        regions, headings = [row.mission.region for row in rows], self._given.registry.region_headings
        shared = share_out(own, [one for one in labels if one not in own], regions, headings)
        for row, place, before, label in zip(rows, places, own, shared, strict=True):
            found = label or (before if before in labels[-1:] else None)
            yield replace(row, region=found, why=(_BELOW,) if found and found.spans[0].line > place else ())

    def _body(self) -> list[Line]:
        """The lines under the header, without the repeated ones of other pages."""
        expected = header_words(1, self._layout)
        left = list(self._given.lines)
        while header := find_header(words(left), expected):
            if len(left) == len(self._given.lines):
                above = words(line for line in left if line.number < header.first)
                if above:
                    self._problem(
                        f"“{_shown(above)}” is above the table of annex 1, but is not a footnote",
                        above[0].line,
                        "compare the annex with the official document; a footnote needs the next number",
                    )
                left = [line for line in left if line.number >= header.first]
            self.markers.extend(header.markers)
            left = [line for line in left if not header.first <= line.number <= header.last]
        return left

    def _before_names(self, body: Sequence[Line]) -> Iterator[Label]:
        """Labels on the line of the first row that they head: `Nationaal VPD Art. 97 Grondwet`."""
        for at, line in enumerate(body):
            for region in self._layout.mandates.regions:
                count = len(region.split())
                first, rest = (found := list(words([line])))[:count], found[count:]
                if comparable(as_printed(first)) == comparable(region) and any(
                    self._roles.mission(as_printed(rest[:end])) for end in range(1, len(rest) + 1)
                ):
                    yield Label(as_printed(first), tuple(first), at, at)

    def _is_in_name(self, label: Label, body: Sequence[Line]) -> bool:
        """Whether a region's name on one line is a part of a mission's: `Reis`, `Indo-Pacific`, `(onder`."""
        if label.first != label.last:
            return False
        around = (body[max(0, label.first - _AROUND) : label.first], body[label.first + 1 :][:_AROUND])
        before, after = (comparable(as_printed(words(lines))) for lines in around)
        here = range(len(before) + bool(before), len(before) + bool(before) + len(comparable(label.name)))
        text = f"{before} {comparable(label.name)} {after}".lstrip()
        names = {comparable(name) for one in self._given.registry.missions for name in one.spellings}
        return any(
            match.start() <= here.start and here.stop <= match.end()
            for name in names
            for match in re.finditer(re.escape(name), text)
        )

    def _cut(self, found: Sequence[Word]) -> None:
        """Reads the rows that the words make up; what cannot be understood becomes a problem."""
        start = 0
        for run in self._runs(found):
            while (
                run
                and len(run) != len(self._columns)
                and run[0].start > 0
                and found[run[0].start - 1].text.casefold() in _BEFORE_A_DATE
            ):
                run.pop(0)
            if not run:
                continue
            durations = [found[place.start : place.stop] for place in run]
            row = self._row(found[start : run[0].start], durations)
            start = run[-1].stop
            if row:
                self._add(row)
        if start < len(found):
            self._problem(
                f"“{_shown(found[start:])}” belongs to no row: no two durations follow it",
                found[start].line,
                "check the durations of the row; words that mean one are listed under statuses in "
                "schemas/layouts.toml",
            )

    def _runs(self, found: Sequence[Word]) -> list[list[range]]:
        """Durations directly beside each other, as ranges of words."""
        text, at = "", {}
        for index, word in enumerate(found):
            at[len(text)] = index
            text += f"{word.text} "
        matches = self._roles.grammar.pattern.finditer(text)
        starts = ((at[match.start()], len(match.group().split())) for match in matches)
        places = (range(start, start + count) for start, count in starts)
        return list(grouped(places, lambda run, place: run[-1].stop != place.start))

    def _row(self, text: Sequence[Word], cells: Sequence[Sequence[Word]]) -> Row | None:
        if len(cells) != len(self._columns):
            found = [*text, *(word for cell in cells for word in cell)]
            self._problem(
                f"“{_shown(found)}” has {len(cells)} duration{'' if len(cells) == 1 else 's'} for "
                f"{len(self._columns)} columns",
                found[0].line,
                "compare the row with the official document: an empty cell leaves no trace in a text",
            )
            return None
        named = self._named(text, cells[0][0])
        durations = {
            column: duration
            for column, cell in zip(self._columns, cells, strict=True)
            if (duration := self._duration(column, cell))
        }
        if named is None or len(durations) < len(self._columns):
            return None
        return Row(*named, durations)

    def _named(self, text: Sequence[Word], next_word: Word) -> tuple[Mission, Text, Text] | None:
        """The mission, its name and the legal basis that the words in front of the durations make up."""
        if not text:
            self._problem(
                f"“{next_word.text} …” has no mission in front of it",
                next_word.line,
                "compare the rows around it with the official document",
            )
            return None
        openings = (as_printed(text[index : index + _KEYWORD_WORDS]) for index in range(1, len(text)))
        cuts = [index for index, opening in enumerate(openings, 1) if self._roles.legal_basis(opening)]
        for cut in cuts or range(len(text), 0, -1):
            for name in self._unmarked(text[:cut]):
                mission = self._roles.mission(as_printed(name.words))
                if mission and cuts:
                    return mission, name, next(self._unmarked(text[cut:]))
                if mission:
                    rest = text[cut:] or text
                    what = f"no legal basis of {mission.id} is known in “{_shown(rest)}”"
                    self._unknown_basis(what, as_printed(rest), rest[0].line)
                    return None
        if cuts:
            self._unknown_mission(text[0].line, as_printed(text[: cuts[0]]))
        else:
            self._nothing_known(text)
        return None

    def _unmarked(self, cell: Sequence[Word]) -> Iterator[Text]:
        """The words without the markers of known footnotes glued to them, then as they are."""
        left, marks = [*cell], []
        for at, word in enumerate(cell):
            glued = marker(word.text)
            if glued and glued[1] in self._notes and word.text[-1].isdigit():
                left[at] = word.first(len(glued[0]))
                marks.append(Mark(glued[1], word.line.number))
        yield Text(tuple(left), tuple(marks))
        if marks:
            yield Text(tuple(cell))

    def _duration(self, column: str, cell: Sequence[Word]) -> tuple[Text, Duration] | None:
        name = column.replace("_", " ")
        try:
            duration = self._roles.grammar.duration(as_printed(cell))
        except ValueError as error:
            self._problem(f"{name}: {error}", cell[0].line, "compare the date with the official document")
            return None
        if duration.marker is None:
            return Text(tuple(cell)), duration
        last, digits = cell[-1], str(duration.marker)
        if duration.marker not in self._notes:
            self._problem(
                f"{name}: the digits {digits} at the end of “{as_printed(cell)}” mark no footnote",
                last.line,
                "compare the cell and the footnotes with the official document",
            )
            return None
        left = (*cell[:-1], last.first(len(last.text) - len(digits)))
        return Text(left, (Mark(duration.marker, last.line.number),)), duration

    def _nothing_known(self, text: Sequence[Word]) -> None:
        known = self._given.registry.nearest(as_printed(text))
        near = ", ".join(f"“{name}” ({mission})" for name, mission in known)
        self._problem(
            f"“{_shown(text)}” opens with no known mission (the nearest are {near}), and no word in it opens "
            f"a legal basis ({', '.join(self._roles.openings)})",
            text[0].line,
            "compare the row with the official document: its mission and its legal basis must be known words",
        )


class _PdfReader(_Reader):
    """Takes the cells of a PDF's table."""

    def __init__(self, given: AnnexInput, found: PdfTable) -> None:
        super().__init__(given)
        self._found = found
        self._cells = PdfCells(given.document)
        self._places = {column.column: at for at, column in enumerate(given.layout.mandates.columns)}

    def read(self) -> list[Row]:
        """The rows, each with the label that it is beside, or else the heading that it is under."""
        heading: Text | None = None
        for row in self._found.grid.rows:
            if (lone := self._lone(row)) and self._roles.is_region(lone.text):
                heading = self._roles.names.heading(self._cells.text(lone, self._cells.how(row)), heading)
                continue
            if lone and lone is row.cells[self._places["mission"]] and not self._roles.mission(lone.text):
                mission = answers.mission(lone.text, None, self._given.registry, lone.page)[0]
                self._unknown_region("heading", lone.text, self._cells.line(lone), mission)
                continue
            if self._is_of_figures(row):
                continue
            before = len(self.problems)
            found = self._row(row)
            region = self._region(row) or heading
            if found is not None and len(self.problems) == before:
                self._add(replace(found, region=self._nearer(row, region, found.mission.region)))
        last = self._found.last_line
        near = [line for line in self._given.lines if last < line.number <= last + _LABEL_LINES]
        below = {line.number: label for line in near if (label := self._label(line))}
        for lines in self._cells.left(self._found, self._given.lines):
            if all(line.number in below for line in lines):
                continue
            if lines[0].number > last:
                self.problems.append(refusals.late_row(self._document, lines, 1))
            else:
                self._problem(
                    f"“{refusals.shortened(lines[0].text)}” is in the table of annex 1, but in no row of it",
                    lines[0],
                    "compare the page with the table; a footnote needs the next number and its marker",
                )
        if self._document.format == "text" or self._found.grid.open_labels:
            return self._labelled([*below.values()])
        return list(self._rows.values())

    def _label(self, line: Line) -> Text | None:
        """The label that a line of a text below the last row is; what is rotated may end below it."""
        found, name = words([line]), as_printed(words([line]))
        known = self._document.format == "text" and self._roles.is_region(name)
        return Text(tuple(found), cell=PdfCell(name, (), spans(found))) if known else None

    def _labelled(self, below: Sequence[Text]) -> list[Row]:
        """The rows with the labels that are surely theirs; `below` are labels below the last, in a text."""
        rows = list(self._rows.values())
        own, regions = [row.region for row in rows], [row.mission.region for row in rows]
        headings = self._given.registry.region_headings
        text = self._document.format == "text"
        labels = share_out(own, below, regions, headings) if text else confirmed(own, regions, headings)
        return [replace(row, region=label) for row, label in zip(rows, labels, strict=True)]

    def _nearer(self, row: PdfRow, label: Text | None, region: str) -> Text | None:
        """A row's label, or of several by whose places it may be any's the one that names its region."""
        others = [self._cells.text(one) for one in row.rivals if self._roles.is_region(one.text)]
        headings = self._given.registry.region_headings
        return nearer((label, *others), region, headings) if label and others else label

    def _lone(self, row: PdfRow) -> PdfCell | None:
        """The only cell of a row, its label aside."""
        cells = [cell for cell in row.cells if cell]
        return cells[0] if len(cells) == 1 else None

    def _is_of_figures(self, row: PdfRow) -> bool:
        """Whether a row of a table of both annexes has cells of annex 2 only: its totals, say."""
        roles = [column.column for column in self._layout.mandates.columns]
        filled = {roles[at] for at, cell in enumerate(row.cells) if cell}
        return "ignore" in filled and not filled & {"legal_basis", *DURATIONS}

    def _row(self, row: PdfRow) -> Row | None:
        if row.tagged is False:
            cells = [cell for cell in row.cells if cell]
            self._problem(
                f"the file's structure tags have other cells in “{refusals.shortened(cells[0].text)}”",
                self._cells.line(cells[0]),
                "compare the row with the page, and ask whoever made the file to mend its tags",
            )
        mission = self._taken(row, "mission", self._roles.mission)
        given = "legal_basis" in self._places
        basis = self._declared(row, "legal_basis", self._roles.legal_basis)
        legal = self._taken(row, "legal_basis", basis) if given else None
        durations = {
            column: taken
            for column in self._places
            if column in DURATIONS
            and (taken := self._taken(row, column, self._declared(row, column, self._duration)))
        }
        if mission is None or (given and legal is None):
            return None
        return Row(mission[1], mission[0], legal[0] if legal else None, durations)

    def _declared(self, row: PdfRow, column: str, meaning: Callable[[str], T | None]) -> Callable[[str], Any]:
        """What a cell means: as it is declared, else by the grammar."""
        declared, names = self._given.declared, self._row_names(row)

        def declared_or_meant(text: str) -> Any:
            one = declared and declared.match(names, column, text)
            if one and column == "legal_basis":
                return text
            return (one and declarations.duration(one)) or meaning(text)

        return declared_or_meant

    def _taken(self, row: PdfRow, column: str, meaning: Callable[[str], T | None]) -> tuple[Text, T] | None:
        """One cell with its meaning; None for a blank duration, or with a problem."""
        cell = row.cells[self._places[column]]
        cell = cell and self._cells.unmarked(cell, meaning)
        value, declared = meaning(cell.text) if cell else None, self._given.declared
        if cell is None or value is None:
            if declared and cell:
                declared.find(self._row_names(row), column, cell.text)
            # In a text, a cell that is printed for several rows stands on one of them.
            if cell or column not in DURATIONS or self._document.format == "text":
                self._not_understood(column, cell, row)
            return None
        if column == "mission":
            cell = replace(cell, text=self._roles.spelled(cell.text))
        if "\ufffd" in cell.text:
            what = f"{column}: the file has no code for a letter of “{refusals.shortened(cell.text)}”"
            self._problem(
                what, self._cells.line(cell), "give the report's text, or a copy by another program"
            )
        for doubt in cell.doubts:
            self.problems.append(refusals.uncertain(cell.text, doubt, cell.spans[0], column))
        text = self._cells.text(cell, self._cells.how(row))
        if declared and (one := declared.find(self._row_names(row), column, cell.text)):
            text = declarations.with_reason(text, one)
        if isinstance(value, Duration) and value.marker is not None:
            # The digits of the mark are printed as large as the year before it.
            left = replace(cell, text=cell.text.removesuffix(str(value.marker)))
            mark = Mark(value.marker, cell.spans[-1].line)
            text = replace(text, cell=left, marks=(*text.marks, mark))
        return text, value

    def _duration(self, text: str) -> Duration | None:
        duration = self._roles.duration(text)
        return duration if duration and (duration.marker is None or duration.marker in self._notes) else None

    def _region(self, row: PdfRow) -> Text | None:
        """The label beside a row, or its cell in a column of regions that is not the first.

        Its markers count among the footnotes of the table.
        """
        at = self._places.get("region", 0)
        label = row.label or (row.cells[at] if at else None)
        if label and not self._roles.is_region(label.text):
            self._unknown_region("label", label.text, self._cells.line(label))
            return None
        return self._cells.text(replace(label, markers=())) if label else None

    def _not_understood(self, column: str, cell: PdfCell | None, row: PdfRow) -> None:
        name = column.replace("_", " ")
        if cell is None:
            if cells := [other for other in row.cells if other]:
                text = refusals.shortened(" ".join(other.text for other in cells))
                self._problem(f"“{text}” has no {name}", self._cells.lines_of(cells)[0], _COMPARE)
            return
        line, text = self._cells.line(cell), refusals.shortened(cell.text)
        if column == "mission":
            self._unknown_mission(line, cell.text, row.label.text if row.label else None)
        elif column == "legal_basis":
            self._unknown_basis(f"“{text}” is not a legal basis", text, line)
        else:
            entry = answers.cell(TABLE, self._row_names(row)[-1], column, cell.text, cell.page)
            self._problem(f"{name}: {self._roles.no_duration(text)}", line, None, [entry])

    def _row_names(self, row: PdfRow) -> list[str]:
        """What the row may be called: its mission's id, and the name that it prints."""
        cell = row.cells[self._places["mission"]]
        return self._roles.row_names(cell.text if cell else "")


def _shown(found: Sequence[Word]) -> str:
    return refusals.shortened(as_printed(found), _SHOWN)
