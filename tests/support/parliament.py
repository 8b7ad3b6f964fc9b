"""Parliament's open data and the repository of publications, as a real server on the loopback interface.

    with Parliament() as parliament:
        letter = parliament.letter(495, "2025-05-21", b"...")
        report = parliament.attach(letter, b"...", title="...")
        parliament.fault(report, Fault(status=503))

It speaks what is documented: `Document` with `$filter`, `$expand`, `$orderby`, `$skip` and pages with
`@odata.nextLink`; `Document(<guid>)/resource` with ETag, If-None-Match and ranges; SRU with its CQL. Filters
are parsed, not ignored. `requests` has everything that was asked; `fault` makes the next answers go wrong.
`send` is a usual year: the report, its letter, and reports like it.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import operator
import re
import ssl
import threading
import urllib.parse
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape

from tests.support.rendering import Edition, PersonnelRow, PersonnelTable, render
from tests.support.reports import report

SEARCH = "Document"  # as the place of a fault: a page of results
SRU = "sru"
MODIFIED = "Wed, 21 May 2025 13:00:00 GMT"
SENT = "2025-05-21"
LETTER = b"Geachte voorzitter,\n\nHierbij bied ik u aan wat bij deze brief is gevoegd.\n"


@dataclass(frozen=True)
class Fault:
    """One answer that goes wrong. What is left out is as it should be.

    `cut_after` bytes the connection is cut; `drip` sends byte after byte for ever; `endless` never ends;
    `silent` accepts and says nothing; `body` replaces the body, and `ranges` False ignores a range.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    cut_after: int | None = None
    drip: bool = False
    endless: bool = False
    silent: bool = False
    ranges: bool = True


@dataclass
class Asked:
    path: str
    headers: dict[str, str]


@dataclass
class Paper:
    guid: str
    entity: dict[str, Any]
    body: bytes
    kst: str
    letter: Paper | None = None


@dataclass
class Parliament:
    """The server; a context manager. `page` is how many entities a page has."""

    page: int = 250
    etags: bool = True
    papers: list[Paper] = field(default_factory=list)
    requests: list[Asked] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Parliament:
        handler = type("Handler", (_Handler,), {"parliament": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def secure(self, context: ssl.SSLContext) -> None:
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings that send a fetch here, with short pauses."""
        return {
            "JVOM_PARLIAMENT_URL": f"{self.address}/OData/v4/2.0",
            "JVOM_PUBLICATIONS_URL": self.address,
            "JVOM_FETCH_BACKOFF": "0",
            "JVOM_FETCH_TIMEOUT": "5",
        }

    def letter(
        self, number: int, day: str, body: bytes, title: str = "Brief van de minister", dossier: int = 29521
    ) -> Paper:
        paper = self._paper(body, f"kst-{dossier}-{number}", "Brief regering", title, day, number, dossier)
        self.papers.append(paper)
        return paper

    def attach(self, letter: Paper, body: bytes, title: str = "Bijlage", deleted: bool = False) -> Paper:
        """An attachment of a letter: in no dossier of its own, as parliament keeps it."""
        day = letter.entity["Datum"][:10]
        name = f"blg-{1_000_000 + len(self.papers)}"
        paper = self._paper(body, name, "Bijlage", title, day, -1, None)
        paper.letter = letter
        paper.entity["Verwijderd"] = deleted
        letter.entity["BijlageDocument"].append(paper.entity)
        self.papers.append(paper)
        return paper

    def _paper(
        self, body: bytes, kst: str, kind: str, title: str, day: str, number: int, dossier: int | None
    ) -> Paper:
        count = len(self.papers) + 1
        guid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kst}/{count}"))
        dossiers = [{"Nummer": dossier, "Toevoeging": None}] if dossier else []
        entity = {
            "Id": guid,
            "Soort": kind,
            "DocumentNummer": f"{day[:4]}D{10_000 + count}",
            "Titel": title,
            "Onderwerp": title,
            "Datum": f"{day}T00:00:00+02:00",
            "Volgnummer": number,
            "ContentType": "application/pdf",
            "Verwijderd": False,
            "Kamerstukdossier": dossiers,
            "Zaak": [{"Nummer": f"{day[:4]}Z{count}", "Kamerstukdossier": dossiers}],
            "BijlageDocument": [],
        }
        return Paper(guid, entity, body, kst)

    def fault(self, place: str | Paper, *faults: Fault) -> None:
        """The next answers at a place (`SEARCH`, `SRU`, or a document's), one after another."""
        self.faults[place if isinstance(place, str) else place.guid] += faults

    def asked(self, place: str | Paper) -> list[Asked]:
        name = place if isinstance(place, str) else place.guid
        return [asked for asked in self.requests if _place(asked.path) == name]


def _place(path: str) -> str:
    guid = re.search(r"Document\(([0-9a-f-]+)\)/resource|/frbr/([0-9a-f-]+)\.pdf", path)
    if guid:
        return guid[1] or guid[2]
    return SRU if path.startswith("/sru?") else SEARCH


class _Handler(BaseHTTPRequestHandler):
    parliament: Parliament
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def handle(self) -> None:
        with contextlib.suppress(ConnectionResetError):  # by who has had enough
            super().handle()

    def do_GET(self) -> None:
        self.parliament.requests.append(Asked(self.path, dict(self.headers)))
        place = _place(self.path)
        waiting = self.parliament.faults[place]
        fault = waiting.pop(0) if waiting else Fault()
        try:
            if fault.silent:
                self.parliament.ended.wait(5)
                self.close_connection = True
            elif fault.status != 200:
                self._send(fault, fault.status, fault.body or b"")
            elif place == SEARCH:
                self._send(fault, 200, self._search())
            elif place == SRU:
                self._send(fault, 200, self._sru())
            else:
                self._file(fault, place)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except (ValueError, KeyError) as error:
            self._send(Fault(), 400, json.dumps({"error": {"message": str(error)}}).encode())

    def _send(self, fault: Fault, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        body = body if fault.body is None else fault.body
        self.send_response(status)
        self.send_header("Content-Type", "application/pdf")  # whatever it is
        for name, value in (*headers, *fault.headers):
            self.send_header(name, value)
        if fault.endless or fault.drip:
            self.send_header("Connection", "close")
            self.end_headers()
            self._without_end(fault)
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: fault.cut_after])
        if fault.cut_after is not None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)

    def _without_end(self, fault: Fault) -> None:
        self.close_connection = True
        while not self.parliament.ended.wait(0.01 if fault.drip else 0):
            self.wfile.write(b"x" if fault.drip else b"x" * 65_536)
            self.wfile.flush()

    def _search(self) -> bytes:
        split = urllib.parse.urlsplit(self.path)
        if not split.path.endswith("/OData/v4/2.0/Document"):
            raise ValueError(f"there is no entity set {split.path}")
        options = dict(urllib.parse.parse_qsl(split.query))
        accepts = odata_filter(options.pop("$filter"))
        found = [paper.entity for paper in self.parliament.papers if accepts(paper.entity)]
        order = options.pop("$orderby", "Id").partition(" ")[0]
        found.sort(key=lambda entity: entity[order])
        expanded = set(options.pop("$expand", "").split(","))
        skip = int(options.pop("$skip", "0"))
        if options:
            raise ValueError(f"unknown options {sorted(options)}")
        end = skip + self.parliament.page
        related = {"Kamerstukdossier", "Zaak", "BijlageDocument"} - expanded
        page: dict[str, Any] = {"value": [_without(entity, related) for entity in found[skip:end]]}
        if end < len(found):
            asked = {**dict(urllib.parse.parse_qsl(split.query)), "$skip": str(end)}
            page["@odata.nextLink"] = (
                f"{self.parliament.address}{split.path}?{urllib.parse.urlencode(asked, safe='$')}"
            )
        return json.dumps(page).encode()

    def _sru(self) -> bytes:
        options = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        assert options["operation"] == "searchRetrieve"
        found = [paper for paper in self.parliament.papers if _accepted(paper, options["query"])]
        start, most = (
            int(options["startRecord"]) - 1,
            min(int(options["maximumRecords"]), self.parliament.page),
        )
        records = "".join(self._record(paper) for paper in found[start : start + most])
        return (
            '<?xml version="1.0" encoding="UTF-8"?><sru:searchRetrieveResponse'
            ' xmlns:sru="http://docs.oasis-open.org/ns/search-ws/sruResponse"'
            ' xmlns:gzd="http://standaarden.overheid.nl/sru" xmlns:dcterms="http://purl.org/dc/terms/"'
            ' xmlns:overheidwetgeving="http://standaarden.overheid.nl/wetgeving/">'
            f"<sru:version>2.0</sru:version><sru:numberOfRecords>{len(found)}</sru:numberOfRecords>"
            f"<sru:records>{records}</sru:records></sru:searchRetrieveResponse>"
        ).encode()

    def _record(self, paper: Paper) -> str:
        values = {
            "dcterms:identifier": paper.kst,
            "dcterms:title": paper.entity["Titel"],
            "dcterms:type": "Bijlage" if paper.letter else "Kamerstuk",
            "dcterms:date": paper.entity["Datum"][:10],
            **({"overheidwetgeving:hoofddocument": paper.letter.kst} if paper.letter else {}),
        }
        meta = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
        address = f"{self.parliament.address}/frbr/{paper.guid}.pdf"
        return (
            f"<sru:record><sru:recordData><gzd:gzd><gzd:originalData>{meta}</gzd:originalData>"
            f'<gzd:enrichedData><gzd:itemUrl manifestation="pdf">{address}</gzd:itemUrl>'
            "</gzd:enrichedData></gzd:gzd></sru:recordData></sru:record>"
        )

    def _file(self, fault: Fault, guid: str) -> None:
        body = next(paper.body for paper in self.parliament.papers if paper.guid == guid)
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        marks = [("ETag", etag), ("Last-Modified", MODIFIED)] if self.parliament.etags else []
        if self.parliament.etags and self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.send_header("ETag", etag)
            self.end_headers()
            return
        begun = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if begun and self.headers.get("If-Range") == etag and fault.ranges:
            first = int(begun[1])
            marks.append(("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}"))
            self._send(fault, 206, body[first:], marks)
            return
        self._send(fault, 200, body, marks)


def _without(entity: dict[str, Any], related: set[str]) -> dict[str, Any]:
    """An entity as it is served: related entities only where they are expanded, and one level deep."""
    shown = {name: value for name, value in entity.items() if name not in related}
    for name in {"BijlageDocument"} & set(shown):
        own = {"Kamerstukdossier", "Zaak", "BijlageDocument"}
        shown[name] = [_without(attached, own) for attached in shown[name]]
    return shown


def _accepted(paper: Paper, query: str) -> bool:
    """Whether a publication is what a CQL query of the documented indexes asks for."""
    of = paper.letter or paper
    index = {
        "c.product-area": "officielepublicaties",
        # Older attachments lack the number of their dossier: only their letter leads to them.
        "w.dossiernummer": "" if paper.letter else re.sub(r"kst-(\d+)-.*", r"\1", of.kst),
        "w.hoofddocument": paper.letter.kst if paper.letter else "",
        "dt.date": paper.entity["Datum"][:10],
    }
    for clause in query.split(" AND "):
        match = re.fullmatch(r"([\w.-]+)(==|>=|<=)(\S+)", clause)
        if match is None or match[1] not in index:
            raise ValueError(f"cannot read {clause!r}")
        here, value = index[match[1]], match[3]
        if not {"==": here == value, ">=": here >= value, "<=": here <= value}[match[2]]:
            return False
    return True


_PATH = r"[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*"
_VALUE = r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)|-?\d+|true|false|null"
_ANY = re.compile(rf"({_PATH})/any\((\w+):")
_COMPARED = re.compile(rf"({_PATH}) (eq|ne|ge|gt|le|lt) ({_VALUE})(?=[ )]|$)")
_PYTHON = re.compile(r"some\('[\w/]+', '\w+', scope, lambda scope: |holds\(\d+, scope\)|and|or|[ ()]")
_CONSTANTS = {"true": True, "false": False, "null": None}


def odata_filter(text: str) -> Callable[[dict[str, Any]], bool]:
    """What a `$filter` of OData 4 accepts: comparisons, `and`, `or`, brackets, `any` over related entities.

    Anything else is a ValueError, and a property that the entity does not have a KeyError.
    """
    compared: list[Sequence[Any]] = []

    def note(match: re.Match[str]) -> str:
        compared.append(match.groups())
        return f"holds({len(compared) - 1}, scope)"

    python = _ANY.sub(r"some('\1', '\2', scope, lambda scope: ", _COMPARED.sub(note, text))
    if _PYTHON.sub("", python):
        raise ValueError(f"cannot read {text!r}")

    def holds(number: int, scope: dict[str, Any]) -> bool:
        path, compare, value = compared[number]
        found = _at(scope, path)
        if "T" in value:
            found, value = map(datetime.datetime.fromisoformat, (found, value))
        else:
            value = _CONSTANTS[value] if value in _CONSTANTS else int(value)
        return bool(getattr(operator, compare)(found, value))

    def some(path: str, name: str, scope: dict[str, Any], accepts: Callable[[dict[str, Any]], bool]) -> bool:
        return any(accepts({**scope, name: one}) for one in _at(scope, path))

    try:
        accepts: Callable[[dict[str, Any]], bool] = eval(
            f"lambda scope: {python}", {"holds": holds, "some": some}
        )
    except SyntaxError as error:
        raise ValueError(f"cannot read {text!r}") from error
    return accepts


def _at(scope: dict[str, Any], path: str) -> Any:
    value: Any = scope
    for name in path.split("/"):
        value = value[name]
    return value


def edition(deployed: int = 12, period: str = "mei 2024 t/m april 2025") -> bytes:
    """The text of an edition with one mission, to which so many soldiers were sent."""
    row = PersonnelRow("unifil", "UNIFIL", "Afrika", (1, 2, deployed, 3, deployed + 3))
    return render(Edition(PersonnelTable((row,)), period=period)).encode()


def sibling() -> bytes:
    """A report of the same day on one mission: annexes it has, but not these."""
    annexes = [" Bijlage 1 Kaart van het inzetgebied", "Sarajevo"]
    return report(annex_1=annexes, annex_2=[" Bijlage 2 Kosten", "Totaal 12"]).encode()


def send(parliament: Parliament, body: bytes | None = None, day: str = SENT, number: int = 495) -> Paper:
    """The report as an attachment of its letter, with a sibling report and another dossier's of that day."""
    letter = parliament.letter(number, day, LETTER, "Aanbieding van een rapportage")
    found = parliament.attach(letter, edition() if body is None else body, "Overzicht van bijdragen")
    other = parliament.letter(number + 1, day, LETTER, "EUFOR Althea")
    parliament.attach(other, sibling(), "Voortgangsrapportage EUFOR Althea")
    elsewhere = parliament.letter(1009, day, LETTER, "Irak", dossier=27925)
    parliament.attach(elsewhere, edition(99), "Voortgangsrapportage Irak")
    return found
