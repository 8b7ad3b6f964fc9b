"""Parliament's open data and the repository of publications, as a real server on the loopback interface.

    with Parliament() as parliament:
        letter = parliament.letter(495, "2025-05-21", b"...")
        report = parliament.attach(letter, b"...", title="...")
        parliament.fault(report, Fault(status=503))

It speaks what others recorded of the services: OData v5 and v4 with their own names, `$filter`, `$select`,
`$expand`, pages by `$skiptoken`, tombstones inside an expansion, a `Titel` that is the dossier's, papers
without a number; `Document(<guid>)/resource`; SRU with its CQL, nested records, counts that are estimates
and diagnostics with status 200. Filters are parsed, not ignored. `requests` has everything that was asked;
`fault` makes the next answers go wrong. `send` is a usual year: the report, its letter, and reports like it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import operator
import re
import ssl
import threading
import urllib.parse
import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape

from tests.support.rendering import Edition, PersonnelRow, PersonnelTable, render
from tests.support.reports import report

SEARCH = "Document"  # as the place of a fault: a page of results, of either version
V5, V4 = "v5", "v4/2.0"  # a page of results of one of them
SRU = "sru"
NAMES = {V5: {}, V4: {"Nummer": "DocumentNummer", "Ondernummer": "Volgnummer"}}  # what v4 calls them
DOSSIER_TITLE = "Nederlandse deelname aan vredesmissies"
SENT = "2025-05-21"
LETTER = b"Geachte voorzitter,\n\nHierbij bied ik u aan wat bij deze brief is gevoegd.\n"


@dataclass(frozen=True)
class Fault:
    """One answer that goes wrong. What is left out is as it should be.

    `cut_after` bytes the connection is cut; `drip` sends byte after byte for ever; `endless` never ends;
    `silent` accepts and says nothing; `late` is for so many seconds silent first; `body` replaces the body.
    """

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    cut_after: int | None = None
    drip: bool = False
    endless: bool = False
    silent: bool = False
    late: float = 0.0


def redirect(target: str) -> Fault:
    return Fault(status=302, headers=(("Location", target),))


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

    @property
    def number(self) -> str:
        """Its number, such as 2025D10002; empty where it has none in its dossier and is not published yet."""
        return "" if self.kst.endswith("--1") else str(self.entity["Nummer"])


@dataclass
class Parliament:
    """The server; a context manager. `page` is how many entities a page has.

    `gone` says how a version answers that is no more; `attached` is False where v5 knows no attachments,
    `estimate` what SRU counts too many, `of_dossier` False where its attachments have no dossier.
    """

    page: int = 250
    gone: dict[str, Fault] = field(default_factory=dict)
    attached: bool = True
    estimate: int = 0
    of_dossier: bool = True
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
            "JVOM_PARLIAMENT_URL": f"{self.address}/OData",
            "JVOM_PUBLICATIONS_URL": self.address,
            "JVOM_FETCH_BACKOFF": "0",
            "JVOM_FETCH_TIMEOUT": "5",
        }

    def letter(
        self,
        number: int,
        day: str,
        body: bytes,
        title: str = "Brief van de minister",
        dossier: int | None = 29521,
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
        midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Amsterdam"))
        entity = {
            "Id": guid,
            "Soort": kind,
            "Nummer": f"{day[:4]}D{10_000 + count}",
            "Titel": DOSSIER_TITLE if dossier else None,
            "Onderwerp": title,
            "Datum": midnight.isoformat(),
            "Ondernummer": number,
            "ContentType": "application/pdf",
            "GewijzigdOp": midnight.isoformat(),
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
        return [asked for asked in self.requests if name in _places(asked.path)]


def _places(path: str) -> tuple[str, ...]:
    guid = re.search(r"Document\(([0-9a-f-]+)\)/resource|/frbr/([0-9a-f-]+)\.pdf", path)
    if guid:
        return (guid[1] or guid[2],)
    return (SRU,) if path.startswith("/sru?") else (V5 if "/v5/" in path else V4, SEARCH)


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
        places = _places(self.path)
        waiting = next(filter(None, (self.parliament.faults[place] for place in places)), [])
        fault = waiting.pop(0) if waiting else Fault()
        version = next((name for name in NAMES if f"/OData/{name}/" in self.path), None)
        fault = self.parliament.gone.get(version or SRU, fault)
        try:
            self.parliament.ended.wait(fault.late)
            if fault.silent:
                self.parliament.ended.wait(5)
                self.close_connection = True
            elif fault.status != 200:
                self._send(fault, fault.status, fault.body or b"")
            elif places[-1] == SEARCH:
                self._send(fault, 200, self._search())
            elif places[-1] == SRU:
                self._send(fault, 200, self._sru())
            else:
                bodies = [paper.body for paper in self.parliament.papers if paper.guid == places[0]]
                self._send(fault, 200 if bodies else 404, bodies[0] if bodies else b"")
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
        version = next((name for name in NAMES if split.path == f"/OData/{name}/Document"), None)
        if version is None:
            raise ValueError(f"there is no entity set {split.path}")
        options = dict(urllib.parse.parse_qsl(split.query))
        token, most = options.pop("$skiptoken", ""), int(options.pop("$top", 0))
        accepts = odata_filter(options.pop("$filter"))
        selected, expanded = options.pop("$select", ""), options.pop("$expand", "")
        if options:
            raise ValueError(f"unknown options {sorted(options)}")
        of_expanded = re.fullmatch(r"BijlageDocument(?:\(\$select=([\w,]+)\))?|", expanded)
        if of_expanded is None or (expanded and version == V5 and not self.parliament.attached):
            raise ValueError(f"Could not find a property named '{expanded}' on type 'Document'.")
        entities = [_named(paper.entity, NAMES[version]) for paper in self.parliament.papers]
        found = sorted((e for e in entities if accepts(e)), key=lambda entity: entity["Id"])
        rest = [entity for entity in found if entity["Id"] > token.removeprefix("Id-")]
        page = rest[: most or self.parliament.page]
        answer: dict[str, Any] = {
            "@odata.context": f"{self.parliament.address}/OData/{version}/$metadata#Document",
            "value": [
                _served(entity, selected, (of_expanded[1] or "") if expanded else None) for entity in page
            ],
        }
        if len(rest) > len(page) and not most:
            asked = {**dict(urllib.parse.parse_qsl(split.query)), "$skiptoken": f"Id-{page[-1]['Id']}"}
            query = urllib.parse.urlencode(asked, safe="$")
            answer["@odata.nextLink"] = f"{self.parliament.address}{split.path}?{query}"
        return json.dumps(answer).encode()

    def _sru(self) -> bytes:
        options = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        assert options["operation"] == "searchRetrieve"
        try:
            accepts = cql_query(options["query"])
        except ValueError as error:
            return _envelope(
                "<diagnostics><ns3:diagnostic xmlns:ns3='http://docs.oasis-open.org/ns/search-ws/diagnostic'>"
                f"<ns3:uri>info:srw/diagnostic/1/10</ns3:uri><ns3:details>{escape(str(error))}</ns3:details>"
                "<ns3:message>Query syntax error</ns3:message></ns3:diagnostic></diagnostics>"
            )
        found = [p for p in self.parliament.papers if p.number and accepts(self._indexes(p))]
        start = int(options["startRecord"]) - 1
        most = min(int(options["maximumRecords"]), self.parliament.page)
        records = "".join(
            self._record(paper, position)
            for position, paper in enumerate(found[start : start + most], start=start + 1)
        )
        return _envelope(
            f"<sru:numberOfRecords>{len(found) + self.parliament.estimate}</sru:numberOfRecords>"
            f"<sru:records>{records}</sru:records><sru:resultCountPrecision>"
            "info:srw/vocabulary/resultCountPrecision/1/estimate</sru:resultCountPrecision>"
        )

    def _indexes(self, paper: Paper) -> dict[str, str]:
        of = paper.letter or paper
        own = self.parliament.of_dossier or not paper.letter
        return {
            "c.product-area": "officielepublicaties",
            "w.dossiernummer": re.sub(r"kst-(\d+)-.*", r"\1", of.kst) if own else "",
            "w.hoofddocument": paper.letter.kst if paper.letter else "",
            "dt.date": paper.entity["Datum"][:10],
        }

    def _record(self, paper: Paper, position: int) -> str:
        title, day = paper.entity["Onderwerp"], paper.entity["Datum"][:10]
        main = f"<wet:hoofddocument>{paper.letter.kst}</wet:hoofddocument>" if paper.letter else ""
        kind = "Bijlage" if paper.letter else "Kamerstuk"
        address = f"{self.parliament.address}/frbr/{paper.guid}"
        return (
            "<sru:record><sru:recordSchema>http://standaarden.overheid.nl/sru/</sru:recordSchema>"
            "<sru:recordData><gzd:gzd><gzd:originalData><wet:meta><wet:owmskern>"
            f"<dcterms:identifier>{paper.kst}</dcterms:identifier>"
            f"<dcterms:title>{DOSSIER_TITLE}; {escape(title)}</dcterms:title>"
            f'<dcterms:type scheme="OVERHEIDop.Parlementair">{kind}</dcterms:type></wet:owmskern>'
            f"<wet:owmsmantel><dcterms:available>{day}</dcterms:available><dcterms:date>{day}</dcterms:date>"
            f"</wet:owmsmantel><wet:tpmeta>{main}</wet:tpmeta></wet:meta></gzd:originalData><gzd:enrichedData>"
            f'<gzd:itemUrl manifestation="metadata">{address}.xml</gzd:itemUrl>'
            f'<gzd:itemUrl manifestation="pdf">{address}.pdf</gzd:itemUrl>'
            "</gzd:enrichedData></gzd:gzd></sru:recordData>"
            f"<sru:recordPosition>{position}</sru:recordPosition></sru:record>"
        )


def _envelope(inside: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><sru:searchRetrieveResponse'
        ' xmlns:sru="http://docs.oasis-open.org/ns/search-ws/sruResponse"'
        ' xmlns:gzd="http://standaarden.overheid.nl/sru" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:wet="http://standaarden.overheid.nl/wetgeving/">'
        f"<sru:version>2.0</sru:version>{inside}</sru:searchRetrieveResponse>"
    ).encode()


def _named(entity: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """An entity with its attachments under one version's names; what is withdrawn is empty."""
    renamed = {names.get(name, name): value for name, value in entity.items()}
    if entity["Verwijderd"]:
        kept = ("Id", "GewijzigdOp", "Verwijderd")
        renamed = {name: value if name in kept else None for name, value in renamed.items()}
        renamed |= dict.fromkeys(_RELATED, ())
    return renamed | {"BijlageDocument": [_named(one, names) for one in entity["BijlageDocument"]]}


_RELATED = ("Kamerstukdossier", "Zaak", "BijlageDocument")


def _served(entity: dict[str, Any], selected: str, expanded: str | None) -> dict[str, Any]:
    """What is asked for of an entity: related ones only where they are expanded, and one level deep."""
    names = selected.split(",") if selected else [name for name in entity if name not in _RELATED]
    shown = {name: entity[name] for name in names}
    if expanded is not None:
        shown["BijlageDocument"] = [_served(one, expanded, None) for one in entity["BijlageDocument"]]
    return shown


_CLAUSE = re.compile(r"(c\.product-area|w\.dossiernummer|w\.hoofddocument|dt\.date)(==|>=|<=)([\w-]+)")
_COMPARE = {"==": operator.eq, ">=": operator.ge, "<=": operator.le}


def cql_query(text: str) -> Callable[[dict[str, str]], bool]:
    """What a query accepts: comparisons of known indexes, `AND`, `OR` in brackets; else ValueError."""
    groups = [
        [_CLAUSE.fullmatch(clause) for clause in re.sub(r"^\((.*)\)$", r"\1", group).split(" OR ")]
        for group in text.split(" AND ")
        if not (" OR " in group and group[0] != "(")
    ]
    if len(groups) < text.count(" AND ") + 1 or not all(map(all, groups)):
        raise ValueError(f"cannot read {text!r}")
    parts = [[clause.groups() for clause in group if clause] for group in groups]
    return lambda of: all(any(_COMPARE[how](of[name], value) for name, how, value in one) for one in parts)


_FILTER = re.compile(
    r"Verwijderd eq false and Datum ge (?P<first>\S+) and Datum lt (?P<after>\S+) and "
    r"(?P<case>Zaak/any\(z:z/)?Kamerstukdossier/any\(d:d/Nummer eq (?P<dossier>\d+)\)(?(case)\))"
)


def odata_filter(text: str) -> Callable[[dict[str, Any]], bool]:
    """What a `$filter` accepts, of the form that the project asks by; any other is a ValueError."""
    asked = _FILTER.fullmatch(text)
    if asked is None:
        raise ValueError(f"cannot read {text!r}")
    first, after = (datetime.datetime.fromisoformat(asked[name]) for name in ("first", "after"))

    def accepts(entity: dict[str, Any]) -> bool:
        if entity["Verwijderd"] or not first <= datetime.datetime.fromisoformat(entity["Datum"]) < after:
            return False
        holders = entity["Zaak"] if asked["case"] else [entity]
        return any(one["Nummer"] == int(asked["dossier"]) for of in holders for one in of["Kamerstukdossier"])

    return accepts


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
