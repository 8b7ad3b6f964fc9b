"""Annex 2 where it cannot be read: what is refused, what the refusal says, and how to settle it."""

import dataclasses
from pathlib import Path

import pytest

from pipelines.extract import answers, refusals
from pipelines.extract.refusals import UndecidedError
from schemas import proposals, registry
from schemas.errors import Problems, RegistryError
from schemas.registry import DeclaredReading
from tests.support.annex_2 import (
    HEADER,
    NOTES,
    REAL,
    TABLE,
    cell,
    changed,
    figures,
    line_of,
    read,
    reading_of,
    refused,
)
from tests.support.cases import cases
from tests.support.rendering import COLUMNS, REGISTRY
from tests.support.reports import read_document

FACTS = registry.Facts.of(Path(registry.__file__).parent)


def test_a_tie_is_refused_with_its_alternatives() -> None:
    problems = refused([*HEADER, "UNIFIL 1 2 2", "UNDOF 1 2 2", "Totaal 1 1 2 2 4"], ())
    assert [type(problem) for problem in problems] == [UndecidedError, UndecidedError]
    first = problems[0]
    assert isinstance(first, UndecidedError)
    assert (first.mission_id, first.line, first.page) == ("unifil", 4, 1)
    readings = {tuple(reading[column] for column in COLUMNS) for reading in first.alternatives}
    assert readings == {(f, g, a, b, 2) for f, g in ((1, None), (None, 1)) for a, b in ((2, None), (None, 2))}


def test_the_declaration_that_a_refusal_proposes_settles_the_row() -> None:
    lines = [*HEADER, "UNIFIL 1 2 2", "UNDOF 1 2 2", "Totaal 1 1 2 2 4"]
    (first, _) = refused(lines, ())
    (proposal,) = first.proposals
    assert proposal.is_open  # which reading is right a person has to say
    chosen = proposal.others[0]
    (reading,) = FACTS.extended([(chosen.kind, chosen.values)]).registry().readings
    annex = read(lines, (), [reading])
    taken = tuple(reading.figures[column] for column in COLUMNS)
    assert figures(annex)["unifil"] == taken
    assert figures(annex)["undof"] == tuple(
        total - (value or 0) or None for total, value in zip((1, 1, 2, 2, 4), taken, strict=True)
    )
    assert cell(annex, "unifil", "deployed_total").derivation == ("declared",)
    assert not annex.rows[0]["inferred"]
    assert annex.rows[1]["inferred"]


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
        (reading_of("unifil", 2, None, 2, None, 2), "does not fit “UNIFIL” on line 11"),
        (reading_of("unifil", 1, 2, 2, None, 2), "does not fit “UNIFIL” on line 11"),
        (reading_of("houthi-strikes", 1, None, 2, None, 2), "declared for houthi-strikes"),
    ],
)
def test_a_declared_reading_must_be_one_of_its_row(reading: DeclaredReading, words: str) -> None:
    with pytest.raises(RegistryError, match=words):
        read(TABLE, NOTES, [reading])


def test_a_declared_reading_can_choose_against_the_sums() -> None:
    annex = read(TABLE, NOTES, [reading_of("ussc", 4, 313, 8, 2, 10)])
    assert figures(annex) == {**REAL, "ussc": (4, 313, 8, 2, 10)}


@cases("old", "new", "mission_id")
def test_what_sums_alone_would_decide_wrongly_is_refused(old: str, new: str, mission_id: str) -> None:
    problems = refused(changed(old, new))
    assert mission_id in {p.mission_id for p in problems if isinstance(p, UndecidedError)}


def test_a_contradictory_table_with_an_incomplete_totals_row_is_refused() -> None:
    problems = refused([*HEADER, "UNIFIL 249 865", "Totaal 249 249"], ())
    assert "contradicts itself" in str(problems[-1])


def test_parts_without_a_total_are_refused() -> None:
    problems = refused([*HEADER, "UNIFIL 1 2 30 4 34", "UNDOF 1 2 30 4", "Totaal 2 4 60 8 34"], ())
    assert "parts without a total" in str(problems[0])


def test_an_unknown_mission_comes_with_the_entry_to_add() -> None:
    (problem,) = refused(changed("GPOI 4", "EUMM Georgië (separate VGR) 4"))
    assert (problem.line, problem.page, problem.file) == (line_of("GPOI"), 1, "report.txt")
    assert "“EUMM Georgië”" in problem.message
    assert problem.message.count("(") == 3  # three nearest spellings with their missions
    (proposal,) = problem.proposals
    assert proposal.values["organisation"] == "?"
    filled = {**proposal.values, "organisation": "EU"}
    added = FACTS.extended([("mission", filled)]).registry().find("EUMM Georgië")
    assert added
    assert (added.id, added.region) == ("eumm-georgie", "Afrika")


@cases("name", "kinds", "words")
def test_a_new_mission_is_proposed_only_for_what_may_be_one(name: str, kinds: list[str], words: str) -> None:
    (problem,) = refused(changed("GPOI 4 6 6", f"{name} 4 6 6"))
    assert [proposal.kind for proposal in problem.proposals] == kinds
    assert words in str(problem.hint) + proposals.text(problem.proposals)
    if len(kinds) > 1:  # a joint row: no new mission of unknown origin, but both, related
        assert not any(one.is_open for one in problem.proposals)
        FACTS.extended([(one.kind, one.values) for one in problem.proposals]).registry()


def test_a_refusal_over_letters_without_codes_proposes_nothing() -> None:
    """Wherever it says them: a header's letters are on other lines than the table's first."""
    document = read_document("Bijlage 1\nRe\ufffdhtsbasis\n")
    entry = answers.legal_basis("Re\ufffdhtsbasis 12")
    problem = refusals.at(document.lines[0], "“Re\ufffdhtsbasis” is not known", proposals=[entry])
    refusals.settle(problem, document, 2024)
    assert not problem.proposals
    assert "have no code in the file" in str(problem.hint)


def test_names_of_one_document_that_hold_a_known_name_are_missions_each() -> None:
    def first(*names: str) -> list[tuple[str, str]]:
        asked = [one for name in names for one in answers.mission(name, "Afrika", REGISTRY, 19)]
        apart = answers.told_apart(asked)
        settled = [apart.get(one.question, one) for one in asked]
        assert all({"spelling", "mission"} == {one.kind, one.others[0].kind} for one in settled)
        return [(one.kind, one.values.get("name") or one.values["mission_id"]) for one in settled]

    mali, niger = "EUCAP Sahel Mali", "EUCAP Sahel Niger"
    assert first(mali, niger) == [("mission", mali), ("mission", niger)]
    assert first(mali, f"{mali} (Bamako)") == [("spelling", "eucap-sahel")] * 2


@pytest.mark.parametrize(
    ("line", "offered"),
    [("Kaukasus", True), ("kader.", False), ("20 x", False)],
)
def test_a_region_is_offered_only_for_what_may_head_one(line: str, offered: bool) -> None:
    (problem,) = refused(changed("Diversen", line))
    assert [proposal.kind for proposal in problem.proposals] == ["region"] * offered


def test_all_problems_come_at_once() -> None:
    lines = changed("Diversen", "Elders", changed("GPOI", "GPOJ", changed("UNDOF12", "UNDOF\\12")))
    assert [problem.line for problem in refused(lines)] == [
        line_of("UNDOF"),
        line_of("GPOI"),
        line_of("Diversen"),
    ]
    lines = changed("GPOI 4 6 6", "GPOJ 4 6 6", changed("UNIFIL 1", "UNIFIL 3"))
    problems = refused(lines)
    assert len(problems) > 1
    assert any("GPOJ" in problem.message for problem in problems)


@cases("old", "new", "line", "words")
def test_what_is_no_row_is_an_error(old: str, new: str, line: str, words: str) -> None:
    (problem,) = [problem for problem in refused(changed(old, new)) if words in str(problem)]
    assert problem.line == line_of(line)
    assert problem.hint or problem.proposals


def test_what_is_wrong_with_one_row_is_told_without_the_rows_that_it_leaves_undecided() -> None:
    twice = changed("GPOI 4 6 6", "GPOI 4 6 6\nGPOI 4 6 6")
    (problem,) = refused([line for lines in twice for line in lines.split("\n")])
    assert "on line" in problem.message
    marked = refused(changed("UNTSO 12 32 32", "UNTSO XII 32 32"))
    assert {problem.line for problem in marked} == {line_of("UNTSO")}


def test_many_lines_that_are_no_row_are_shown_in_short() -> None:
    at = line_of("GPOI") - 1
    text = [f"Een regel tekst die hier niet hoort te staan, nummer {n} van drie" for n in (1, 2, 3)]
    lines = [*TABLE[:at], *text, *text, "in totaal 3", *TABLE[at:]]
    (problem,) = refused(lines)
    assert problem.line == at + 1
    assert "is not a row" in problem.message
    assert "…" in problem.message


def test_a_table_of_totals_only_is_refused() -> None:
    (problem,) = refused([*HEADER, TABLE[-1]])
    assert "no row of a mission" in problem.message


def test_rows_outside_header_and_totals_are_refused() -> None:
    late = refused(
        [*TABLE, "", "Reis Indo-Pacific (onder Operatie", "Prosperity Guardian) 1 2 2", "Totaal 1 1 1"]
    )
    assert [problem.line for problem in late] == [len(TABLE), len(TABLE) + 2]
    (late,) = refused([*TABLE, "", "UNIFIL 1 2 2"])
    assert (late.line, "looks like a row" in late.message) == (len(TABLE) + 2, True)
    early = refused(["UNIFIL 1 2 2", *TABLE])
    assert early[0].line == 1


def test_running_text_may_follow_the_totals_row() -> None:
    text = [
        "In deze tabel staan cijfers over 2023",
        "en 2024: 3454 militairen, van UNIFIL en UNDOF.",
        "UNIFIL",
    ]
    assert figures(read([*TABLE, *text])) == REAL


def test_a_table_with_too_many_readings_is_refused() -> None:
    sizes = [997 * number % 661 + 300 for number in range(len(REGISTRY.missions))]
    rows = [
        f"{mission.spellings[0]} {size} {2 * size} {2 * size}"
        for mission, size in zip(REGISTRY.missions, sizes, strict=True)
    ]
    total, civil = sum(sizes), sum(sizes[::2])
    totals = f"Totaal {total - civil} {civil} {2 * total - civil} {civil} {2 * total}"
    (problem,) = refused([*HEADER, *rows, totals], ())
    assert "more ways than can be compared" in problem.message
    assert problem.line == len(HEADER) + 1


def test_a_mark_on_the_last_word_of_a_name_is_no_odd_figure() -> None:
    lines = changed(
        "GPOI 4 6 6", "GPOI 4 6,5 6", changed("MINUSMA", "MINUSMA (Mali)14", changed("VPD14", "VPD"))
    )
    assert all("14" not in problem.message.partition(" is ")[0] for problem in refused(lines))
