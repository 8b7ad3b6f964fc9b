"""Everything that goes wrong on the way: each fault ends in a clear message, with nothing half-written."""

from __future__ import annotations

import datetime
import email.utils
import ssl
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from pipelines.acquire.model import Downloaded
from pipelines.acquire.transport import Transport, Unusable
from pipelines.settings import Network, network
from schemas.errors import NetworkError, UsageError
from tests.support import output_of
from tests.support.parliament import LETTER, SENT, Fault, Paper, Parliament, edition, redirect

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
