"""The grammar of figures: what is printed comes back, what is no figure is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract import numerals

NUMBERS = st.integers(0, 999_999_999)


@given(NUMBERS)
def test_a_plain_number_comes_back(value: int) -> None:
    assert numerals.whole(str(value)) == value


@given(NUMBERS)
def test_a_number_with_dots_for_thousands_comes_back(value: int) -> None:
    assert numerals.whole(f"{value:,}".replace(",", ".")) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "007", "01", "1.79", "1.7900", "17.90", ".790", "1.", "1,790", "1 790", "-5", "+5", "5.0", "½"],
)
def test_no_number(text: str) -> None:
    assert numerals.whole(text) is None
    assert numerals.addends(text) is None


@pytest.mark.parametrize("text", ["1234567890", "1.234.567.890", "٣"])
def test_what_the_contract_cannot_hold_or_the_report_never_prints(text: str) -> None:
    assert numerals.whole(text) is None


@given(st.lists(NUMBERS, min_size=1, max_size=4), st.sampled_from(["+", " + ", "+ ", "\u00a0+\u2009"]))
def test_a_printed_sum_keeps_its_parts(values: list[int], plus: str) -> None:
    assert numerals.addends(plus.join(map(str, values))) == tuple(values)


@pytest.mark.parametrize("text", ["3 +", "+ 2", "3 + + 2", "3 2", "3 - 2", "3 + 02"])
def test_no_sum(text: str) -> None:
    assert numerals.addends(text) is None


@given(st.text(min_size=1), st.integers(1, 999))
def test_a_glued_mark_can_be_taken_off(body: str, note: int) -> None:
    assert (body, note) in numerals.marked(f"{body}{note}", [note])


def test_every_note_that_fits_is_offered() -> None:
    assert numerals.marked("313", [3, 13, 313, 4]) == [("31", 3), ("3", 13)]
    assert numerals.marked("UNDOF", [12]) == []
