"""Each way a service may be on the day: the report comes in, or a sentence says what a person can do."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.acquire.model import Acquisition, dutch_day
from pipelines.acquire.parliament import versions
from pipelines.settings import Network
from schemas.errors import NetworkError, SourceError
from tests.support.cases import cases
from tests.support.parliament import (
    LETTER,
    SENT,
    SRU,
    V4,
    V5,
    Fault,
    Paper,
    Parliament,
    edition,
    redirect,
    send,
)
from tests.test_acquire import search

__all__ = ["search"]  # a fixture

KEPT = Path(__file__).parent / "kept" / "acquisition"
HOSTS = ("https://gegevensmagazijn.tweedekamer.nl", "https://repository.overheid.nl")
GONE = Fault(status=404, body=(KEPT / "iis_404.html").read_bytes())
DOWN = Fault(status=503)

Searching = Callable[..., Acquisition]


def recorded(parliament: Parliament, name: str) -> Fault:
    """A recorded answer, with this server's address."""
    text = (KEPT / name).read_text(encoding="utf-8")
    for address in HOSTS:
        text = text.replace(address, parliament.address)
    return Fault(body=text.encode())


@pytest.mark.parametrize(
    ("gone", "service"),
    [
        ({V4: GONE}, "tweede kamer (OData v5)"),
        ({V5: GONE}, "tweede kamer (OData v4/2.0)"),
        ({}, "tweede kamer (OData v5)"),
        ({V5: GONE, V4: GONE}, "officiele bekendmakingen (SRU)"),
        ({V5: GONE, V4: Fault(status=410)}, "officiele bekendmakingen (SRU)"),
        ({V5: GONE, V4: redirect("https://opendata.tweedekamer.nl/")}, "officiele bekendmakingen (SRU)"),
        ({V5: GONE, V4: redirect("/OData/fout404")}, "officiele bekendmakingen (SRU)"),
        ({V5: Fault(body=GONE.body), V4: DOWN}, "officiele bekendmakingen (SRU)"),
    ],
)
def test_the_report_comes_from_whichever_service_is_there(
    parliament: Parliament, search: Searching, gone: dict[str, Fault], service: str
) -> None:
    report = send(parliament)
    parliament.gone = gone
    found = search()
    assert found.document.data == report.body
    assert found.asked[-1].name == service
    assert found.chosen.candidate.letter == "kst-29521-495"
    failed = [one for one in found.asked if one.failed]
    assert len(failed) == len(gone) if service != "tweede kamer (OData v5)" else not failed


@pytest.mark.parametrize("named", [V5, V4, ""])
def test_the_version_that_the_setting_names_is_asked_first(named: str) -> None:
    first, second = versions(f"https://example.org/OData/{named}".rstrip("/"))
    assert first.base == f"https://example.org/OData/{named or V5}"
    assert {first.base, second.base} == {f"https://example.org/OData/{path}" for path in (V5, V4)}


def test_a_query_that_is_refused_is_asked_once_without_naming_fields(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    words = b'{"error": {"message": "Could not find a property named Ondernummer"}}'
    parliament.fault(V5, Fault(status=400, body=words))
    found = search()
    assert (found.document.data, found.asked[0].name) == (report.body, "tweede kamer (OData v5)")
    assert "select" not in parliament.asked(V5)[1].path


def test_a_version_without_attachments_counts_as_failed(parliament: Parliament, search: Searching) -> None:
    report = send(parliament)
    parliament.attached = False
    found = search()
    assert (found.document.data, found.asked[-1].name) == (report.body, "tweede kamer (OData v4/2.0)")
    assert "Could not find a property named" in str(found.asked[0])


def test_if_no_service_is_there_every_reason_is_given_in_its_own_words(
    parliament: Parliament, search: Searching
) -> None:
    send(parliament)
    words = (KEPT / "odata_error_400_node_count.json").read_bytes()
    diagnostic = Fault(body=(KEPT / "sru_diagnostic_200.xml").read_bytes())
    parliament.gone = {V5: Fault(status=400, body=words), V4: Fault(status=410), SRU: diagnostic}
    with pytest.raises(NetworkError) as refused:
        search()
    for part in ("The node count limit of '100'", "answers 410", "Query syntax error, w.dossiernumer"):
        assert part in refused.value.message
    assert f"jvom fetch --check says what works now; asked was {parliament.address}" in str(refused.value)


@pytest.mark.parametrize(("version", "number"), [(V5, "v5"), (V4, "v4")])
def test_recorded_documents_are_understood(
    parliament: Parliament, search: Searching, version: str, number: str
) -> None:
    parliament.papers.append(Paper("eba779b2-0219-57cd-b507-40e963a1ccf8", {}, edition(), ""))
    parliament.gone = {v: GONE for v in (V5, V4) if v != version}
    parliament.fault(version, recorded(parliament, f"odata_{number}_documents_29521_2025.json"))
    parliament.papers[0].entity = {"Id": "", "Verwijderd": True, "BijlageDocument": []}
    found = search()
    chosen = found.chosen.candidate
    assert (chosen.identifier, chosen.letter, chosen.sent.isoformat()) == (
        "2025D90012",
        "kst-29521-495",
        SENT,
    )
    assert chosen.title == "Jaarlijks overzicht van bijdragen aan missies (voorbeeld)"
    titles = [judged.candidate.title for judged in found.considered]
    assert len(titles) == 6
    assert "Nederlandse deelname aan vredesmissies" not in titles


def test_recorded_publications_are_understood(parliament: Parliament, search: Searching) -> None:
    """First a letter alone, then, by the one query for attachments, what came with it."""
    parliament.gone = dict.fromkeys((V5, V4), GONE)
    for name in ("letter_only", "hoofddocument"):
        file = {
            "letter_only": "sru_29521_2025_letter_only.xml",
            "hoofddocument": "sru_hoofddocument_495.xml",
        }[name]
        parliament.fault(SRU, recorded(parliament, file))
    parliament.fault(SRU)
    with pytest.raises(NetworkError) as refused:  # the files themselves are not on this server
        search(today=datetime.date(2025, 6, 1))
    assert "blg-9000001 (attachment, 2025-05-21)" in str(refused.value)
    assert "w.hoofddocument%3D%3Dkst-29521-495" in parliament.asked(SRU)[-1].path


def test_attachments_are_asked_for_once_and_for_all_letters(
    parliament: Parliament, search: Searching
) -> None:
    parliament.gone = dict.fromkeys((V5, V4), GONE)
    parliament.of_dossier = False
    report = send(parliament, day="2025-06-28")
    for number in range(470, 475):
        parliament.letter(number, SENT, LETTER)
    assert search().document.data == report.body
    near, wide, attachments = parliament.asked(SRU)
    assert attachments.path.count("w.hoofddocument") == 7
    assert "w.hoofddocument" not in near.path + wide.path


@pytest.mark.parametrize(
    "later", [DOWN, Fault(body=(KEPT / "sru_diagnostic_200.xml").read_bytes()), Fault(silent=True)]
)
def test_what_was_found_is_not_lost_by_a_later_page(
    parliament: Parliament, search: Searching, later: Fault
) -> None:
    parliament.gone = dict.fromkeys((V5, V4), GONE)
    report = send(parliament)
    parliament.page = 3
    parliament.fault(SRU, Fault(), *[later] * 9)
    assert search(patience={"timeout": 0.3}).document.data == report.body


def test_a_later_query_that_fails_does_not_keep_attachments_from_being_asked_for(
    parliament: Parliament, search: Searching
) -> None:
    parliament.gone = dict.fromkeys((V5, V4), GONE)
    parliament.of_dossier = False
    report = send(parliament)
    parliament.fault(SRU, Fault(), *[DOWN] * 4)  # the second window
    assert search().document.data == report.body


def test_an_estimate_that_is_too_high_costs_nothing(parliament: Parliament, search: Searching) -> None:
    parliament.gone = dict.fromkeys((V5, V4), GONE)
    parliament.estimate = 3
    report = send(parliament)
    assert search().document.data == report.body


def test_a_search_is_waited_for_twice_and_all_of_them_for_a_time(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    parliament.fault(V5, Fault(late=0.5))
    assert search(patience={"timeout": 2.0}).asked[0].failed is None
    parliament.fault(V5, *[Fault(silent=True)] * 9)
    before = len(parliament.asked(V5))
    found = search(patience={"timeout": 0.2})
    assert "fell silent, 2 times" in str(found.asked[0])
    assert (found.document.data, len(parliament.asked(V5)) - before) == (report.body, 2)
    parliament.gone = dict.fromkeys((V5, V4, SRU), Fault(silent=True))
    with pytest.raises(NetworkError, match="minutes for one search are over") as refused:
        search(patience={"timeout": 0.4, "whole": 0.6})
    assert "JVOM_FETCH_WHOLE" in str(refused.value)


@pytest.mark.campaign
def test_a_service_that_takes_forty_seconds_is_waited_for(parliament: Parliament, search: Searching) -> None:
    report = send(parliament)
    usual = Network()
    parliament.fault(V5, Fault(late=40.0))
    parliament.fault(report, Fault(late=11.0))  # long enough for it to be said
    said: list[str] = []
    found = search(patience={"timeout": usual.timeout, "whole": usual.whole}, say=said.append)
    assert (found.document.data, found.asked[0].failed) == (report.body, None)
    assert said.count(f"waiting for {parliament.address.removeprefix('http://')}") == 2


def test_an_error_that_took_long_is_not_asked_for_again_at_once(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    parliament.fault(V5, Fault(status=500, late=0.4, body=b'{"error": {"message": "Execution Timeout"}}'))
    found = search(patience={"timeout": 2.0})
    assert "answers 500 (“Execution Timeout”) after 0 s" in str(found.asked[0])
    assert (len(parliament.asked(V5)), found.document.data) == (1, report.body)
    parliament.fault(V5, Fault(status=500))
    assert search().asked[0].failed is None  # at once: asked again


def test_a_paper_without_a_number_is_said_to_come(parliament: Parliament, search: Searching) -> None:
    letter = parliament.letter(-1, SENT, LETTER, dossier=None)
    parliament.attach(letter, edition())
    with pytest.raises(SourceError, match="nothing was sent then") as refused:
        search(today=datetime.date(2025, 5, 23))
    assert "it may not be numbered yet" in str(refused.value)
    with pytest.raises(SourceError) as refused:
        search(today=datetime.date(2025, 7, 1))
    assert "numbered" not in str(refused.value)
    with pytest.raises(SourceError) as refused:
        search(2027, today=datetime.date(2025, 7, 1))
    assert "is due on 2027-05-19" in str(refused.value)


@pytest.mark.parametrize("day", ["2025-05-21", "2025-01-15", "2024-03-31", "2024-10-27"])
@pytest.mark.parametrize("gone", [(), (V5, V4)])
def test_the_first_and_the_last_day_count_and_no_other(
    parliament: Parliament, search: Searching, day: str, gone: tuple[str, ...]
) -> None:
    """Dutch midnight is another hour of UTC in summer than in winter."""
    parliament.gone = dict.fromkeys(gone, GONE)
    report = send(parliament, edition(period=str(int(day[:4]) - 1)), day=day)
    for days, inside in ((7, True), (8, False), (-14, True), (-15, False)):
        sent = datetime.date.fromisoformat(day) + datetime.timedelta(days)
        looking = {"year": int(day[:4]), "sent": sent, "today": sent}
        if inside:
            assert search(**looking).document.data == report.body
        else:
            with pytest.raises((SourceError, NetworkError)):
                search(**looking)


@cases("text", "day")
def test_a_moment_is_on_its_dutch_day(text: str, day: str) -> None:
    assert dutch_day(text).isoformat() == day


def test_a_page_that_says_not_found_with_status_200_is_named(
    parliament: Parliament, search: Searching
) -> None:
    report = send(parliament)
    parliament.fault(report, *[Fault(body=(KEPT / "zoek_not_found_200.html").read_bytes())] * 9)
    with pytest.raises(NetworkError) as refused:
        search()
    assert "a web page (“Pagina niet gevonden | Overheid.nl”)" in str(refused.value)


def test_only_the_service_that_is_named_is_asked(parliament: Parliament, search: Searching) -> None:
    report = send(parliament)
    found = search(services=("publications",))
    assert (found.chosen.candidate.identifier, parliament.asked(V5)) == (report.kst, [])
    parliament.gone = {SRU: DOWN}
    with pytest.raises(NetworkError):
        search(services=("publications",))
    assert parliament.asked(V5) == []


def test_a_replacement_is_looked_for_to_the_end(parliament: Parliament, search: Searching) -> None:
    """Also among what only its case leads to."""
    send(parliament)
    later = parliament.letter(520, "2025-09-10", edition(13))
    later.entity["Kamerstukdossier"] = []
    assert search(thorough=True).document.data == later.body
