"""Cells that are not a plain figure or date, from a page to the tables: what is certain, and nothing more."""

import datetime
from typing import Any

import pytest

from tests import test_row_roles as small

ROWS: list[small.Cells] = [
    ("EUROPA",),
    ("NAVO oostflank*", "max. 561", "", "± 1.790", "", "± 1.790"),
    ("EUFOR Althea", "naar behoefte", "", "2-4", "één", "3-5"),
    ("Afrika",),
    ("MINUSMA", "5", "10", "10 (4 pol.)", "11*", "21"),
    ("EULPC Libië", "–", "0,5", "", "geen", "geen"),
]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    below = "* Met inbegrip van de staf in het hoofdkwartier."
    return dict(small.read(small.as_pdf(ROWS, ("tot nader order", "eind juni 2024"), below)))


def test_a_row_has_the_figures_that_are_certain(found: dict[str, Any]) -> None:
    assert small.missions(found) == {
        "nato-oostflank": (561, None, None, None, None),
        "eufor-althea": (None, None, None, 1, None),
        "minusma": (5, 10, 10, 11, 21),
        "eulpc-libie": (None, None, None, 0, 0),
    }
    assert [row["exact"] for row in found["personnel"]] == [False, False, True, False]
    assert found["personnel_totals"] == []
    assert [one for one in found["findings"] if one["rule"] == "row_total"] == []


def test_a_cell_keeps_its_words_and_bounds(found: dict[str, Any]) -> None:
    cells = {
        cell["as_printed"]: (cell["value_integer"], cell["qualifier"], cell["value_low"], cell["value_high"])
        for cell in found["cells"]
        if cell["table_name"] == "personnel" and cell["qualifier"]
    }
    assert cells == {
        "max. 561": (561, "at most", None, None),
        "± 1.790": (None, "about", None, None),
        "naar behoefte": (None, "as needed", None, None),
        "2-4": (None, "range", 2, 4),
        "3-5": (None, "range", 3, 5),
        "10 (4 pol.)": (10, "of which", None, None),
        "0,5": (None, "part-time", 0, 1),
        "geen": (0, "none", None, None),
    }


def test_a_sign_is_a_footnote_of_its_table(found: dict[str, Any]) -> None:
    (note,) = [note for note in found["footnotes"] if note["scope"] == "personnel"]
    assert (note["sign"], note["text"][:13]) == ("*", "Met inbegrip ")
    marked = [row["mission_id"] for row in found["personnel"] if row["footnotes"] == [note["number"]]]
    assert marked == ["nato-oostflank", "minusma"]


def test_a_mandate_ends_on_no_day_that_is_not_printed(found: dict[str, Any]) -> None:
    for row in found["mandates"]:
        assert row["international_mandate_status"] == "until further notice"
        assert row["national_frame_as_printed"] == "eind juni 2024"
        assert row["national_frame_end"] is None
        days = [row[f"national_frame_{end}"] for end in ("from", "to")]
        assert days == [datetime.date(2024, 6, 1), datetime.date(2024, 6, 30)]
        assert row["national_frame_precision"] == "month"
