"""Annex 2 with printed dashes for empty cells, and with the characters that typesetters leave behind."""

from __future__ import annotations

import pytest

from tests.annex_2 import HEADER, REAL, TABLE, cell, changed, figures, read

DASHES = ["–", "-", "—", "n.v.t.", "N.v.t.", "−"]


@pytest.mark.parametrize("dash", DASHES)
def test_a_dash_is_an_empty_cell(dash: str) -> None:
    annex = read(changed("UNTSO 12 32 32", f"UNTSO 12 {dash} 32 {dash} 32"))
    assert figures(annex) == REAL
    (row,) = [row for row in annex.rows if row["mission_id"] == "untso"]
    assert not row["inferred"]
    empty = cell(annex, "untso", "frame_civil_police")
    assert (empty.as_printed, empty.value, empty.derivation) == (dash, None, ("printed",))
    (span,) = empty.spans
    assert f"UNTSO 12 {dash} 32 {dash} 32"[span.char_start : span.char_end] == dash


def test_a_table_full_of_dashes_needs_no_inference() -> None:
    lines = ["UNIFIL 1 – 20 – 20", "UNDOF – 3 – 7 7", "UNTSO – – – – –", "Totaal 1 3 20 7 28"]
    annex = read([*HEADER, *lines], ())
    assert figures(annex) == {
        "unifil": (1, None, 20, None, 20),
        "undof": (None, 3, None, 7, 7),
        "untso": (None,) * 5,
    }
    assert not any(row["inferred"] for row in annex.rows)
    assert annex.totals[0]["deployed_total"] == 28


def test_dashes_may_stand_in_the_totals_row_and_be_marked() -> None:
    annex = read([*HEADER, "UNIFIL 1 –3 20 – 20", "Totaal 1 – 20 – 20"], (3,))
    assert figures(annex) == {"unifil": (1, None, 20, None, 20)}
    assert annex.totals[0]["frame_civil_police"] is None
    assert annex.markers == ((3, 4),)


def test_some_dashes_may_have_vanished() -> None:
    annex = read(changed("UNTSO 12 32 32", "UNTSO 12 – 32 32"))
    assert figures(annex) == REAL
    assert cell(annex, "untso", "frame_civil_police").as_printed == "–"
    assert cell(annex, "untso", "deployed_civil_police").derivation == ("empty by inference",)


def test_a_dash_in_a_name_is_no_cell() -> None:
    assert figures(read(changed("EMASOH 8 21 21", "EMASoH – AGENOR 8 21 21"))) == REAL
    lines = TABLE[: TABLE.index("EMASOH 8 21 21")]
    rest = TABLE[len(lines) + 1 :]
    assert figures(read([*lines, "EMASoH –", "AGENOR 8 21 21", *rest])) == REAL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Reis Indo-Pacific (onder", "Reis Indo-Pacifi\u00adc (onder"),
        ("Reis Indo-Pacific (onder", "Reis Indo-Paciﬁc (onder"),
        ("Reis Indo-Pacific (onder", "Reis Indo\u2011Pacific (onder"),
        ("EUNAVFOR ATALANTA 3 1", "EUNAVFOR\u2009ATALANTA\u202f3\u00a01"),
        ("EUNAVFOR Aspides 5", "EUNAV\u00adFOR Aspides\u20075"),
        ("GPOI 4 6 6", "GPOI\u200a4\u20026\u20036"),
        ("EULPC Libië", "EULPC Libie\u0308"),
        ("561 1790 1790", "561 1.790 1.790"),
    ],
)
def test_characters_of_typesetters_change_nothing(old: str, new: str) -> None:
    assert figures(read(changed(old, new))) == REAL
