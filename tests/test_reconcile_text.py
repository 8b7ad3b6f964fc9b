"""What a sentence is understood to say: numbers, counts, dates and events, and what is left unread."""

import datetime

from pipelines.model import Document, Line
from pipelines.reconcile import events, passages, statements
from pipelines.reconcile import text as dutch
from pipelines.reconcile.passages import Passage
from pipelines.reconcile.statements import Prose
from schemas.dates import reduced
from tests.support.cases import cases
from tests.support.reconciling import REGISTRY

NAMES = passages.Names(REGISTRY)
PERIOD = (datetime.date(2023, 5, 1), datetime.date(2024, 4, 30))


def passage(text: str, *missions: str, heading: str = "Militaire bijdrage") -> Passage:
    return Passage("sections", "3", heading, (heading,), missions, text, ((0, 1, 1, 0),))


def read(text: str, *missions: str) -> Prose:
    sentences = tuple(passages.sentences(passage(text, *missions)))
    return statements.read(sentences, NAMES, ["Afrika"], PERIOD)


def said(text: str, *missions: str) -> list[tuple[str | None, str, int, int]]:
    return [(s.mission_id, s.quantity, s.low, s.high) for s in read(text, *missions).statements]


@cases("word", "value")
def test_numbers(word: str, value: int | None) -> None:
    assert dutch.number(word) == value


def test_what_only_looks_like_a_number_is_none() -> None:
    text = "De top-vijf, de twee-statenoplossing, 10%, 3,5 procent, COVID-19 en een vijftal."
    assert [match[0] for match in dutch.NUMBERS.finditer(text) if dutch.number(match[0])] == []


@cases("text", "wanted", nested=(list, tuple))
def test_counts(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert said(text, "unifil") == [("unifil", *entry) for entry in wanted]


@cases("text", "wanted", nested=(list, tuple))
def test_an_average_is_not_who_were_sent(text: str, wanted: list[tuple[str, str | None]]) -> None:
    found = read(text, "unifil").statements
    assert [(one.quantity, one.qualifier) for one in found] == wanted
    assert not any(one.exact for one in found if "average" in (one.qualifier or ""))


def test_the_contribution_that_is_of_nobody_else_is_ours() -> None:
    def counts(text: str) -> list[int]:
        sentences = tuple(passages.sentences(passage(text, heading="UNDOF")))
        return [said.low for said in statements.read(sentences, NAMES, (), PERIOD).statements]

    assert counts("De bijdrage aan UNDOF bestaat uit twee stafofficieren.") == [2]
    assert counts("De bijdrage aan UNDOF van Ierland bestaat uit twee stafofficieren.") == []
    assert counts("De bijdrage van Ierland aan UNDOF bestaat uit twee stafofficieren.") == []


@cases("text")
def test_other_counts_are_left_unread(text: str) -> None:
    result = read(text, "unifil")
    assert result.statements == ()
    assert len(result.unread) == 1


def test_a_sentence_that_names_several_missions_is_not_guessed_at() -> None:
    text = (
        "De Nederlandse bijdrage aan EUTM Mali telde vier militairen en die aan EUFOR Althea 12 militairen."
    )
    assert said(text) == [(None, "rotation_military", 4, 4), ("eufor-althea", "rotation_military", 12, 12)]
    assert said("Nederland levert momenteel vier militairen.", "unifil", "undof") == [
        (None, "rotation_military", 4, 4)
    ]


def test_totals_of_the_edition_stand_under_no_mission_and_no_region() -> None:
    text = "In totaal zijn in deze periode 3.483 militairen en civiele experts uitgezonden."
    assert [s.pattern for s in read(text).statements] == [statements.EDITION]
    assert [s.pattern for s in read(text, "unifil").statements] == [statements.IN_PERIOD]
    assert read(text.replace("3.483", "gemiddeld 3.483")).statements == ()
    assert read(f"In Afrika geldt: {text[0].lower()}{text[1:]}").statements == ()


@cases("text", "event", "date", "precision")
def test_events(text: str, event: str, date: str, precision: str) -> None:
    (found,) = events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES)
    assert (found.mission_id, found.event) == ("unifil", event)
    assert (reduced(found.date.low, precision), found.date.precision) == (date, precision)
    assert reduced(found.date.high, precision) == date
    assert found.date.date == (found.date.low if precision == "day" else None)


@cases("text")
def test_what_is_denied_or_not_dated_is_no_event(text: str) -> None:
    assert events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES) == []


@cases("text", "reason")
def test_the_printed_reason_is_kept(text: str, reason: str | None) -> None:
    found = events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES)
    (ended,) = (event for event in found if event.date.low.year == 2024)
    assert (ended.reason.text if ended.reason else None) == reason


@cases("text", "event")
def test_a_note_that_one_row_marks_says_when_its_mission_ended(text: str, event: str | None) -> None:
    place = {"source_page": 1, "source_line": 1}
    rows = [{"mission_id": "unifil", "footnotes": [4]}, {"mission_id": "untso", "footnotes": [5]}]
    note = {"edition_year": 2024, "scope": "personnel", "number": 4, "text": text}
    note |= place
    document = Document("a.txt", "", "text", (Line(1, 1, f"4 {text}"),), (None, None))
    (passage,) = passages.read([], [note], rows, document)
    (shared,) = passages.read([], [note], [{**row, "footnotes": [4]} for row in rows], document)
    (remark,) = _remarks(text)
    for one in (passage, remark):
        found = events.read([*passages.sentences(one)], NAMES)
        ended = [(each.mission_id, each.event) for each in found if each.mission_id == "unifil"]
        assert ended == ([("unifil", event)] if event else [])
    assert events.read([*passages.sentences(shared)], NAMES) == []


def _remarks(text: str) -> list[Passage]:
    cell = {"column_name": "remark", "row_key": "unifil", "as_printed": text}
    return [*passages.remarks([{**cell, "source_page": 1, "source_line": 1}])]


@cases("text", "ended")
def test_a_remark_that_is_a_last_day_of_the_period_ends_the_contribution(text: str, ended: bool) -> None:
    (remark,) = _remarks(text)
    found = events.read([*passages.sentences(remark)], NAMES, PERIOD)
    assert [event.event for event in found] == [events.ENDED] * ended


def test_dates_are_no_more_precise_than_printed() -> None:
    found = list(dutch.find_dates("Op 31 februari 2024, in augustus 2023, op 7 oktober en op 3 mei 2024."))
    assert [(date.as_printed, date.precision) for date in found] == [
        ("augustus 2023", "month"),
        ("3 mei 2024", "day"),
    ]


def test_sentences_end_at_full_stops_but_not_at_abbreviations() -> None:
    text = "Zie Kamerstuk 29521, nr. 446 van d.d. 1 mei. Zr.Ms. Tromp voer uit.4 Daarna kwam niets."
    assert len(list(passages.sentences(passage(text)))) == 3


@cases("text", "mission")
def test_an_end_is_of_the_mission_that_the_sentence_is_about(text: str, mission: str | None) -> None:
    passage = Passage("sections", "2", "ISAF", ("ISAF", "Afghanistan"), ("isaf",), text, ((0, 1, 1, 0),))
    found = events.read([*passages.sentences(passage)], NAMES)
    assert [event.mission_id for event in found] == ([mission] if mission else [])


def test_lines_of_a_pdf_are_those_of_their_page() -> None:
    texts = [
        "Nederland stopt met UNDOF.",
        "Wat volgt.",
        "2 De bijdrage aan UNDOF is op",
        "1 mei 2024 beëindigd.",
    ]
    lines = tuple(Line(at, 1 + at // 3, words, 1 + (at - 1) % 2) for at, words in enumerate(texts, 1))
    note = {"scope": "personnel", "number": 2, "sign": None, "source_page": 2, "source_line": 1}
    note["text"] = "De bijdrage aan UNDOF is op 1 mei 2024 beëindigd."
    (read,) = passages.read([], [note], [], Document("a.pdf", "", "pdf", lines, (None, None)))
    place = read.place(0, len(read.text))
    assert (place.page, place.line, place.line_end) == (2, 1, 2)
