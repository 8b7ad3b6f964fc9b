"""Dates, durations, periods and figures: they round-trip, and what is not printed is not read."""

import calendar
import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.extract import durations, numerals
from pipelines.extract.durations import Duration, Grammar
from pipelines.extract.numerals import PrintedFigure
from schemas.dates import MONTHS, PrintedDate
from tests.support.cases import cases

GRAMMAR = Grammar(
    {"Onbepaald": "indefinite", "Doorlopend": "continuous"},
    ["optie"],
    ["verlening", "verlenging"],
    {"dag": "D", "dagen": "D", "maand": "M", "maanden": "M", "jaar": "Y"},
)


def until(day: datetime.date, extension: str | None = None, marker: int | None = None) -> Duration:
    return Duration("until", day, day, "day", extension, marker)


DAYS = st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31))
UNITS = st.sampled_from([("dagen", "D"), ("dag", "D"), ("maand", "M"), ("maanden", "M"), ("jaar", "Y")])


def printed(day: datetime.date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@given(DAYS, st.sampled_from(["day", "month", "year"]))
def test_dates_keep_their_precision(day: datetime.date, precision: str) -> None:
    month = day.month if precision != "year" else None
    date = PrintedDate(day.year, month, day.day if precision == "day" else None)
    assert durations.date(str(date)) == date
    assert date.first <= day <= date.last
    if precision == "day":
        assert date.first == date.last == day
    elif precision == "month":
        assert (date.last - date.first).days + 1 == calendar.monthrange(day.year, day.month)[1]


def test_a_month_gets_no_day() -> None:
    assert durations.date("augustus 2023") == PrintedDate(2023, 8)
    assert durations.date("31 March 2021") == PrintedDate(2021, 3, 31)
    assert durations.date("31 Juli 2025") == PrintedDate(2025, 7, 31)


@pytest.mark.parametrize(
    "text", ["31 juni 2024", "30 februari 2024", "29 februari 2023", "0 mei 2024", "mei 0000"]
)
def test_what_is_not_in_the_calendar_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="calendar"):
        durations.date(text)


@pytest.mark.parametrize(
    "text", ["", "mei", "31 juli", "31 juillet 2025", "31-07/2025", "31-7-25", "eind maart 2024", "20245"]
)
def test_other_words_are_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        durations.date(text)


@given(
    DAYS, st.none() | st.tuples(st.integers(1, 99), UNITS, st.sampled_from(["", " verlening", " verlenging"]))
)
def test_durations_round_trip(day: datetime.date, extension: tuple[int, tuple[str, str], str] | None) -> None:
    text, iso = printed(day), None
    if extension:
        count, (unit, letter), closing = extension
        text, iso = f"{text} + optie {count} {unit}{closing}", f"P{count}{letter}"
    assert GRAMMAR.duration(text) == until(day, iso)
    assert [match.group() for match in GRAMMAR.pattern.finditer(f"is op {text} en {text}")] == [text, text]


@cases("text", "said")
def test_durations_as_printed(text: str, said: dict[str, Any]) -> None:
    assert GRAMMAR.duration(text) == (until if "day" in said else Duration)(**said)


@cases("text", "status", "first", "last", "precision", nested=tuple)
def test_no_day_is_made_up(
    text: str, status: str, first: tuple[int, int, int], last: tuple[int, int, int] | None, precision: str
) -> None:
    end = datetime.date(*last) if last else None
    assert GRAMMAR.duration(text) == Duration(status, datetime.date(*first), end, precision)
    assert GRAMMAR.duration(text).end is None


NO_DURATION = """
    2023|13 mei|eind|31 juni 2024|31-02-2023|13-13-2023|30-6-23|30-06/2023|Onbekend|Onbepaald tot 2025||
    vanaf 1 mei 2023|31 december 2023 - 1 mei 2022|31 juli 2025 5|30 november en 28 februari 2020|
    31 december 2020 (verlenging in 2021)|31 juli 2025 (5)|31 maart 2020 IRINI
"""


@pytest.mark.parametrize("text", [part.strip() for part in NO_DURATION.split("|")])
def test_what_is_not_one_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a duration|calendar"):
        GRAMMAR.duration(text)


@given(st.text("0123456789-./ tmeijundopsvlrb(),;–", max_size=24))
def test_every_day_of_a_duration_is_a_printed_one(text: str) -> None:
    try:
        said = GRAMMAR.duration(text)
    except ValueError:
        return
    assert said.end is None or str(said.end.year) in text or (said.end.month, said.end.day) == (12, 31)
    assert not (said.low and said.high) or said.low <= said.high


def test_a_layout_without_such_words_knows_days_only() -> None:
    bare = Grammar({}, [], [], {})
    assert bare.duration("31 juli 2025") == until(datetime.date(2025, 7, 31))
    with pytest.raises(ValueError, match="not a duration"):
        bare.duration("31 juli 2025 + optie 1 jaar")


@given(DAYS, DAYS, st.sampled_from(["t/m", "tot en met", "-", "–"]))
def test_periods_round_trip(one: datetime.date, other: datetime.date, between: str) -> None:
    start, end = min(one, other), max(one, other)
    assert durations.period(f"{printed(start)} {between} {printed(end)}") == (start, end)
    assert durations.find_period(f"Totale inzet {printed(start)} {between} {printed(end)}") == (start, end)


@cases("text", "start", "end", nested=tuple)
def test_periods_as_printed(text: str, start: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    expected = (datetime.date(*start), datetime.date(*end))
    assert durations.period(text) == expected
    assert durations.find_period(f"in {text}") == expected
    assert durations.ends_in_period(f"in {text}")


@pytest.mark.parametrize("text", ["mei", "", "mei 2023 t/m", "t/m april 2024"])
def test_what_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="not a period"):
        durations.period(text)


def test_a_period_does_not_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        durations.period("mei 2024 t/m april 2023")


def test_no_period_is_chosen_from_several() -> None:
    assert durations.find_period("2018 en 2020") is None
    assert durations.find_period("1 mei 2023 of 1 mei 2024") is None
    assert durations.find_period("per missie") is None
    assert not durations.ends_in_period("mei 2023 t/m")


# Figures.

NUMBERS = st.integers(0, 999_999_999)


@given(NUMBERS)
def test_a_number_comes_back_with_and_without_dots_for_thousands(value: int) -> None:
    assert numerals.whole(str(value)) == numerals.whole(f"{value:,}".replace(",", ".")) == value


NOT_NUMBERS = "| |007|01|1.79|1.7900|17.90|.790|1.|1,790|1  790|1 79|1\u20031790|-5|+5|5.0|½"


@pytest.mark.parametrize("text", NOT_NUMBERS.split("|"))
def test_what_is_not_a_number(text: str) -> None:
    assert numerals.whole(text) is None
    assert numerals.addends(text) is None


@pytest.mark.parametrize("text", ["1234567890", "1.234.567.890", "٣"])
def test_what_the_contract_cannot_hold_or_the_report_never_prints(text: str) -> None:
    assert numerals.whole(text) is None


@given(st.lists(NUMBERS, min_size=1, max_size=4), st.sampled_from(["+", " + ", "+ ", "\u00a0+\u2009"]))
def test_a_printed_sum_keeps_its_parts(values: list[int], plus: str) -> None:
    assert numerals.addends(plus.join(map(str, values))) == tuple(values)


@pytest.mark.parametrize("text", ["3 +", "+ 2", "3 + + 2", "3 2", "3 - 2", "3 + 02"])
def test_what_is_not_a_sum(text: str) -> None:
    assert numerals.addends(text) is None


@given(st.text(min_size=1), st.integers(1, 999))
def test_a_glued_mark_can_be_taken_off(body: str, note: int) -> None:
    assert (body, note) in numerals.marked(f"{body}{note}", [note])


def test_every_note_that_fits_is_offered() -> None:
    assert numerals.marked("313", [3, 13, 313, 4]) == [("31", 3), ("3", 13)]
    assert numerals.marked("UNDOF", [12]) == []


# What a cell of figures says.


@cases("text", "said")
def test_a_cell_says_what_it_prints(text: str, said: list[Any]) -> None:
    assert numerals.read_figure(text) == PrintedFigure(tuple(said[0]), *said[1:])


def test_a_word_that_a_line_s_end_breaks_is_one_word() -> None:
    assert numerals.spelled("gerubri-ceerd") == "gerubriceerd"
    assert numerals.spelled("2-4") == "2-4"
    assert numerals.spelled("zie-brief") == "zie-brief"


def test_a_ceiling_has_its_limit_as_its_value() -> None:
    assert numerals.read_figure("max. 7", ceiling=True) == PrintedFigure((7,), "at most")
    assert numerals.read_figure("2-4", ceiling=True) == PrintedFigure((), "range", 2, 4)


NOT_UNDERSTOOD = """
    1-2-3|12 14|2-|-2|07|012|1.79|1,790|1,79|0,5.5|0,0|IV|٣|2٣|2023-2024|4-2|5-5|min 5|max.|max. max. 7
    |<1|± 2-4|10 (4)|10 (11 pol.)|10 (excl. 4 pol.)|10 (2 rotaties)|10 (4 mei)|10 (pol.)|12*
    |een paar|1 1/2|~|?
"""


@pytest.mark.parametrize("text", [part.strip() for part in NOT_UNDERSTOOD.split("|")])
def test_what_may_mean_two_things_is_not_understood(text: str) -> None:
    assert numerals.read_figure(text) is None
    assert numerals.read_figure(text, ceiling=True) is None


@given(st.text("0123456789.,-–+<>±½() ²٣maxtoàenig*", max_size=9))
def test_no_value_but_of_the_printed_digits(text: str) -> None:
    said = numerals.read_figure(text)
    if said and said.parts and any(sign.isdigit() for sign in text):
        digits = text.partition("(")[0].replace(".", "").replace(" ", "")
        assert "+".join(map(str, said.parts)) == digits.strip("maxentiog<>±–-")
    if said and said.high is not None:
        assert not said.parts
        assert (said.low or 0) <= said.high
