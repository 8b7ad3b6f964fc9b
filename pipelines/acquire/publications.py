"""The repository of officielebekendmakingen.nl: the second way to the same documents, through SRU 2.0.

Indexes `w.dossiernummer`, `w.hoofddocument`, `dt.date`; a record has `identifier` (`kst-29521-495`,
`blg-1093410`), `title`, `type` (`Kamerstuk`, `Bijlage`), `date`, and for an attachment the `hoofddocument` it
came with; its files are `itemUrl`s by manifestation. Names are compared without their namespaces. A query
takes 20 to 120 seconds, the number of records is an estimate, and a diagnostic comes with status 200.
"""

import re
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from xml.etree import ElementTree

from pipelines.acquire.model import Candidate, Listed, Window, dutch_day, gathered
from pipelines.acquire.transport import Transport, unexpected_answer, words
from schemas.errors import NetworkError

SERVICE = "officiele bekendmakingen"
PAGE = 100
MOST_RECORDS = 2000
MOST_LETTERS = 60  # of which the attachments are asked for

_IDENTIFIER = re.compile(r"(kst|blg)-[0-9A-Za-z-]{1,40}")

_undocumented = partial(unexpected_answer, setting="JVOM_PUBLICATIONS_URL")

Record = dict[str, str]  # the first value of each name; addresses by `file:` and manifestation


@dataclass(frozen=True)
class Repository:
    """The service at its address."""

    base: str
    service: str = SERVICE
    name: str = f"{SERVICE} (SRU)"

    def search(self, transport: Transport, dossier: int, windows: Iterable[Window]) -> Listed:
        """What was sent in the dossier in each window, then what belongs to letters without an attachment.

        The latter is one query more, for all of them: every attachment that was seen had the number of the
        dossier. Raises NetworkError if the service cannot be asked or does not answer as documented.
        """
        letters: dict[str | None, None] = {}
        failure = None
        for count, window in enumerate(windows):
            transport.pause(transport.network.backoff if count else 0.0)
            within = f"dt.date>={window.first} AND dt.date<={window.last}"
            try:
                for found in self._listed(transport, f"w.dossiernummer=={dossier} AND {within}"):
                    letters.update((one.identifier, None) for one in found if one.kind == "letter")
                    for one in found:
                        letters.pop(one.letter if one.kind == "attachment" else None, None)
                    yield found
            except NetworkError as error:
                failure = error
                break
        if letters:
            transport.pause(transport.network.backoff)
            any_of = " OR ".join(f"w.hoofddocument=={letter}" for letter in list(letters)[:MOST_LETTERS])
            yield from self._listed(transport, any_of if len(letters) == 1 else f"({any_of})")
        if failure is not None:
            raise failure

    def _listed(self, transport: Transport, query: str) -> Listed:
        pages = self._records(transport, query)
        for found in gathered([one for record in page if (one := _candidate(record))] for page in pages):
            once = {candidate.identifier: candidate for candidate in found}
            yield sorted(once.values(), key=lambda candidate: candidate.kind)  # attachments first

    def _records(self, transport: Transport, query: str) -> Iterator[list[Record]]:
        """The records, a page at a time, until no more come."""
        start = 1
        while start <= MOST_RECORDS:
            options = {
                "operation": "searchRetrieve",
                "version": "2.0",
                "query": f"c.product-area==officielepublicaties AND {query}",
                "startRecord": start,
                "maximumRecords": PAGE,
            }
            address = f"{self.base}/sru?{urllib.parse.urlencode(options)}"
            root = _parsed(transport.answer(address), address)
            if said := _diagnostic(root):
                if start > 1:  # past the end of what was estimated
                    return
                raise _undocumented(address, f"that it does not understand it: “{said}”")
            counted = root.findtext(".//numberOfRecords", "")
            if not counted.strip().isdecimal():
                said = words(ElementTree.tostring(root))
                raise _undocumented(address, f"without saying how many there are: “{said}”")
            records = [_record(element) for element in root.iter("record")]
            yield records
            start += len(records)
            if not records or start > int(counted):
                return


def _candidate(record: Record) -> Candidate | None:
    """A publication that has a PDF; else None."""
    identifier, address = record.get("identifier", ""), record.get("file:pdf")
    if address is None or not _IDENTIFIER.fullmatch(identifier):
        return None
    try:
        sent = dutch_day(record.get("date", ""))
    except ValueError:
        return None
    title = " ".join(record.get("title", "").split())
    if record.get("type") == "Bijlage" or identifier.startswith("blg-"):
        letter = record.get("hoofddocument")
        return Candidate(SERVICE, identifier, "attachment", title, sent, address, letter)
    return Candidate(SERVICE, identifier, "letter", title, sent, address, identifier)


def _parsed(body: bytes, address: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in body[:2000] or b"<!ENTITY" in body:  # a web page, or a document that could expand
        raise _undocumented(address, f"with a web page: “{words(body)}”")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise _undocumented(address, f"with something that is not XML: “{words(body)}”") from error
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]
    return root


def _diagnostic(root: ElementTree.Element) -> str:
    """What the service says in place of records, in its own words."""
    said = [part.text for part in root.iter() if part.tag in ("message", "details") and part.text]
    return ", ".join(reversed(said))[:300] if root.find(".//message") is not None else ""


def _record(element: ElementTree.Element) -> Record:
    record: Record = {}
    for part in element.iter():
        name = f"file:{part.get('manifestation')}" if part.tag == "itemUrl" else part.tag
        if text := (part.text or "").strip():
            record.setdefault(name, text)
    return record
