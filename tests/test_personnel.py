"""Annex 2: the real table figure by figure, what may vary in its print, and every refusal."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from pipelines.seams import Document, Line
from pipelines.tables import personnel
from pipelines.tables.cells import Cell
from pipelines.tables.personnel import Personnel
from pipelines.tables.refusals import UndecidedError
from schemas import registry
from schemas.errors import JvomError, Problems, RegistryError
from schemas.registry import Reading
from tests.rendering import COLUMNS, LAYOUT, REGISTRY
from tests.rendering_report import ABRIDGED, FULL, needs_full, read_document

SHA = "5a" * 32
HEADER = LAYOUT.personnel.header.split(" / ")
REAL = {
    "nato-oostflank": (561, None, 1790, None, 1790),
    "eufor-althea": (167, None, 437, None, 437),
    "anti-isis-irak": (388, 17, 730, 14, 734),
    "unifil": (1, None, 2, None, 2),
    "undof": (2, None, 1, None, 1),
    "untso": (12, None, 32, None, 32),
    "ussc": (4, 3, 8, 2, 10),
    "emasoh": (8, None, 21, None, 21),
    "eunavfor-aspides": (5, 1, 3, 1, 4),
    "cmf": (5, None, 16, None, 16),
    "reis-indo-pacific": (212, None, 212, None, 212),
    "minusma": (5, 10, 10, 11, 21),
    "eutm-mali": (5, None, 10, None, 10),
    "eulpc-libie": (1, None, 1, None, 1),
    "eunavfor-atalanta": (3, 1, 6, 1, 7),
    "gpoi": (4, None, 6, None, 6),
    "sole": (6, None, 6, None, 6),
    "vpd": (121, None, 163, None, 163),
}
NOTES = (12, 13, 14)
# Annex 2 of the 2024 edition from its header to its totals row.
TABLE = [
    *HEADER,
    "EUROPA",
    "NAVO oostflank (separate VGR) 561 1790 1790",
    "EUFOR Althea (separate VGR) 167 437 437",
    "Midden-Oosten",
    "Anti-ISIS coalitie en de brede",
    "veiligheidsinzet in Irak (separate VGR) 388 17 730  14 734",
    "Midden-Oosten overige missies",
    "UNIFIL 1 2 2",
    "UNDOF12 2 1 1",
    "UNTSO 12 32 32",
    "USSC 4 313 8 2 10",
    "EMASOH 8 21 21",
    "EUNAVFOR Aspides 5 1 3 1 4",
    "CMF (incl OP ‘Prosperity Guardian’) 3 + 2 16 16",
    "Reis Indo-Pacific (onder Operatie",
    "Prosperity Guardian) 212 212 212",
    "Afrika",
    "MINUSMA 5 10 10 11 21",
    "EUTM Mali 5 10 10",
    "EULPC Libië 1 1 1",
    "EUNAVFOR ATALANTA 3 1 6 1 7",
    "GPOI 4 6 6",
    "Diversen",
    "Early Forward Presence/SOLE 6 6 6",
    "VPD14 121 163 163",
    "Totaal 1510 22 3454 29 3473",
]


def read(
    lines: Sequence[str], notes: Collection[int] = NOTES, readings: Collection[Reading] = ()
) -> Personnel:
    """Annex 2 from these lines."""
    numbered = tuple(Line(number, 1, text) for number, text in enumerate(lines, start=1))
    return read_lines(numbered, Document("report.txt", SHA, "text", numbered, ("20",)), notes, readings)


def read_lines(
    lines: Sequence[Line], document: Document, notes: Collection[int], readings: Collection[Reading] = ()
) -> Personnel:
    return personnel.read(
        lines,
        notes,
        document=document,
        edition_year=2024,
        layout=LAYOUT,
        registry=REGISTRY,
        readings=readings,
    )


def read_file(path: Path) -> tuple[Personnel, Document]:
    """Annex 2 of a file; its footnotes are the lines between its heading and its header."""
    document = read_document(path.read_bytes())
    heading = max(line.number for line in document.lines if LAYOUT.personnel.heading.match(line.text))
    header = next(
        line.number for line in document.lines[heading:] if line.text.strip() == LAYOUT.personnel.mission
    )
    return read_lines(document.lines[header - 1 :], document, NOTES), document


def changed(old: str, new: str, lines: Sequence[str] = TABLE) -> list[str]:
    """The table with one line changed."""
    assert sum(old in line for line in lines) == 1
    return [line.replace(old, new) for line in lines]


def figures(annex: Personnel) -> dict[object, tuple[object, ...]]:
    return {row["mission_id"]: tuple(row[column] for column in COLUMNS) for row in annex.rows}


def cell(annex: Personnel, row_key: str, column: str) -> Cell:
    (found,) = [c for c in annex.cells if (c.row_key, c.column_name) == (row_key, column)]
    return found


def refused(lines: Sequence[str], notes: Collection[int] = NOTES) -> list[JvomError]:
    with pytest.raises(Problems) as caught:
        read(lines, notes)
    return caught.value.problems


# The real table.


@pytest.mark.parametrize("path", [ABRIDGED, pytest.param(FULL, marks=needs_full)], ids=["abridged", "full"])
def test_the_2024_edition(path: Path) -> None:
    annex, document = read_file(path)
    assert figures(annex) == REAL
    assert list(figures(annex)) == list(REAL)
    (totals,) = annex.totals
    assert tuple(totals[column] for column in COLUMNS) == (1510, 22, 3454, 29, 3473)
    assert (totals["source_line"], totals["edition_year"]) == (1642, 2024)
    assert annex.markers == ((12, 1608), (13, 1612), (14, 1640))
    by_id = {row["mission_id"]: row for row in annex.rows}
    assert [i for i, row in by_id.items() if not row["inferred"]] == [
        i for i, row in REAL.items() if None not in row
    ]
    assert [i for i, row in by_id.items() if row["separate_report"]] == list(REAL)[:3]
    assert {i: row["footnotes"] for i, row in by_id.items() if row["footnotes"]} == {
        "undof": [12],
        "ussc": [13],
        "vpd": [14],
    }
    irak = by_id["anti-isis-irak"]
    assert irak["mission_as_printed"] == (
        "Anti-ISIS coalitie en de brede veiligheidsinzet in Irak (separate VGR)"
    )
    assert (irak["source_line"], irak["source_line_end"], irak["page_label"]) == (1600, 1602, "20")
    assert by_id["gpoi"]["region_as_printed"] == "Afrika"
    for one in annex.cells:
        texts = [document.lines[s.line - 1].text[s.char_start : s.char_end] for s in one.spans]
        assert " ".join(texts) == (one.as_printed or "")


def test_every_figure_column_has_a_cell() -> None:
    annex = read(TABLE)
    keys = [(c.table_name, c.row_key, c.column_name) for c in annex.cells]
    assert len(keys) == len(set(keys)) == 18 * 7 + 5
    for row in annex.rows:
        for column in COLUMNS:
            assert cell(annex, str(row["mission_id"]), column).value == row[column]


def test_how_each_cell_was_obtained() -> None:
    annex = read(TABLE)
    printed = cell(annex, "minusma", "frame_civil_police")
    assert (printed.derivation, printed.equalities) == (("printed",), ())
    inferred = cell(annex, "unifil", "deployed_military")
    assert inferred.derivation == ("column inferred",)
    assert inferred.equalities == (
        "row total 2 = 2",
        "column total deployed_military",
        "column total deployed_civil_police",
    )
    split = cell(annex, "ussc", "frame_civil_police")
    assert (split.as_printed, split.value, split.derivation) == ("3", 3, ("marker split",))
    assert split.equalities == ("note 13 is marked once",)
    total = cell(annex, "cmf", "frame_military")
    assert (total.as_printed, total.value, total.parts) == ("3 + 2", 5, (3, 2))
    assert total.derivation == ("column inferred", "sum of parts")
    empty = cell(annex, "unifil", "frame_civil_police")
    assert (empty.as_printed, empty.value, empty.derivation) == (None, None, ("empty by inference",))
    assert empty.equalities == ("column total frame_military",)  # the other total does not come out
    (span,) = empty.spans
    assert (TABLE[span.line - 1][: span.char_end], span.char_start) == ("UNIFIL 1 ", span.char_end)
    assert cell(annex, "undof", "mission").derivation == ("marker split",)
    assert [s.line for s in cell(annex, "reis-indo-pacific", "mission").spans] == [18, 19]
    assert cell(annex, "untso", "region").spans == cell(annex, "unifil", "region").spans
    assert cell(annex, "total", "deployed_total").table_name == "personnel_totals"


# What may vary.


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("NAVO oostflank (separate VGR) 561 1790 1790", "NAVO oostflank (Separate  VGR) 561 1.790 1.790"),
        ("NAVO oostflank (separate VGR) 561", "NAVO oostflank\u00a0( separate\u2009VGR )\u00a0561"),
        ("3 + 2 16", "3+2 16"),
        ("3 + 2 16", "3\u00a0+\u00a02  16"),
        ("‘Prosperity Guardian’) 3", "'Prosperity Guardian') 3"),
        ("UNIFIL 1 2 2", "   UNIFIL\t1  2\u00a02   "),
        ("UNDOF12 2 1 1", "UNDOF 12 2 1 1"),
        ("USSC 4 313 8", "USSC 4 3 13 8"),
        ("UNDOF12 2 1 1", "UNDOF 2 112 1"),
        ("UNDOF12", "UNDOF"),
        ("Midden-Oosten overige missies", "MIDDEN-OOSTEN OVERIGE MISSIES"),
        ("Afrika", "Afrika "),
    ],
)
def test_print_that_varies_is_read_the_same(old: str, new: str) -> None:
    assert figures(read(changed(old, new))) == REAL


def test_lines_may_break_anywhere_in_a_row() -> None:
    lines = changed(
        "CMF (incl OP ‘Prosperity Guardian’) 3 + 2 16 16", "CMF (incl OP|‘Prosperity|Guardian’) 3 +|2 16|16"
    )
    broken = [part for line in lines for part in line.split("|")]
    broken = [part for line in broken for part in line.replace("Totaal 1510 ", "Totaal|1510 ").split("|")]
    annex = read([part for line in broken for part in (line, "", " ")])
    assert figures(annex) == REAL
    assert cell(annex, "cmf", "frame_military").as_printed == "3 + 2"
    assert [s.line for s in cell(annex, "cmf", "frame_military").spans] == [55, 58]


def test_rows_may_stand_in_any_order() -> None:
    backward = [
        *HEADER,
        *(line for line in reversed(TABLE[3:-1]) if line not in _WRAPPED),
        *_WRAPPED,
        TABLE[-1],
    ]
    assert figures(read(backward)) == REAL


_WRAPPED = [TABLE[7], TABLE[8], TABLE[17], TABLE[18]]


@pytest.mark.parametrize("first", [1, 4, 7, 9, 10, 20, 99])
def test_footnotes_may_have_other_numbers(first: int) -> None:
    lines = changed("UNDOF12", f"UNDOF{first}")
    lines = changed("VPD14", f"VPD{first + 2}", changed("313", f"3{first + 1}", lines))
    annex = read(lines, (first, first + 1, first + 2))
    assert figures(annex) == REAL
    assert [note for note, _ in annex.markers] == [first, first + 1, first + 2]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("Politie Totaal", "Politie Totaal12", 3),
        ("EUROPA", "EUROPA12", 4),
        ("Totaal 1510", "Totaal12 1510", 27),
        ("Totaal 1510 ", "Totaal 151012 ", 27),
        ("EUFOR Althea (", "EUFOR Althea12 (", 6),
        ("EUFOR Althea (separate VGR)", "EUFOR Althea (separate VGR)12", 6),
        ("UNTSO 12 32 32", "UNTSO 12 3212 32", 12),
    ],
)
def test_a_mark_may_stand_anywhere(old: str, new: str, line: int) -> None:
    annex = read(changed(old, new, changed("UNDOF12", "UNDOF")))
    assert figures(annex) == REAL
    assert annex.totals[0]["frame_military"] == 1510
    assert (12, line) in annex.markers


def test_a_header_is_repeated_on_the_next_page() -> None:
    at = TABLE.index("Afrika")
    annex = read([*TABLE[:at], "Pagina 19 van 20", *HEADER, *TABLE[at:]])
    assert figures(annex) == REAL


def test_a_row_without_figures_is_a_row() -> None:
    annex = read([*HEADER, "UNIFIL", "UNDOF (Golan) 1 2 3 4 7", "UNTSO", "Totaal 1 2 3 4 7"], ())
    assert figures(annex)["unifil"] == figures(annex)["untso"] == (None,) * 5
    assert not annex.rows[0]["inferred"]
    assert annex.rows[0]["region_as_printed"] is None


def test_totals_with_empty_cells_are_placed_too() -> None:
    annex = read([*HEADER, "UNIFIL 1 20 20", "UNDOF 3 7 4 11", "Totaal 4 27 4 31"], ())
    assert figures(annex) == {"unifil": (1, None, 20, None, 20), "undof": (3, None, 7, 4, 11)}
    assert cell(annex, "total", "frame_civil_police").derivation == ("empty by inference",)


def test_what_adds_up_is_decided_even_for_civil_experts_alone() -> None:
    annex = read([*HEADER, "UNIFIL 50 70 70", "UNDOF 3 5 5", "Totaal 50 3 70 5 75"], ())
    assert figures(annex)["undof"] == (None, 3, None, 5, 5)


def test_a_figure_that_contradicts_the_sums_is_read_as_printed() -> None:
    annex = read(changed("MINUSMA 5 10 10 11 21", "MINUSMA 5 10 10 11 12"))
    assert figures(annex) == {**REAL, "minusma": (5, 10, 10, 11, 12)}
    annex = read(changed("GPOI 4 6 6", "GPOI 4 6 8"))
    assert figures(annex) == {**REAL, "gpoi": (4, None, 6, None, 8)}


# Refusals.


def test_a_tie_is_refused_with_its_alternatives() -> None:
    problems = refused([*HEADER, "UNIFIL 1 2 2", "UNDOF 1 2 2", "Totaal 1 1 2 2 4"], ())
    assert [type(problem) for problem in problems] == [UndecidedError, UndecidedError]
    first = problems[0]
    assert isinstance(first, UndecidedError)
    assert (first.mission_id, first.line, first.page) == ("unifil", 4, 1)
    readings = {tuple(reading[column] for column in COLUMNS) for reading in first.alternatives}
    assert readings == {(f, g, a, b, 2) for f, g in ((1, None), (None, 1)) for a, b in ((2, None), (None, 2))}


def test_the_declaration_that_a_refusal_prints_settles_the_row(tmp_path: Path) -> None:
    lines = [*HEADER, "UNIFIL 1 2 2", "UNDOF 1 2 2", "Totaal 1 1 2 2 4"]
    (first, _) = refused(lines, ())
    for name in ("missions.toml", "layouts.toml"):
        shutil.copy(Path(registry.__file__).parent / name, tmp_path)
    (tmp_path / "readings.toml").write_text((first.hint or "").partition("\n")[2], encoding="utf-8")
    (reading,) = registry.load(tmp_path).readings
    annex = read(lines, (), [reading])
    taken = tuple(reading.figures[column] for column in COLUMNS)
    assert figures(annex)["unifil"] == taken
    assert figures(annex)["undof"] == tuple(
        total - (value or 0) or None for total, value in zip((1, 1, 2, 2, 4), taken, strict=True)
    )
    assert cell(annex, "unifil", "deployed_total").derivation == ("declared",)
    assert not annex.rows[0]["inferred"]
    assert annex.rows[1]["inferred"]


def reading_of(mission_id: str, *values: int | None, sha: str = SHA, year: int = 2024) -> Reading:
    return Reading(year, sha, mission_id, dict(zip(COLUMNS, values, strict=True)), "seen")


def test_a_declared_reading_counts_for_its_document_only() -> None:
    lines = [*HEADER, "UNIFIL 1 2 2", "UNDOF 1 2 2", "Totaal 1 1 2 2 4"]
    own = [reading_of("unifil", 1, None, 2, None, 2), reading_of("total", 1, 1, 2, 2, 4)]
    assert figures(read(lines, (), own))["undof"] == (None, 1, None, 2, 2)
    for other in (
        dataclasses.replace(own[0], source_sha256="0" * 64),
        dataclasses.replace(own[0], edition_year=2025),
    ):
        with pytest.raises(Problems):
            read(lines, (), [other])


@pytest.mark.parametrize(
    ("reading", "words"),
    [
        (reading_of("unifil", 2, None, 2, None, 2), "none of “UNIFIL” on line 11"),
        (reading_of("unifil", 1, 2, 2, None, 2), "none of “UNIFIL” on line 11"),
        (reading_of("houthi-strikes", 1, None, 2, None, 2), "declared for houthi-strikes"),
    ],
)
def test_a_declared_reading_must_be_one_of_its_row(reading: Reading, words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        read(TABLE, NOTES, [reading])


def test_a_declared_reading_can_choose_against_the_sums() -> None:
    annex = read(TABLE, NOTES, [reading_of("ussc", 4, 313, 8, 2, 10)])
    assert figures(annex) == {**REAL, "ussc": (4, 313, 8, 2, 10)}


@pytest.mark.parametrize(
    ("old", "new", "mission_id"),
    [
        ("313", "314", "ussc"),  # another note's number
        ("313", "315", "ussc"),  # no note's number: 315 is larger than the total, and 13 has no mark
        ("EUTM Mali", "EUTM Mali13", "ussc"),  # a second mark of the same note
        ("UNIFIL 1", "UNIFIL 3", "undof"),  # its 2 moved to civil/police would hide the error
        ("Totaal 1510", "Totaal 1466", "gpoi"),  # exactly one group of rows could make that
    ],
)
def test_what_sums_alone_would_decide_wrongly_is_refused(old: str, new: str, mission_id: str) -> None:
    problems = refused(changed(old, new))
    assert mission_id in {p.mission_id for p in problems if isinstance(p, UndecidedError)}


def test_a_lost_figure_is_refused_or_seen() -> None:
    for row in TABLE[3:-1]:
        words = row.split()
        if not words[-1].isdecimal():
            continue
        try:
            annex = read(changed(row, " ".join(words[:-1])))
        except Problems:
            continue
        assert figures(annex) == REAL, row


def test_a_contradictory_table_with_an_incomplete_totals_row_is_refused() -> None:
    problems = refused([*HEADER, "UNIFIL 249 865", "Totaal 249 249"], ())
    assert "contradicts itself" in str(problems[-1])


def test_parts_without_a_total_are_refused() -> None:
    problems = refused([*HEADER, "UNIFIL 1 2 30 4 34", "UNDOF 1 2 30 4", "Totaal 2 4 60 8 34"], ())
    assert "parts without a total" in str(problems[0])


def test_an_unknown_mission_comes_with_the_entry_to_add(tmp_path: Path) -> None:
    (problem,) = refused(changed("GPOI 4", "EUMAM Oekraïne (separate VGR) 4"))
    assert (problem.line, problem.page, problem.file) == (24, 1, "report.txt")
    assert "“EUMAM Oekraïne”" in problem.message
    assert problem.message.count("(") == 3  # three nearest spellings with their missions
    for name in ("layouts.toml", "readings.toml"):
        shutil.copy(Path(registry.__file__).parent / name, tmp_path)
    known = (Path(registry.__file__).parent / "missions.toml").read_text(encoding="utf-8")
    entry = (problem.hint or "").partition("\n")[2]
    (tmp_path / "missions.toml").write_text(f"{known}\n{entry}\n", encoding="utf-8")
    added = registry.load(tmp_path).find("EUMAM Oekraïne")
    assert added
    assert (added.id, added.region) == ("eumam-oekraine", "Afrika")


def test_all_problems_come_at_once() -> None:
    lines = changed("Diversen", "Elders", changed("GPOI", "GPOJ", changed("UNDOF12", "UNDOF\\12")))
    assert [problem.line for problem in refused(lines)] == [11, 24, 25]
    lines = changed("GPOI 4 6 6", "GPOJ 4 6 6", changed("UNIFIL 1", "UNIFIL 3"))
    problems = refused(lines)
    assert len(problems) > 1
    assert any("GPOJ" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("Diversen", "Elders", 25, "no region heading"),
        ("GPOI 4 6 6", "4 6 6", 23, "more figures than the 5 columns"),
        ("GPOI 4 6 6", "GPOI 4 6 6 6 6 6 6 6 6", 24, "more figures than the 5 columns"),
        ("GPOI 4 6 6", "GPOI 4 6 6 (schatting)", 24, "no row"),
        ("GPOI 4 6 6", "GPOI 4 6,5 6", 24, "GPOI 4 6,5"),
        ("GPOI 4 6 6", "UNIFIL 4 6 6", 24, "stands on line 10 already"),
        ("Totaal 1510 22 3454 29 3473", "Samen 1510 22 3454 29 3473", 1, "no totals row"),
    ],
)
def test_what_is_no_row_is_an_error(old: str, new: str, line: int, words: str) -> None:
    problem = refused(changed(old, new))[0]
    assert words in str(problem)
    assert problem.line == line
    assert problem.hint


def test_a_table_of_totals_only_is_refused() -> None:
    (problem,) = refused([*HEADER, TABLE[-1]])
    assert "no row of a mission" in problem.message


def test_rows_outside_header_and_totals_are_refused() -> None:
    late = refused(
        [*TABLE, "", "Reis Indo-Pacific (onder Operatie", "Prosperity Guardian) 1 2 2", "Totaal 1 1 1"]
    )
    assert [problem.line for problem in late] == [29, 31]
    early = refused(["UNIFIL 1 2 2", *TABLE])
    assert early[0].line == 1


def test_running_text_may_follow_the_totals_row() -> None:
    text = [
        "In deze tabel staan cijfers over 2023",
        "en 2024: 3454 militairen, van UNIFIL en UNDOF.",
        "UNIFIL",
    ]
    assert figures(read([*TABLE, *text])) == REAL


def test_an_unknown_header_comes_with_the_nearest_layout() -> None:
    (problem,) = refused(changed("Militair Civiel/Politie Militair", "Militair Civiel Politie Militair"))
    assert problem.line == 1
    assert "Militair Civiel Politie Militair" in problem.message
    assert "layout 2024" in problem.message
    assert "[[layout.personnel.groups]]" in (problem.hint or "")


def test_a_table_with_too_many_readings_is_refused() -> None:
    missions = [mission.name for mission in REGISTRY.missions if REGISTRY.find(mission.name)]
    sizes = [2**i % 997 + i for i in range(len(missions))]
    rows = [f"{name} {size} {size * 2} {size * 2}" for name, size in zip(missions, sizes, strict=True)]
    third = sum(sizes) // 3
    total = f"Totaal {sum(sizes) - third} {third} {sum(sizes) * 2 - third} {third} {sum(sizes) * 2}"
    (problem,) = refused([*HEADER, *rows, total], ())
    assert "more ways than can be compared" in problem.message
    assert problem.line == 4
