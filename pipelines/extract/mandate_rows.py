"""Words of annex 1 → its rows: which words are a mission's name, a legal basis, a duration.

Two durations beside each other close a row. A date behind “van”, “d.d.” and the like is part of a
legal basis. What is known nowhere is a problem, never a guess; a table's problems are collected, so
that one reading reports them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from pipelines.extract import refusals
from pipelines.extract.cells import Drawn, Span
from pipelines.extract.durations import Duration, Grammar
from pipelines.extract.words import Word, as_printed, marker, spans
from pipelines.model import Document, Line
from schemas.errors import JvomError, LayoutError
from schemas.registry import Layout, MandatesLayout, Mission, Registry, comparable

_DURATIONS = ("international_mandate", "national_frame")
_BEFORE_A_DATE = {"van", "d.d.", "dd.", "per", "sinds", "vanaf"}
_KEYWORD_WORDS = 4  # a legal keyword is looked for in so many words
_SHOWN = 120  # characters of the document that a message shows


@dataclass(frozen=True)
class Text:
    """Words of one cell, footnote markers aside; `markers` are those taken off: number and line.

    In a PDF `drawn` says what is printed and where.
    """

    words: tuple[Word, ...]
    markers: tuple[tuple[int, int], ...] = ()
    drawn: Drawn | None = None

    @property
    def printed(self) -> str:
        """The words joined by single spaces."""
        return self.drawn.printed if self.drawn else as_printed(self.words)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where it stands."""
        return self.drawn.spans if self.drawn else spans(self.words)

    @property
    def derivation(self) -> tuple[str, ...]:
        """How it was read."""
        how = (*(["marker split"] if self.markers else []), *(self.drawn.derivation if self.drawn else ()))
        return how or ("printed",)


@dataclass(frozen=True)
class Row:
    """One row of annex 1; `durations` by the contract's column, in the order of the document."""

    mission: Mission
    name: Text
    legal_basis: Text
    durations: dict[str, tuple[Text, Duration]]

    @property
    def cells(self) -> tuple[Text, ...]:
        """All its cells, region aside."""
        return (self.name, self.legal_basis, *(text for text, _ in self.durations.values()))

    @property
    def first(self) -> Line:
        """Its first line."""
        return min(self._lines, key=lambda line: line.number)

    @property
    def last(self) -> Line:
        """Its last line."""
        return max(self._lines, key=lambda line: line.number)

    @property
    def _lines(self) -> list[Line]:
        return [word.line for cell in self.cells for word in cell.words]


class Reader:
    """Cuts words into rows, and keeps the problems met."""

    def __init__(
        self, notes: Collection[int], document: Document, layout: Layout, registry: Registry
    ) -> None:
        told = layout.mandates
        self.problems: list[JvomError] = []
        self._notes = set(notes)
        self._document = document
        self._layout = layout
        self._registry = registry
        self._columns = [column.column for column in told.columns if column.column in _DURATIONS]
        self._grammar = grammar(told)

    def rows(self, found: Sequence[Word]) -> list[Row]:
        """The rows that the words make up; what cannot be understood becomes a problem."""
        rows: dict[str, Row] = {}
        start = 0
        for run in self._runs(found):
            while run and _introduced(found, run[0]) and len(run) != len(self._columns):
                run.pop(0)
            if not run:
                continue
            text = found[start : run[0].start]
            durations = [found[place.start : place.stop] for place in run]
            row = self._row(text, durations)
            start = run[-1].stop
            if row and (earlier := rows.setdefault(row.mission.id, row)) is not row:
                self.problems.append(
                    refusals.second_row(self._document, row.first, row.mission.id, earlier.first)
                )
        if start < len(found):
            self._problem(
                f"“{_shown(found[start:])}” belongs to no row: no two durations follow it",
                found[start],
                "check the durations of the row; words that stand for one are listed under statuses in "
                "schemas/layouts.toml",
            )
        return list(rows.values())

    def above_header(self, found: Sequence[Word]) -> None:
        """Words between the annex's heading and the header of its table, footnotes aside."""
        if found:
            self._problem(
                f"“{_shown(found)}” stands above the table of annex 1, but is no footnote",
                found[0],
                "compare the annex with the official document; a footnote needs the next number",
            )

    def unknown_label(self, name: str, word: Word) -> None:
        """A rotated label that spells no region of the layout."""
        self._problem(
            f"the rotated label “{name}” is no region of layout {self._layout.id}: "
            f"{', '.join(self._layout.mandates.regions)}",
            word,
            f'if it is one, add "{name}" to the regions of layout.mandates in schemas/layouts.toml',
        )

    def _runs(self, found: Sequence[Word]) -> list[list[range]]:
        """Durations that stand directly beside each other, as ranges of words."""
        text, at = "", {}
        for index, word in enumerate(found):
            at[len(text)] = index
            text += f"{word.text} "
        runs: list[list[range]] = []
        for match in self._grammar.pattern.finditer(text):
            start = at[match.start()]
            place = range(start, start + len(match.group().split()))
            if runs and runs[-1][-1].stop == start:
                runs[-1].append(place)
            else:
                runs.append([place])
        return runs

    def _row(self, text: Sequence[Word], cells: Sequence[Sequence[Word]]) -> Row | None:
        if len(cells) != len(self._columns):
            words = [*text, *(word for cell in cells for word in cell)]
            self._problem(
                f"“{_shown(words)}” has {len(cells)} duration{'' if len(cells) == 1 else 's'} for "
                f"{len(self._columns)} columns",
                words[0],
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
                next_word,
                "compare the rows around it with the official document",
            )
            return None
        cuts = [index for index in range(1, len(text)) if self._is_legal(text[index:])]
        for cut in cuts or range(len(text), 0, -1):
            for name in self._unmarked(text[:cut]):
                mission = self._registry.find(as_printed(name.words))
                if mission and cuts:
                    return mission, name, next(self._unmarked(text[cut:]))
                if mission:
                    self._no_legal_basis(mission, text[cut:] or text)
                    return None
        if cuts:
            printed = as_printed(text[: cuts[0]])
            self.problems.append(
                refusals.unknown_mission(self._document, text[0].line, printed, None, self._registry)
            )
        else:
            self._nothing_known(text)
        return None

    def _is_legal(self, rest: Sequence[Word]) -> bool:
        """Whether the words open with a word of a legal basis."""
        return opens_legal_basis(as_printed(rest[:_KEYWORD_WORDS]), self._layout.mandates)

    def _unmarked(self, cell: Sequence[Word]) -> Iterator[Text]:
        """The words without the markers of known footnotes glued to them, then as they stand."""
        left: list[Word] = []
        markers: list[tuple[int, int]] = []
        for word in cell:
            glued = marker(word.text)
            if glued and glued[1] in self._notes and word.text[-1].isdigit():
                left.append(word.first(len(glued[0])))
                markers.append((glued[1], word.line.number))
            else:
                left.append(word)
        yield Text(tuple(left), tuple(markers))
        if markers:
            yield Text(tuple(cell))

    def _duration(self, column: str, cell: Sequence[Word]) -> tuple[Text, Duration] | None:
        name = column.replace("_", " ")
        try:
            duration = self._grammar.duration(as_printed(cell))
        except ValueError as error:
            self._problem(f"{name}: {error}", cell[0], "compare the date with the official document")
            return None
        if duration.marker is None:
            return Text(tuple(cell)), duration
        last, digits = cell[-1], str(duration.marker)
        if duration.marker not in self._notes:
            self._problem(
                f"{name}: the digits {digits} at the end of “{as_printed(cell)}” mark no footnote",
                last,
                "compare the cell and the footnotes with the official document",
            )
            return None
        left = (*cell[:-1], last.first(len(last.text) - len(digits)))
        return Text(left, ((duration.marker, last.line.number),)), duration

    def _no_legal_basis(self, mission: Mission, rest: Sequence[Word]) -> None:
        self._problem(
            f"no legal basis of {mission.id} is known in “{_shown(rest)}”; the words that one opens with are "
            f"{', '.join(self._layout.mandates.legal_basis)}",
            rest[0],
            f'if it is one, add its first word to legal_basis of layout "{self._layout.id}" in '
            "schemas/layouts.toml",
        )

    def _nothing_known(self, text: Sequence[Word]) -> None:
        near = ", ".join(
            f"“{name}” ({mission})" for name, mission in self._registry.nearest(as_printed(text))
        )
        self._problem(
            f"“{_shown(text)}” opens with no known mission (the nearest are {near}), and no word in it opens "
            f"a legal basis ({', '.join(self._layout.mandates.legal_basis)})",
            text[0],
            "add the mission to schemas/missions.toml, and the word to legal_basis in schemas/layouts.toml",
        )

    def _problem(self, message: str, word: Word, hint: str) -> None:
        line = word.line
        self.problems.append(
            LayoutError(message, file=self._document.path, page=line.page, line=line.number, hint=hint)
        )


def grammar(told: MandatesLayout) -> Grammar:
    """The durations of a layout."""
    return Grammar(
        dict(told.statuses), told.extension.opening, told.extension.closing, dict(told.extension.units)
    )


def opens_legal_basis(text: str, told: MandatesLayout) -> bool:
    """Whether the text opens with a word of a legal basis."""
    plain = comparable(text)
    keywords = [comparable(keyword) for keyword in told.legal_basis]
    return any(
        plain.startswith(keyword) and not plain[len(keyword) : len(keyword) + 1].isalpha()
        for keyword in keywords
    )


def _introduced(found: Sequence[Word], place: range) -> bool:
    return place.start > 0 and found[place.start - 1].text.casefold() in _BEFORE_A_DATE


def _shown(found: Sequence[Word]) -> str:
    text = as_printed(found)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
