"""The rows of annex 2 in a PDF: each of the rows of cells that its table was found to have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import compress, product

from pipelines.extract import answers, declared, numerals, refusals
from pipelines.extract.annexes import AnnexInput
from pipelines.extract.cells import Mark, PdfCells, Text, words
from pipelines.extract.numerals import PrintedFigure, read_figure
from pipelines.extract.pdf import Box
from pipelines.extract.pdf.rows import PdfCell, Span
from pipelines.extract.pdf.table import PdfRow, PdfTable
from pipelines.extract.roles import Kind, PersonnelRoles
from pipelines.extract.rows import MOST_MARKED, Figure, Row, Table, Wording
from pipelines.extract.search import Amount
from pipelines.extract.shared_labels import confirmed, nearer, share_out
from schemas.errors import JvomError, Problems
from schemas.vocabulary import disagreement

_MOST_DOUBTED = 3  # figures of one row that are read in two ways


def read(given: AnnexInput, table: PdfTable, roles: PersonnelRoles) -> Table:
    """The table of annex 2. Raises Problems with a LayoutError for every cell that is not a figure."""
    return _Reader(given, table, roles).read()


class _Reader:
    """Fills a table from a PDF's table."""

    def __init__(self, given: AnnexInput, whole: PdfTable, roles: PersonnelRoles) -> None:
        self._table = Table()
        self._problems: list[JvomError] = []
        self._asked: set[str] = set()  # labels of regions
        self._raised: list[tuple[PdfCell, str]] = []  # cells of nothing but markers, with their rows' names
        self._given = given
        self._whole, self._found = whole, whole.view()
        self._roles = roles
        self._cells = PdfCells(given.document)
        self._edges = cache(self._found.edges)
        self._glued = given.document.format == "text"
        self._labels = False
        self._regions = {mission.id: mission.region for mission in given.registry.missions}
        self._headings = given.registry.region_headings

    def read(self) -> Table:
        """Every row of the table, and what is left over on its lines and between them."""
        self._table.marks += self._given.marked
        region: Text | None = None
        for row in self._found.grid.rows:
            name = row.cells[0] and self._cells.unmarked(row.cells[0], self._roles.heading.role_of)
            label, rivals = self._label(row)
            self._labels |= label is not None
            region = label or region
            figures = [cell for cell in row.cells[1:] if cell]
            aside = [cell for _, cell in row.texts]
            if name is None:
                if shown := [*figures, *aside]:
                    self._table.leftovers.append(self._cells.lines_of(shown))
                continue
            kind, known = self._roles.kind(name.text), self._roles.mission_id(name.text)
            text = self._named(row, name)
            if kind == "region" and not (figures and known):
                region = self._roles.names.heading(text, region)
                if not figures:
                    self._table.marks += text.marks
                    self._table.texts += (self._cells.text(cell, self._cells.how(row)) for cell in aside)
                    continue
            if figures or known or kind == "total":
                of = self._regions.get(known or "")
                own = nearer((label, *rivals), of, self._headings) if label and rivals else region
                self._table.rows.append(self._row(row, name, own, kind))
            elif kind == "of which" or self._roles.names.is_text(name.text):
                self._table.texts += (text, *(self._cells.text(cell, self._cells.how(row)) for cell in aside))
                self._table.marks += text.marks
            else:
                self._table.leftovers.append(self._cells.lines_of([name]))
                self._table.names.add(name.line)
        self._rest()
        self._mark_blank()
        if self._problems:
            raise Problems(self._problems)
        if self._labels and (self._glued or self._found.grid.open_labels):
            self._share_out()
        return self._table

    def _mark_blank(self) -> None:
        """Counts the marks of cells of nothing else: a small figure may look like one of them."""
        glued = (mark for row in self._table.rows for mark in row.wordings[0].marks)
        marked = Counter(mark.note for mark in (*self._table.marks, *glued))
        marked.update(note for cell, _ in self._raised for note in cell.markers)
        for cell, name in self._raised:
            self._table.marks += [Mark(note, cell.line) for note in cell.markers]
            if not all(note in self._given.notes and marked[note] == 1 for note in cell.markers):
                of = f"a cell of “{refusals.shortened(name)}”"
                message = f"nothing but a raised or lowered “{cell.markers[0]}” is in {of}"
                why = "and it is not the one mark of a note of the annex"
                hint = "see in the official document whether it is a figure or a mark"
                self._problems.append(refusals.at(self._cells.line(cell), f"{message}, {why}", hint))

    def _rest(self) -> None:
        """What stands in columns and is in no row."""
        first, last = min(self._found.lines, default=0), self._found.last_line
        rows = min((line.number for row in self._table.rows for line in row.lines), default=last)
        for lines in self._cells.left(self._whole, self._given.lines):
            text = " ".join(line.text for line in lines)
            ways, unknown = self._given.registry.words.facets(text)
            nothing = ways == {frozenset()} and not unknown and not any(map(str.isdigit, text))
            if nothing and first <= lines[0].number + 1 and lines[-1].number < rows:
                continue  # over a whole header it says no more than that persons are counted
            if lines[0].number > last:
                self._table.late.append(lines)
            elif self._roles.names.is_text(text):
                self._table.texts.append(Text(tuple(words(lines))))
            else:
                self._table.leftovers.append(lines)

    def _share_out(self) -> None:
        """Gives missions the labels of a column of regions that are surely theirs."""
        named = [(at, row, row.wordings[0].mission_id or "") for at, row in enumerate(self._table.rows)]
        missions = [one for one in named if one[1].kind == "mission" and one[2] in self._regions]
        own, regions = [row.region for _, row, _ in missions], [self._regions[of] for *_, of in missions]
        labels = (
            share_out(own, (), regions, self._headings)
            if self._glued
            else confirmed(own, regions, self._headings)
        )
        for (at, row, _), label in zip(missions, labels, strict=True):
            self._table.rows[at] = replace(row, region=label)

    def _named(self, row: PdfRow, name: PdfCell) -> Text:
        """The name of a row, which says where the file's tags have other cells in it."""
        said = disagreement("other cells of its row", f"“{name.text}”") if row.tagged is False else ""
        return self._cells.text(name, self._cells.how(row), (said,) if said else ())

    def _row(self, row: PdfRow, name: PdfCell, region: Text | None, kind: Kind) -> Row:
        name = replace(name, text=self._roles.spelled(name.text))
        text = self._named(row, name)
        plain, mission_id = self._roles.plain(name.text), self._roles.row_id(name.text)
        wordings: list[Wording] = []
        for way in _readings(row):
            for cells in self._marked(tuple(self._texts(way))):
                wording = Wording(text, plain, mission_id, tuple(self._figures(way, cells)), (), cells)
                if not any(_alike(wording, known) for known in wordings):
                    wordings.append(wording)
        printed = [cell for cell in row.cells[1:] if cell]
        texts = [
            (role, self._cells.unbroken(cell) if role == "country" else cell) for role, cell in row.texts
        ]
        aside = {role: self._cells.text(cell, self._cells.how(row)) for role, cell in texts}
        self._problems += (
            refusals.at(
                self._cells.line(cell),
                f"“{refusals.shortened(cell.text)}” of “{refusals.shortened(name.text)}” is more than one "
                f"figure, and there is one column for it: {role}",
                "see in the official document which columns these figures have",
            )
            for role, cell in row.texts
            if role not in ("country", "remark") and _several(cell.text)
        )
        self._raised += [(cell, text.printed) for cell in printed if cell.markers and not cell.text]
        return Row(
            self._cells.lines_of([name, *printed, *(text.cell for text in aside.values())]),
            region,
            tuple(wordings),
            in_order=False,
            agreed=(row.tagged or (row.sure and row.tagged is None)) and len(wordings) == 1,
            disputed=row.tagged is False,
            under=all(
                cell is None or self._found.nearest(cell) == column
                for column, cell in enumerate(row.cells[1:], start=1)
            ),
            kind=kind,
            glued=self._glued,
            texts=tuple(aside.items()),
        )

    def _marked(self, cells: tuple[Text, ...]) -> Iterator[tuple[Text, ...]]:
        """The ways to take marks off the figures of a row, where they are not seen; as it is first."""
        ways = [list(self._unmarked(text)) if self._glued else [text] for text in cells]
        several = [at for at, texts in enumerate(ways) if len(texts) > 1]
        for at in several[MOST_MARKED:]:
            ways[at] = ways[at][:1]
        yield from product(*ways)

    def _unmarked(self, text: Text) -> Iterator[Text]:
        """A figure as it is printed, unless it is none, and without each mark that it may end in."""
        cell = text.cell
        found = [
            replace(text, cell=cell.first(body), marks=(*text.marks, Mark(note, cell.line)))
            for body, note in numerals.marked(text.printed, self._given.notes)
            if cell and (numerals.addends(body) or numerals.empty(body))
        ]
        if not found or read_figure(text.printed):
            yield text
        yield from found

    def _label(self, row: PdfRow) -> tuple[Text | None, list[Text]]:
        """The region's label beside a row, and others that may be its own as well."""
        is_known = self._roles.is_region
        if row.label and not is_known(row.label.text) and row.label.text not in self._asked:
            self._asked.add(row.label.text)
            entry = answers.region(row.label.text, self._given.registry)
            message = f"the label “{refusals.shortened(row.label.text)}” is not a known region"
            self._problems.append(refusals.at(self._cells.line(row.label), message, proposals=[entry]))
        label = self._cells.text(row.label) if row.label and is_known(row.label.text) else None
        return label, [self._cells.text(cell) for cell in row.rivals if is_known(cell.text)]

    def _texts(self, row: PdfRow) -> Iterator[Text]:
        for column in range(1, len(row.cells)):
            cell = row.cells[column] or PdfCell("", (), self._blank(row, column))
            cell = replace(cell, text=numerals.spelled(cell.text))
            yield self._cells.text(cell, self._cells.how(row))

    def _figures(self, row: PdfRow, cells: Sequence[Text]) -> Iterator[Figure]:
        names = self._roles.row_names(_printed_name(row))
        for column, (text, role) in enumerate(zip(cells, self._roles.layout.columns, strict=False)):
            one = self._given.declared and self._given.declared.find(names, role, text.printed)
            if one:
                yield Figure.of(declared.with_reason(text, one), declared.figure(one), column)
            elif text.cell and text.printed:
                said = read_figure(text.printed, ceiling=role.startswith("frame"))
                if said is None:
                    self._not_a_figure(text.cell, row, column + 1)
                doubt = next(iter(text.cell.doubts), "")
                yield Figure.of(text, said or PrintedFigure(), column, doubt)

    def _blank(self, row: PdfRow, column: int) -> tuple[Span, ...]:
        """Where a blank cell is: beside the row's other cells, as wide as its column's figures."""
        beside = next((cell for cell in row.cells[column:] if cell), None)
        before = next(cell for cell in (beside, *reversed(row.cells[:column])) if cell)
        place = before.spans[0] if beside else before.spans[-1]
        at = place.char_start if beside else place.char_end
        stretch = self._found.stretch(place.page, place.box.middle if place.box else 0.0)
        left, right = self._edges(stretch)[column]
        box = Box(left, place.box.top, right, place.box.bottom) if place.box and left < right else None
        return (Span(place.page, place.line, at, at, box),)

    def _not_a_figure(self, cell: PdfCell, row: PdfRow, column: int) -> None:
        path = " / ".join(self._found.columns[column])
        name, role = _printed_name(row), self._roles.layout.columns[column - 1]
        entry = answers.cell("personnel", name, role, cell.text, cell.page)
        self._problems.append(
            refusals.at(
                self._cells.line(cell),
                f"“{refusals.shortened(cell.text)}” in column {path} of “{refusals.shortened(name)}” "
                "is not a figure: a whole number, a sum of them, a dash, or such words as max. 7 and n.t.b.",
                proposals=[entry],
            )
        )


def _printed_name(row: PdfRow) -> str:
    return next((cell.text for cell in row.cells if cell), "")


def _several(text: str) -> bool:
    """Whether a text holds more than one figure, and is none itself."""
    figures = sum(any(map(str.isdigit, word)) for word in text.split())
    return figures > 1 and read_figure(text) is None


def _readings(row: PdfRow) -> Iterator[PdfRow]:
    """The row of a picture by each of two readings of its figures; any other as it is."""
    doubted = [at for at, cell in enumerate(row.cells) if at and cell and cell.other][:_MOST_DOUBTED]
    for others in product((False, True), repeat=len(doubted)):
        taken = {*compress(doubted, others)}
        cells = (
            replace(cell, text=cell.other) if cell and at in taken else cell
            for at, cell in enumerate(row.cells)
        )
        yield replace(row, cells=tuple(cells))


def _alike(one: Wording, other: Wording) -> bool:
    """Whether two readings of a row say the same of every column."""

    def said(wording: Wording) -> list[tuple[int | None, Amount, tuple[int, ...]]]:
        return [
            (figure.column, figure.amount, tuple(mark.note for mark in figure.text.marks))
            for figure in wording.figures
            if figure.amount is not None or figure.text.marks
        ]

    return said(one) == said(other)
