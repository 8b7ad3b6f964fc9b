"""Finding the report among what parliament was sent, with a real server on the loopback interface."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from pipelines import raw
from pipelines.acquire.model import Acquisition, Downloaded
from pipelines.acquire.searching import Search, find
from pipelines.acquire.transport import AGENT, Transport
from pipelines.extract import text as document
from pipelines.extract.likeness import score
from pipelines.settings import Network
from schemas import registry
from schemas.errors import NetworkError, SourceError
from tests.support import ROOT
from tests.support.parliament import (
    LETTER,
    SEARCH,
    SENT,
    SRU,
    V4,
    V5,
    Fault,
    Parliament,
    edition,
    send,
    sibling,
)
from tests.support.reports import ABRIDGED, source_of

LAYOUTS = registry.load().layouts
DOWN = [Fault(status=503)] * 9
TODAY = datetime.date(2026, 11, 26)


def lines(downloaded: Downloaded) -> list[str]:
    return [line.text for line in document.read(downloaded.data, source_of(downloaded.data)).lines]


ENTITY = (
    b'{"Id": "eba779b2-0219-57cd-b507-40e963a1ccf8", "Datum": "2025-05-21", "Soort": "Bijlage",'
    b' "Nummer": "1", "DocumentNummer": "1", "BijlageDocument": []}'
)
Searching = Callable[..., Acquisition]


@pytest.fixture
def search(parliament: Parliament) -> Searching:
    def searching(
        year: int = 2025, read: Callable[[Downloaded], list[str]] = lines, **given: Any
    ) -> Acquisition:
        patience = {"timeout": 5.0, "backoff": 0.0, **given.pop("patience", {})}
        network = Network(f"{parliament.address}/OData", parliament.address, **patience)
        with Transport(network, say=given.pop("say", lambda _: None)) as transport:
            judge = lambda got: score(read(got), LAYOUTS, year)  # noqa: E731
            return find(Search(year, judge, **{"today": TODAY, **given}), transport)

    return searching


def test_the_report_is_found_among_its_letter_siblings_and_other_dossiers(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    found = search()
    assert found.document.data == report.body
    chosen = found.chosen.candidate
    assert (chosen.identifier, chosen.letter) == (report.entity["Nummer"], "kst-29521-495")
    assert found.chosen.score == 4
    assert "the only one" in found.reason
    kinds = [judged.candidate.kind for judged in found.considered]
    assert sorted(kinds) == ["attachment", "attachment", "letter", "letter"]
    assert [judged for judged in found.considered if judged.fits] == [found.chosen]
    (althea,) = [j for j in found.considered if j.candidate.title == "Voortgangsrapportage EUFOR Althea"]
    assert any("Kaart van het inzetgebied" in reason for reason in althea.reasons)
    assert {asked.headers["User-Agent"] for asked in parliament.requests} == {AGENT}


def test_pages_are_followed_to_the_last(parliament: Parliament, search: Searching) -> None:
    parliament.page = 2  # a service gives fewer entities than it is asked for, if it likes
    for number in range(480, 487):
        parliament.letter(number, "2025-05-20", LETTER)
    report = send(parliament)
    assert search().document.data == report.body
    assert len(parliament.asked(V5)) == 5  # nine letters of the dossier, two a page
    assert (
        "%24skiptoken=Id-" in parliament.asked(V5)[1].path or "$skiptoken=Id-" in parliament.asked(V5)[1].path
    )
    assert not parliament.asked(V4)
    parliament.fault(SEARCH, *DOWN)
    assert search().document.data == report.body
    assert any("startRecord=3" in asked.path for asked in parliament.asked(SRU))


def test_what_is_withdrawn_is_not_looked_at(parliament: Parliament, search: Searching) -> None:
    report = send(parliament)
    assert report.letter is not None
    parliament.attach(report.letter, edition(77), deleted=True)
    assert search().document.data == report.body


def test_a_letter_that_is_itself_the_report_is_found(parliament: Parliament, search: Searching) -> None:
    letter = parliament.letter(107, "2009-05-20", edition(period="2008"), "Evaluatie")
    found = search(2009)
    assert (found.chosen.candidate.kind, found.document.data) == ("letter", letter.body)


def test_a_replacement_is_the_newest_if_one_looks_for_it(parliament: Parliament, search: Searching) -> None:
    send(parliament)
    later = parliament.attach(parliament.letter(520, "2025-09-10", LETTER), edition(13))
    assert search().chosen.candidate.sent.isoformat() == SENT
    thorough = search(thorough=True)
    assert thorough.document.data == later.body
    assert "newest of 2" in thorough.reason


def test_two_that_fit_equally_well_are_refused_with_both_named(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    parliament.attach(parliament.letter(499, SENT, LETTER), report.body)
    assert search().document.data == report.body  # the same document listed twice raises no doubt
    assert report.letter is not None
    other = parliament.attach(report.letter, edition(13), "Nog een")
    with pytest.raises(SourceError, match="equally well") as refused:
        search()
    for paper in (report, other):
        assert paper.entity["Nummer"] in str(refused.value)


def test_an_edition_of_another_period_does_not_fit(parliament: Parliament, search: Searching) -> None:
    send(parliament, edition(period="mei 2021 t/m april 2022"))
    with pytest.raises(SourceError, match="which an edition of 2025 does not") as refused:
        search()
    assert refused.value.exit_code == 1


def test_nothing_fitting_says_what_was_looked_at(parliament: Parliament, search: Searching) -> None:
    letter = parliament.letter(496, SENT, LETTER, "EUFOR Althea")
    report = parliament.attach(letter, sibling(), "Voortgangsrapportage EUFOR Althea")
    with pytest.raises(SourceError, match="no report found for edition 2025") as refused:
        search()
    message = str(refused.value)
    assert report.entity["Nummer"] in message
    assert "no line reads 'Bijlage 2 Totale inzet <period>'" in message
    assert "blg-1000001" in message  # the second service was asked as well


@pytest.mark.parametrize(
    ("place", "body", "message"),
    [
        (SEARCH, b"<html>Storing</html>", "a web page where a list of documents was expected"),
        (SEARCH, b'{"value": 3}', "something else where a list"),
        (
            SEARCH,
            b'{"value": [%s]}' % ENTITY.replace(b"eba779b2-0219-57cd-b507-40e963a1ccf8", b"x"),
            "whose Id is 'x'",
        ),
        (SEARCH, b'{"value": [%s]}' % ENTITY.replace(b"2025-05-21", b"soon"), "of 'soon'"),
        (SEARCH, b'{"value": [%s]}' % ENTITY.replace(b"Soort", b"Sort"), "answers a search without Soort"),
        (SEARCH, b'{"value": [%s]}' % b", ".join([ENTITY] * 250), "a full page of 250 documents"),
        (SEARCH, b'{"value": [], "@odata.nextLink": "https://example.org/next"}', "https://example.org"),
        (SEARCH, b'{"value": [], "@odata.nextLink": "?"}', "pages without end"),
        (SRU, b"<!DOCTYPE html><html/>", "a web page"),
        (SRU, b"{}", "something that is not XML"),
        (SRU, b"<a/>", "without saying how many"),
        (SRU, b"<a><message>mismatched input</message></a>", "mismatched input"),
    ],
)
def test_an_answer_that_is_not_as_documented(
    parliament: Parliament, search: Searching, place: str, body: bytes, message: str
) -> None:
    parliament.fault(place, *[Fault(body=body)] * 50)
    with pytest.raises(NetworkError, match=message.replace("?", r"\?")):
        search()


def test_a_document_that_cannot_be_read_is_put_aside_with_its_reason(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    assert report.letter is not None
    parliament.attach(report.letter, b"noise \x01\x02\x03 " * 50)
    parliament.attach(report.letter, b"PK\x03\x04 a document of Word")
    found = search()
    assert found.document.data == report.body
    reasons = [reason for judged in found.considered for reason in judged.reasons]
    assert any(reason.startswith("cannot be read") for reason in reasons)
    assert "this is a zip archive, neither a PDF nor plain text" in reasons

    def broken(_downloaded: Downloaded) -> list[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # not an error of ours
        search(read=broken)


def test_the_known_edition_has_the_highest_score_and_its_contents_alone_do_not() -> None:
    text = ABRIDGED.read_text(encoding="utf-8").splitlines()
    whole = score(text, LAYOUTS, 2024)
    assert (whole.value, whole.fits) == (4, True)
    contents = ["Bijlage 1 Rechtsbasis, mandaten en nationale kaders", "Bijlage 2 Totale inzet in 2023 19"]
    assert not score(contents, LAYOUTS, 2024).fits
    assert not score([], LAYOUTS, 2024).fits


@pytest.mark.parametrize("year", [2024, 2025])
def test_an_edition_belongs_to_the_year_its_period_ends_in_or_the_next(year: int) -> None:
    text = edition(period="mei 2023 t/m april 2024").decode().splitlines()
    assert score(text, LAYOUTS, year).fits
    assert not score(text, LAYOUTS, year + 2).fits


def test_every_edition_in_the_catalogue_of_this_project_is_found_by_its_day(
    parliament: Parliament, search: Searching
) -> None:
    """None by its title: the letters here have none of the titles that the catalogue knows."""
    editions = raw.catalogue(ROOT / "raw")
    assert len(editions) == 19
    reports = {}
    for year, known in editions.items():
        day = known.date_sent.isoformat() if known.date_sent else f"{year}{SENT[4:]}"
        letter = parliament.letter(year, day, LETTER, "Brief")
        reports[year] = parliament.attach(letter, edition(period=str(year - 1)), "Rapport")
    for year, known in editions.items():
        assert search(year, sent=known.date_sent).document.data == reports[year].body, year
