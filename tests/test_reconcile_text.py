"""What a sentence is understood to say: numbers, counts, dates and events, and what is left unread."""

from __future__ import annotations

import datetime

import pytest

from pipelines.model import Document, Line
from pipelines.reconcile import events, passages, statements
from pipelines.reconcile import text as dutch
from pipelines.reconcile.passages import Passage
from pipelines.reconcile.statements import Prose
from schemas.dates import reduced
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


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("één", 1),
        ("Twaalf", 12),
        ("vijfentwintig", 25),
        ("tweeëntwintig", 22),
        ("honderdvijf", 105),
        ("tweehonderdtwaalf", 212),
        ("dertienduizend", 13000),
        ("1.790", 1790),
        ("3483", 3483),
        ("een", None),
        ("vijftal", None),
        ("eenmaal", None),
        ("tweede", None),
        ("12,5", None),
        ("007", None),
    ],
)
def test_numbers(word: str, value: int | None) -> None:
    assert dutch.number(word) == value


def test_what_only_looks_like_a_number_is_none() -> None:
    text = "De top-vijf, de twee-statenoplossing, 10%, 3,5 procent, COVID-19 en een vijftal."
    assert [match[0] for match in dutch.NUMBERS.finditer(text) if dutch.number(match[0])] == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("In de rapportageperiode heeft Nederland negen militairen ingezet.", [("deployed_military", 9, 9)]),
        ("Nederland zette in de verslagperiode in totaal 23 militairen in.", [("deployed_military", 23, 23)]),
        (
            "Circa 120 Nederlandse militairen namen in de verslagperiode deel.",
            [("deployed_military", 120, 120)],
        ),
        (
            "Het aantal Nederlandse militairen bedroeg in de verslagperiode zestien.",
            [("deployed_military", 16, 16)],
        ),
        ("Nederland levert per rotatie drie tot vijf stafofficieren.", [("rotation_military", 3, 5)]),
        ("Op dit moment zijn er tien Nederlandse waarnemers actief.", [("rotation_total", 10, 10)]),
        (
            "Nederland draagt bij met twee officieren en een POLAD.",
            [("rotation_military", 2, 2), ("rotation_civil_police", 1, 1)],
        ),
        ("Het nationaal kader omvat maximaal 8 functionarissen.", [("frame_total", 8, 8)]),
        ("De tabel geeft het nationaal kader en het aantal in 2020 ingezette militairen.", []),
        ("Nederland zette in de verslagperiode 2020 militairen in.", [("deployed_military", 2020, 2020)]),
        ("Het nationaal kader is maximaal 7.", [("frame_total", 7, 7)]),
        (
            "Het kabinet verhoogde het nationaal kader van vijf naar acht militairen.",
            [("frame_military", 8, 8)],
        ),
        (
            "Per rotatie zijn er 21 militairen, in totaal 63 militairen in de rapportageperiode.",
            [("rotation_military", 21, 21), ("deployed_military", 63, 63)],
        ),
    ],
)
def test_counts(text: str, wanted: list[tuple[str, int, int]]) -> None:
    assert said(text, "unifil") == [("unifil", *entry) for entry in wanted]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Nederland leverde in 2023 gemiddeld 160 militairen.", [("rotation_military", "average")]),
        ("Gemiddeld waren er 160 Nederlandse militairen.", [("rotation_military", "average")]),
        (
            "Nederland zette in de verslagperiode 160 militairen gemiddeld in.",
            [("rotation_military", "average")],
        ),
        ("Het gemiddelde aantal Nederlandse militairen bedroeg 16.", [("rotation_military", "average")]),
        (
            "Nederland zette in de verslagperiode 23 militairen in, gemiddeld vier militairen tegelijk.",
            [("deployed_military", None), ("rotation_military", "average, at one moment")],
        ),
    ],
)
def test_an_average_is_not_who_were_sent(text: str, wanted: list[tuple[str, str | None]]) -> None:
    found = read(text, "unifil").statements
    assert [(one.quantity, one.qualifier) for one in found] == wanted
    assert not any(one.exact for one in found if "average" in (one.qualifier or ""))


@pytest.mark.parametrize(
    "text",
    [
        "De missie telt ongeveer tienduizend militairen uit 48 landen.",
        "In 2013 leverde Nederland 450 militairen.",
        "Nederland is voornemens om in 2025 drie stafofficieren te leveren.",
        "Nederlandse instructeurs hebben in de rapportageperiode 300 lokale agenten opgeleid.",
        "Twee militairen raakten gewond.",
        "Van de twaalf militairen zijn er vier in Jeruzalem geplaatst.",
        "In de vorige rapportageperiode zette Nederland vijf militairen in.",
    ],
)
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


@pytest.mark.parametrize(
    ("text", "event", "date", "precision"),
    [
        ("Het mandaat is in mei 2023 verlengd tot 30 juni 2024.", events.EXTENDED, "2024-06-30", "day"),
        ("Het mandaat is verlengd tot eind juni 2024.", events.EXTENDED, "2024-06", "month"),
        ("Het huidige mandaat verstrijkt op 31 augustus 2024.", events.MANDATE_ENDS, "2024-08-31", "day"),
        ("Het nationaal kader loopt tot en met 31 juli 2025.", events.FRAME_ENDS, "2025-07-31", "day"),
        ("De Nederlandse bijdrage is per 15 maart 2024 stopgezet.", events.ENDED, "2024-03-15", "day"),
        ("Nederland stopte in november 2023 met de deelname.", events.ENDED, "2023-11", "month"),
        ("De laatste Nederlandse militairen zijn in mei 2023 vertrokken.", events.ENDED, "2023-05", "month"),
        ("De Raad besloot op 30 juni 2023 de missie te beëindigen.", events.END_DECIDED, "2023-06-30", "day"),
        ("De missie sloot op 11 december 2023.", events.MISSION_ENDED, "2023-12-11", "day"),
        ("Na de verhuizing in mei 2024 is de missie opgeheven.", events.END_DECIDED, "2024-05", "month"),
        ("Na tien jaar is de missie in mei 2024 opgeheven.", events.MISSION_ENDED, "2024-05", "month"),
        (
            "De Raad besloot de missie per 1 mei 2024 te beëindigen.",
            events.MISSION_ENDED,
            "2024-05-01",
            "day",
        ),
        ("Nederland draagt sinds 1956 bij aan de missie.", events.BEGUN, "1956", "year"),
        ("Het kabinet besloot in mei 2023 de inzet te beëindigen.", events.STOP_DECIDED, "2023-05", "month"),
        (
            "Het kabinet heeft besloten de bijdrage na 31 december 2023 niet te verlengen.",
            events.ENDED,
            "2023-12-31",
            "day",
        ),
        ("In mei 2023 is besloten de inzet niet te verlengen.", events.STOP_DECIDED, "2023-05", "month"),
        (
            "De Raad heeft op 3 mei 2024 besloten het mandaat niet verder te verlengen.",
            events.END_DECIDED,
            "2024-05-03",
            "day",
        ),
        (
            "De Raad besloot dat de missie per 1 mei 2024 niet wordt verlengd.",
            events.MISSION_ENDED,
            "2024-05-01",
            "day",
        ),
    ],
)
def test_events(text: str, event: str, date: str, precision: str) -> None:
    (found,) = events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES)
    assert (found.mission_id, found.event) == ("unifil", event)
    assert (reduced(found.date.low, precision), found.date.precision) == (date, precision)
    assert reduced(found.date.high, precision) == date
    assert found.date.date == (found.date.low if precision == "day" else None)


@pytest.mark.parametrize(
    "text",
    [
        "De Nederlandse bijdrage is niet beëindigd in 2023.",
        "Op 7 oktober is de bijdrage beëindigd.",
        "Naar verwachting komt er op 28 mei 2024 een besluit om het mandaat niet te verlengen.",
        "Beëindigd op 31 december 2023.",  # no note of the mission's
        "Het kabinet beëindigt de bijdrage (Kamerstuk 29521, nr. 460, d.d. 1 maart 2023).",
    ],
)
def test_what_is_denied_or_not_dated_is_no_event(text: str) -> None:
    assert events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Nederland beëindigde de bijdrage aan UNIFIL op 1 februari 2024 wegens een tekort aan schepen.",
            "wegens een tekort aan schepen",
        ),
        (
            "De bijdrage is per 1 mei 2024 beëindigd. Het werk was gevaarlijk. Daarom is de inzet gestopt.",
            "Het werk was gevaarlijk",
        ),
        (
            "De missie sloot op 1 mei 2024. De Raad vond het werk te gevaarlijk en heeft daarom besloten"
            " de missie te beëindigen.",
            "De Raad vond het werk te gevaarlijk",
        ),
        (
            "Schepen waren er niet meer. Het kabinet heeft derhalve per 1 mei 2024 de bijdrage beëindigd.",
            "Schepen waren er niet meer",
        ),
        (
            "De bijdrage is per 1 mei 2024 beëindigd. De bijdrage is beëindigd omdat dit zo was afgesproken.",
            "omdat dit zo was afgesproken",
        ),
        # Another mission's cause, that of another end, of something else, and one that is denied.
        ("De bijdrage is per 1 mei 2024 beëindigd. UNDOF zweeg. Daarom is de bijdrage beëindigd.", None),
        ("De bijdrage is per 1 mei 2024 beëindigd. Het was op. Daarom is UNDOF gesloten.", None),
        ("De bijdrage is per 1 mei 2024 beëindigd. Het was op. Daarom is de bijdrage eerder vergroot.", None),
        ("De bijdrage is per 1 mei 2024 beëindigd. Het was op. Daarom is de missie gesloten.", None),
        ("De missie sloot op 1 mei 2024. Het ging goed. Daarom is de missie niet gesloten.", None),
        ("De missie sloot op 1 mei 2024. Het ging op. Daarom is de missie in 2019 gesloten.", None),
    ],
)
def test_the_printed_reason_is_kept(text: str, reason: str | None) -> None:
    found = events.read(tuple(passages.sentences(passage(text, "unifil"))), NAMES)
    (ended,) = (event for event in found if event.date.low.year == 2024)
    assert (ended.reason.text if ended.reason else None) == reason


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("Beëindigd op 31 december 2023.", events.ENDED),
        ("Per 31 december 2023 gestopt.", events.ENDED),
        ("Inzet beëindigd op 31 december 2023.", events.ENDED),
        ("Missie is op 31 december 2023 gesloten.", events.MISSION_ENDED),
        ("Niet beëindigd op 31 december 2023.", None),
        ("In de afgelopen periode, tot 31 december 2023, uitgebreid.", None),
        ("UNDOF beëindigd op 31 december 2023.", None),
    ],
)
def test_a_note_that_one_row_marks_says_when_its_mission_ended(text: str, event: str | None) -> None:
    place = {"source_page": 1, "source_line": 1}
    rows = [{"mission_id": "unifil", "footnotes": [4]}, {"mission_id": "untso", "footnotes": [5]}]
    note = {"edition_year": 2024, "scope": "personnel", "number": 4, "text": text}
    note |= place
    document = Document("a.txt", "", "text", (Line(1, 1, f"4 {text}"),), (None, None))
    (passage,) = passages.read([], [note], rows, document)
    (shared,) = passages.read([], [note], [{**row, "footnotes": [4]} for row in rows], document)
    (remark,) = passages.remarks(
        [
            {
                "column_name": "remark",
                "row_key": "unifil",
                "as_printed": text,
                "source_page": 1,
                "source_line": 1,
            }
        ]
    )
    for one in (passage, remark):
        found = events.read([*passages.sentences(one)], NAMES)
        ended = [(each.mission_id, each.event) for each in found if each.mission_id == "unifil"]
        assert ended == ([("unifil", event)] if event else [])
    assert events.read([*passages.sentences(shared)], NAMES) == []


def test_dates_are_no_more_precise_than_printed() -> None:
    found = list(dutch.find_dates("Op 31 februari 2024, in augustus 2023, op 7 oktober en op 3 mei 2024."))
    assert [(date.as_printed, date.precision) for date in found] == [
        ("augustus 2023", "month"),
        ("3 mei 2024", "day"),
    ]


def test_sentences_end_at_full_stops_but_not_at_abbreviations() -> None:
    text = "Zie Kamerstuk 29521, nr. 446 van d.d. 1 mei. Zr.Ms. Tromp voer uit.4 Daarna kwam niets."
    assert len(list(passages.sentences(passage(text)))) == 3


@pytest.mark.parametrize(
    ("text", "mission"),
    [
        ("De geïntegreerde politiemissie in Kunduz is op 1 juli 2013 beëindigd.", None),
        ("Naast ISAF is ook de trainingsmissie in Kunduz op 1 juli 2013 beëindigd.", None),
        ("Operatie Ocean Shield is op 1 juli 2013 beëindigd.", None),
        ("De EUPM werd op 1 juli 2013 opgeheven.", None),
        ("Het kabinet heeft de bijdrage aan de politiemissie in Kunduz op 1 juli 2013 beëindigd.", None),
        ("De bijdrage aan de politiemissie in Kunduz is, na die aan ISAF, op 1 juli 2013 beëindigd.", None),
        ("Nederland heeft de bijdrage aan EUPM op 1 juli 2013 beëindigd.", None),
        ("Met EUPM is Nederland op 1 juli 2013 gestopt.", None),
        ("De missie is op 1 juli 2013 beëindigd.", "isaf"),
        ("In samenspraak met de NAVO heeft Nederland de inzet op 1 juli 2013 beëindigd.", "isaf"),
        ("De militaire missie in Afghanistan is op 1 juli 2013 beëindigd.", "isaf"),
        ("De NAVO-missie ISAF is op 1 juli 2013 beëindigd.", "isaf"),
        ("De bijdrage is op 1 juli 2013 beëindigd.", "isaf"),
        ("Nederland heeft de bijdrage aan ISAF op 1 juli 2013 beëindigd.", "isaf"),
    ],
)
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
