"""Rows of annex 2 that are not missions: subtotals, totals on top or absent, parts, lines of text.

Each small report is made as a PDF and as a text. Whatever its rows are, the figures of its missions are those
that are printed, or it is refused with the row that is not decided.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from pipelines.extract import read as extract
from pipelines.extract import tables
from pipelines.extract.pdf.area import folded
from pipelines.extract.pdf.rows import names_sum
from pipelines.model import Edition
from pipelines.reconcile import check
from schemas import registry
from schemas.errors import JvomError
from schemas.registry import Facts, Registry
from tests.renditions import of_html
from tests.support.html import MANDATES, edition
from tests.support.rendering import COLUMNS, REGISTRY
from tests.support.reports import ANNEX_1, refused, report, source_of

Cells = tuple[str, ...]
Rows = list[dict[str, Any]]
Make = Callable[[Sequence[Cells]], bytes]

EUROPE: list[Cells] = [
    ("EUROPA",),
    ("NAVO oostflank", "561", "", "1.790", "", "1.790"),
    ("EUFOR Althea", "167", "", "437", "", "437"),
]
AFRICA: list[Cells] = [
    ("Afrika",),
    ("MINUSMA", "5", "10", "10", "11", "21"),
    ("EULPC Libië", "", "1", "", "1", "1"),
    ("GPOI", "4", "", "6", "", "6"),
]
TOTAL = ("Totaal", "737", "11", "2.243", "12", "2.255")
OTHER = ("Diversen", "1", "1", "1", "1", "2")
WRONG = ("9", "11", "17", "12", "29")
OF_EUROPE, OF_AFRICA = ("728", "", "2.227", "", "2.227"), ("9", "11", "16", "12", "28")
MISSIONS = {
    "nato-oostflank": (561, None, 1790, None, 1790),
    "eufor-althea": (167, None, 437, None, 437),
    "minusma": (5, 10, 10, 11, 21),
    "eulpc-libie": (None, 1, None, 1, 1),
    "gpoi": (4, None, 6, None, 6),
}
EUROPEAN, AFRICAN = list(MISSIONS)[:2], list(MISSIONS)[2:]
HEADING = "Bijlage 2 Totale inzet mei 2023 t/m april 2024"


FOLDER = Path(registry.__file__).parent


def as_pdf(
    rows: Sequence[Cells],
    ends: tuple[str, str] = ("Onbepaald", "31 december 2024"),
    below: str = "",
    others: str = "Civiel/Politie",
) -> bytes:
    """A small report: `ends` of mandate and frame of both missions of annex 1, `below` the last table.

    `others` heads the columns of those who are not military.
    """

    mandates = [
        MANDATES[0],
        *((*row, "VNVR-resolutie 2677", *ends) for row in (("Afrika", "UNMISS"), ("Diversen", "VPD"))),
    ]
    return edition(rows, mandates, below, heading=HEADING, others=others)


def as_text(rows: Sequence[Cells]) -> bytes:
    header = [
        "Missie",
        "Nationale kaders Ingezet personeel",
        "Militair Civiel/Politie Militair Civiel/Politie Totaal",
    ]
    lines = [" ".join(cell or "-" for cell in row) if len(row) > 1 else row[0] for row in rows]
    return report(annex_1=list(ANNEX_1), annex_2=[HEADING, *header, *lines]).encode()


def read(data: bytes, facts: Registry = REGISTRY) -> Mapping[str, Rows]:
    source = source_of(data)
    document = extract.parse(data, source)
    found = tables.read(document, source, Edition(2024), facts)
    rules = check(found, facts, document)
    return {**{name: one.to_pylist() for name, one in found.items()}, "findings": rules.findings}


def missions(found: Mapping[str, Rows]) -> dict[str, tuple[int | None, ...]]:
    return {row["mission_id"]: tuple(row[column] for column in COLUMNS) for row in found["personnel"]}


def others(found: Mapping[str, Rows]) -> dict[str, list[str]]:
    """What cells say of the rows that are neither missions nor the totals."""
    return {
        cell["row_key"]: cell["equalities"]
        for cell in found["cells"]
        if cell["table_name"].startswith("personnel") and ":" in cell["row_key"]
    }


def sums(keys: Sequence[str]) -> list[str]:
    return [f"sums: {', '.join(keys)}"]


both = pytest.mark.parametrize("make", [as_pdf, as_text])


@both
@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*EUROPE, *AFRICA, TOTAL], {}),
        (
            [*EUROPE, ("Subtotaal Europa", *OF_EUROPE), *AFRICA, ("Totaal Afrika", *OF_AFRICA), TOTAL],
            {"subtotal:europa": sums(EUROPEAN), "subtotal:afrika": sums(AFRICAN)},
        ),
        (
            [*EUROPE, ("Te transporteren", *OF_EUROPE), ("Transport", *OF_EUROPE), *AFRICA, TOTAL],
            {"subtotal:europa": sums(EUROPEAN), "subtotal:europa-2": sums(EUROPEAN)},
        ),
        ([*EUROPE, ("Subtotaal", *OF_EUROPE), *AFRICA, TOTAL], {"subtotal:europa": sums(EUROPEAN)}),
        (
            [*EUROPE, ("Totaal", *OF_EUROPE), *AFRICA, ("Totaal", *OF_AFRICA), ("Eindtotaal", *TOTAL[1:])],
            {"subtotal:europa": sums(EUROPEAN), "subtotal:afrika": sums(AFRICAN)},
        ),
        (
            [("EUROPA", *OF_EUROPE), *EUROPE[1:], ("Afrika", *OF_AFRICA), *AFRICA[1:], TOTAL],
            {"subtotal:europa": sums(EUROPEAN), "subtotal:afrika": sums(AFRICAN)},
        ),
        (
            [*EUROPE, *AFRICA[:2], ("waarvan vrouwen", "", "", "2", "1", "3"), *AFRICA[2:], TOTAL],
            {"of_which:minusma:waarvan-vrouwen": ["part of: minusma"]},
        ),
        (
            [*EUROPE, *AFRICA, TOTAL, ("w.v. vrouwen", "", "", "20", "4", "24")],
            {"of_which:total:w-v-vrouwen": ["part of: total"]},
        ),
        ([*EUROPE, ("Stand per 30 april 2024",), *AFRICA, TOTAL], {"text:1": []}),
        ([TOTAL, *EUROPE, *AFRICA], {}),
        ([*EUROPE, *AFRICA, ("TOTAAL", *TOTAL[1:])], {}),
        ([*EUROPE, *AFRICA, ("Totaal generaal:", *TOTAL[1:])], {}),
    ],
)  # fmt: skip
def test_rows_that_are_no_missions_have_their_roles(
    make: Make, rows: list[Cells], said: dict[str, list[str]]
) -> None:
    found = read(make(rows))
    assert missions(found) == MISSIONS
    assert {row["region_as_printed"] for row in found["personnel"]} == {"EUROPA", "Afrika"}
    assert [tuple(row[column] for column in COLUMNS) for row in found["personnel_totals"]] == [
        (737, 11, 2243, 12, 2255)
    ]
    assert others(found) == said
    assert not [one for one in found["findings"] if one["rule"].endswith("total")]


def test_a_region_of_one_mission_carries_its_sum_where_others_do() -> None:
    vpd = ("VPD", "121", "", "163", "", "163")
    rows = [
        ("EUROPA", *OF_EUROPE),
        *EUROPE[1:],
        ("Afrika", *OF_AFRICA),
        *AFRICA[1:],
        ("Diversen", *vpd[1:]),
        vpd,
    ]
    found = read(as_pdf([*rows, ("Totaal", "858", "11", "2.406", "12", "2.415")]))  # 2,418 less 3
    assert missions(found) == {**MISSIONS, "vpd": (121, None, 163, None, 163)}
    assert others(found)["subtotal:diversen"] == sums(["vpd"])
    assert {one["rule"] for one in found["findings"]} >= {"column_total", "grand_total"}


def test_totals_that_are_not_printed_are_not_made_up() -> None:
    found = read(as_pdf([*EUROPE, ("Subtotaal Europa", *OF_EUROPE), *AFRICA]))
    assert (missions(found), found["personnel_totals"]) == (MISSIONS, [])


def test_columns_that_the_totals_leave_out_are_read_by_their_places() -> None:
    found = read(as_pdf([*EUROPE, *AFRICA, ("Totaal", "", "", *TOTAL[3:])]))
    assert missions(found) == MISSIONS
    assert [tuple(row[column] for column in COLUMNS) for row in found["personnel_totals"]] == [
        (None, None, 2243, 12, 2255)
    ]


def test_the_totals_of_a_table_of_both_annexes_are_no_mission_s() -> None:
    """A region at a page's end, one mission on the next page, and totals that have no mandate."""
    ends = ("VNVR-resolutie 2677", "Onbepaald", "31 december 2024")
    rows = [(name, *ends, *figures) for name, *figures in EUROPE[1:]]
    html = (
        "<html lang=nl><style>td { border: 1px solid; font-size: 8pt } thead { break-after: avoid }</style>"
        f"<h2>{HEADING}</h2><table><thead><tr><td rowspan=2>Missie<td rowspan=2>Rechtsbasis"
        "<td rowspan=2>Mandaat<td rowspan=2>Nationaal besluit tot<td colspan=2>Kader<td colspan=3>Ingezet"
        "</tr><tr><td>Militair<td>Civiel/Politie<td>Militair<td>Civiel/Politie<td>Totaal</tr></thead>"
        f"<tr><td colspan=9>EUROPA</tr><tr><td>{'<td>'.join(rows[0])}</tr><tr><td colspan=9>Diversen</tr>"
        f"<tr style='break-before: page'><td>{'<td>'.join(('VPD', *rows[1][1:]))}</tr>"
        "<tr><td colspan=4>Totaal<td>728<td><td>2.227<td><td>2.227</tr></table>"
    )
    found = read(of_html(html))
    assert [(row["mission_as_printed"], row["region_as_printed"]) for row in found["mandates"]] == [
        ("NAVO oostflank", "EUROPA"),
        ("VPD", "Diversen"),
    ]
    assert missions(found) == {"nato-oostflank": MISSIONS["nato-oostflank"], "vpd": MISSIONS["eufor-althea"]}


def test_police_alone_is_printed_and_is_the_contract_s_figure_too() -> None:
    found = read(as_pdf([*EUROPE, *AFRICA, TOTAL], others="Politie"))
    assert missions(found) == MISSIONS
    of_minusma = {one["column_name"]: one for one in found["cells"] if one["row_key"] == "minusma"}
    assert of_minusma["deployed_police"]["as_printed"] == "11"
    assert of_minusma["deployed_police"]["spans"] == of_minusma["deployed_civil_police"]["spans"]


def test_a_table_without_totals_may_not_end_where_its_page_does() -> None:
    countries = [(f"Land {number}",) for number in range(30)]
    words = [("word", {"printed": name, "role": "row text"}) for (name,) in countries]
    facts = Facts.of(FOLDER).extended(words).registry()
    assert missions(read(as_pdf([*EUROPE, *countries, *AFRICA, TOTAL]), facts)) == MISSIONS
    with pytest.raises(JvomError, match="rows may be missing"):
        read(as_pdf([*EUROPE, *countries, *AFRICA]), facts)


@both
@pytest.mark.parametrize(
    ("rows", "word"),
    [
        # a subtotal that does not add up, one that its row of a region carries, a part larger than its whole
        ([*EUROPE, ("Subtotaal Europa", "728", "", "2.228", "", "2.228"), *AFRICA, TOTAL], "2228"),
        (
            [("EUROPA", *OF_EUROPE), *EUROPE[1:], ("Afrika", *WRONG), *AFRICA[1:], TOTAL],
            "17",
        ),
        ([*EUROPE, *AFRICA[:2], ("waarvan vrouwen", "", "", "12", "1", "13"), *AFRICA[2:], TOTAL], "12"),
        ([("Europa (totaal 2.228)",), *EUROPE[1:], *AFRICA, TOTAL], "2228"),
    ],
)  # fmt: skip
def test_a_sum_that_contradicts_its_rows_is_a_finding(make: Make, rows: list[Cells], word: str) -> None:
    found = read(make(rows))
    assert missions(found) == MISSIONS
    (first, *_) = [one for one in found["findings"] if one["rule"] == "subtotal"]
    assert word in first["message"]


@both
@pytest.mark.parametrize(
    ("rows", "why"),
    [
        # totals in the middle, twice, and a sum of nothing; a region that may be a mission
        ([*EUROPE, TOTAL, *AFRICA], "MINUSMA"),
        ([*EUROPE, *AFRICA, TOTAL, ("Totaal generaal", "738", "11", "2.244", "12", "2.256")], "missing"),
        ([*EUROPE, *AFRICA, ("Totaal EU-missies", "1", "2", "3", "4", "7"), TOTAL], "no rows beside it"),
        ([*EUROPE, ("Afrika", *WRONG), *AFRICA[1:], TOTAL], "not the sum of its rows"),
        ([*EUROPE, *AFRICA, OTHER, ("Totaal", "738", "12", "2.244", "13", "2.257")], "Diversen"),
    ],
)  # fmt: skip
def test_what_words_and_figures_leave_open_is_refused(make: Make, rows: list[Cells], why: str) -> None:
    assert any(why in problem.message for problem in refused(read, make(rows)))


def test_a_lump_of_missions_with_a_region_s_name_is_asked_for_as_a_mission() -> None:
    rows = [*EUROPE, *AFRICA[:-1], ("Overige missies", *AFRICA[-1][1:]), *AFRICA[-1:]]
    with pytest.raises(JvomError, match="the only row below it"):
        read(as_pdf(rows))  # without totals it may sum the row below
    with pytest.raises(JvomError, match="sum of no rows below it") as caught:
        read(as_pdf([*rows, ("Totaal", "741", "11", "2.249", "12", "2.261")]))
    assert [one.kind for one in caught.value.proposals] == ["mission"]


@both
def test_a_mission_with_the_name_of_a_region_is_a_mission(make: Make) -> None:
    known = (
        Facts.of(FOLDER).extended([("spelling", {"mission_id": "vpd", "spelling": "Diversen"})]).registry()
    )
    found = read(make([*EUROPE, *AFRICA, OTHER, ("Totaal", "738", "12", "2.244", "13", "2.257")]), known)
    assert missions(found) == {**MISSIONS, "vpd": (1, 1, 1, 1, 2)}
    ambiguous = make([*EUROPE, ("Azië",), ("Diversen", *OF_AFRICA), *AFRICA[1:], TOTAL])
    with pytest.raises(JvomError, match="has the name of a mission"):
        read(ambiguous, known)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([*EUROPE, *AFRICA, ("Samen", *TOTAL[1:])], ("Samen", "row total")),
        ([*EUROPE, ("Al deze landen", *OF_EUROPE), *AFRICA, TOTAL], ("Al deze landen", "row subtotal")),
        ([*EUROPE, ("Voorlopig per 1 mei",), *AFRICA, TOTAL], ("Voorlopig per 1 mei", "row text")),
    ],
)
def test_an_unknown_sum_or_line_is_offered_as_what_it_can_be(
    rows: list[Cells], word: tuple[str, str]
) -> None:
    (problem,) = refused(read, as_pdf(rows))
    (proposal,) = problem.proposals
    assert (proposal.kind, proposal.values["printed"], proposal.values["role"]) == ("word", *word)
    facts = Facts.of(FOLDER).extended([(proposal.kind, proposal.values)]).registry()
    assert missions(read(as_pdf(rows), facts)) == MISSIONS


@pytest.mark.parametrize(
    ("opening", "named"),
    [("Totaal", True), ("Eindtotaal", True), ("Som", True), ("Somalië", False), ("EUTM Somalië", False)],
)
def test_a_word_for_a_sum_is_a_word_to_its_end(opening: str, named: bool) -> None:
    words = [folded(word) for word in opening.split()]
    ends = set(accumulate(map(len, words)))
    assert any(names_sum("".join(words), ends, total) for total in ("totaal", "som")) is named
