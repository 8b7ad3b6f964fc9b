"""Finding the report among what parliament was sent, with a real server on the loopback interface."""

import datetime
import email.utils
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from pipelines import raw
from pipelines.acquire.model import Acquisition, Downloaded
from pipelines.acquire.searching import Search, find
from pipelines.acquire.transport import AGENT, Transport, Unusable
from pipelines.extract import text as document
from pipelines.extract.likeness import score
from pipelines.settings import Network, network
from schemas import registry
from schemas.errors import NetworkError, SourceError, UsageError
from tests.support import ROOT, output_of
from tests.support.parliament import (
    LETTER,
    SEARCH,
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


# Everything that goes wrong on the way: each fault ends in a clear message, with nothing half-written.


LIMIT = 200_000
BUSY = Fault(status=503)
CUT = Fault(cut_after=100)


class Line:
    """A server, a connection to it whose pauses are noted and not waited, and one document."""

    def __init__(self, parliament: Parliament) -> None:
        self.parliament = parliament
        self.network = Network(f"{parliament.address}/OData", parliament.address, timeout=5)
        self.paper: Paper = parliament.letter(495, SENT, edition())
        self.pauses: list[float] = []
        self.said: list[str] = []

    def fault(self, *faults: Fault, **network: Any) -> None:
        """The next answers, under other settings of the network."""
        self.network = replace(self.network, **network)
        self.parliament.fault(self.paper, *faults)

    def download(self, **given: Any) -> Downloaded:
        address = f"{self.network.parliament}/v5/Document({self.paper.guid})/resource"
        options = {"say": self.said.append, "pause": self.pauses.append, "chance": lambda: 0.5, **given}
        with Transport(self.network, **options) as transport:
            return transport.document(address, LIMIT)


@pytest.fixture
def line() -> Iterator[Line]:
    with Parliament() as parliament:
        yield Line(parliament)


def test_a_cut_connection_is_tried_again(line: Line) -> None:
    line.fault(CUT)
    assert line.download().data == line.paper.body
    line.fault(CUT, attempts=1)
    with pytest.raises(NetworkError, match="cut the connection"):
        line.download()


def test_pauses_grow_and_vary_until_patience_ends(line: Line) -> None:
    line.fault(BUSY, BUSY, BUSY)
    spread = iter([0.0, 1.0, 0.5])
    line.download(chance=lambda: next(spread))
    assert line.pauses == [0.5, 3.0, 4.0]
    line.fault(*[BUSY] * 9)
    with pytest.raises(NetworkError, match="answers 503, 4 times"):
        line.download()
    assert len(line.parliament.asked(line.paper)) == 8


def retry_after(value: str, status: int = 429) -> Fault:
    return Fault(status=status, headers=(("Retry-After", value),))


def test_retry_after_is_kept_to_in_seconds_and_as_a_moment(line: Line) -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90)
    written = email.utils.format_datetime(moment, usegmt=True)
    line.fault(retry_after("7"), retry_after(written), retry_after("tomorrow", 503))
    assert line.download().data == line.paper.body
    seven, until, usual = line.pauses
    assert (seven, usual) == (7.0, 4.0)
    assert 80 < until <= 90


@pytest.mark.parametrize(
    ("fault", "network", "message"),
    [
        (retry_after("3600"), {}, "asks to be left alone for 3600 s"),
        (Fault(silent=True), {"timeout": 0.1}, "fell silent, 2 times"),
        (Fault(drip=True), {"longest": 3.0, "attempts": 1}, r"was too slow: .* bytes in 4 s"),
    ],
)
def test_patience_with_a_service_ends(
    line: Line, fault: Fault, network: dict[str, Any], message: str
) -> None:
    line.fault(fault, fault, **network)
    ticks = count()
    with pytest.raises(NetworkError, match=message):
        line.download(**({"clock": lambda: float(next(ticks))} if fault.drip else {}))
    assert len(line.pauses) == (1 if fault.silent else 0)


@pytest.mark.parametrize(
    ("fault", "message", "faulty"),
    [
        (Fault(endless=True), f"does not end within the limit of {LIMIT} bytes", True),
        (Fault(body=b"x" * (LIMIT + 1)), "over the limit", True),
        (Fault(status=404), "answers 404", True),
        (Fault(status=404, body=b"<p>Niet <b>gevonden</b></p>"), "answers 404 .“Niet gevonden”", True),
        (redirect("/fout404.html"), "is not there: the service sends on to", True),
        (Fault(body=b"<!DOCTYPE html><html><body>Er ging iets mis</body></html>"), "is a web page", True),
        (Fault(body=b"\n<?xml version='1.0'?>\n<!-- storing --><html lang='nl'/>"), "is a web page", True),
        (Fault(body=b'{"error": {"message": "Storing"}}'), "neither PDF nor text", True),
        (Fault(body=b"PK\x03\x04 and more"), "is a zip archive", False),
        (Fault(body=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more"), "old Office program", False),
        (Fault(body=b"noise \x00\x01"), "is neither PDF nor text", False),
        (Fault(body=b""), "is empty", True),
    ],
)
def test_what_is_not_a_document_is_refused_at_once(
    line: Line, fault: Fault, message: str, faulty: bool
) -> None:
    """Content is known by its bytes: the server says that all of it is a PDF."""
    line.fault(fault)
    with pytest.raises(Unusable, match=message) as refused:
        line.download()
    assert refused.value.faulty == faulty
    assert line.pauses == []


def test_a_pdf_is_known_by_its_bytes_too(line: Line) -> None:
    line.paper.body = b"\n%PDF-1.7 and so on"
    assert line.download().format == "pdf"


def test_a_redirect_within_the_service_is_followed_but_not_for_ever(line: Line) -> None:
    other = line.parliament.letter(496, SENT, LETTER)
    line.fault(redirect(f"/OData/v5/Document({other.guid})/resource"))
    assert line.download().data == LETTER
    line.fault(*[redirect(f"/OData/v5/Document({line.paper.guid})/resource")] * 9)
    with pytest.raises(NetworkError, match="sends on and on"):
        line.download()


@pytest.mark.parametrize(
    "target", ["stranger", "file:///etc/hosts", "ftp://127.0.0.1/x", "https://127.0.0.1:1/"]
)
def test_a_redirect_to_another_host_or_protocol_is_not_followed(line: Line, target: str) -> None:
    with Parliament() as stranger:
        line.fault(redirect(target.replace("stranger", f"{stranger.address}/evil")))
        message = f"leads to {stranger.address}, not one" if target == "stranger" else None
        with pytest.raises(NetworkError, match=message) as refused:
            line.download()
        assert stranger.requests == []
    assert refused.value.exit_code == 3


def test_only_the_public_services_send_on_to_their_other_hosts() -> None:
    with Transport(Network()) as public:
        public._require_service("https://zoek.officielebekendmakingen.nl/blg-1.pdf")
        public._require_service("https://repository.officiele-overheidspublicaties.nl/blg-1.pdf")
        for address in ("http://repository.overheid.nl/", "https://example.org/", "https://www.overheid.nl/"):
            with pytest.raises(NetworkError, match="not one of the services"):
                public._require_service(address)


def test_an_unknown_name_is_not_asked_again(line: Line) -> None:
    line.fault(parliament="http://nowhere.invalid")
    with pytest.raises(NetworkError, match=r"nowhere.invalid cannot be reached: its name is not known here"):
        line.download()
    assert line.pauses == []


@pytest.mark.skipif(which("openssl") is None, reason="no openssl here to make a certificate with")
def test_a_certificate_that_nobody_vouches_for_is_refused(line: Line, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    output_of(*made, "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    line.parliament.secure(context)
    line.fault(parliament=line.parliament.address.replace("http:", "https:"))
    with pytest.raises(NetworkError, match="has a certificate that cannot be trusted"):
        line.download()
    assert line.pauses == []
    assert line.parliament.requests == []


def test_settings_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JVOM_PARLIAMENT_URL")
    monkeypatch.delenv("JVOM_PUBLICATIONS_URL")
    assert network() == Network()
    monkeypatch.setenv("JVOM_PARLIAMENT_URL", "https://mirror.example/odata/")
    monkeypatch.setenv("JVOM_FETCH_ATTEMPTS", "2")
    assert (network().parliament, network().attempts) == ("https://mirror.example/odata", 2)
    for name, value in (
        ("JVOM_PARLIAMENT_URL", "mirror.example"),
        ("JVOM_FETCH_TIMEOUT", "0"),
        ("JVOM_FETCH_BACKOFF", "soon"),
    ):
        with monkeypatch.context() as wrong:
            wrong.setenv(name, value)
            with pytest.raises(UsageError, match=name):
                network()
