"""The repository of officielebekendmakingen.nl: the second way to the same documents, through SRU 2.0.

Shapes as documented for https://repository.overheid.nl/sru (product area `officielepublicaties`): indexes
`w.dossiernummer`, `w.hoofddocument`, `dt.date`; a record has `identifier` (`kst-29521-495`, `blg-1093410`),
`title`, `type` (`Kamerstuk`, `Bijlage`), `date`, and for an attachment the `hoofddocument` it came with; its
files are `itemUrl`s by manifestation. Names are compared without their namespaces, which have changed.
"""

import datetime
import re
import urllib.parse
from collections.abc import Iterator
from xml.etree import ElementTree

from pipelines.acquire.model import Candidate, Window
from pipelines.acquire.transport import Transport, unexpected_answer
from schemas.errors import NetworkError

SERVICE = "officiele bekendmakingen"
PAGE = 100
MOST_RECORDS = 2000

_IDENTIFIER = re.compile(r"(kst|blg)-[0-9A-Za-z-]{1,40}")


Record = dict[str, str]  # the first value of each name; addresses by `file:` and manifestation


def search(transport: Transport, dossier: int, window: Window) -> list[Candidate]:
    """Attachments of the dossier's letters, then the letters themselves; each once.

    Raises NetworkError if the service cannot be asked or does not answer as documented.
    """
    within = f"dt.date>={window.first} AND dt.date<={window.last}"
    found = _candidates(transport, f"w.dossiernummer=={dossier} AND {within}")
    with_attachment = {candidate.letter for candidate in found if candidate.kind == "attachment"}
    for letter in [candidate for candidate in found if candidate.kind == "letter"]:
        if letter.identifier not in with_attachment:  # attachments may lack the number of the dossier
            found += _candidates(transport, f"w.hoofddocument=={letter.identifier}")
    once = {candidate.identifier: candidate for candidate in found}
    return sorted(once.values(), key=lambda candidate: candidate.kind)  # attachments first


def _candidates(transport: Transport, query: str) -> list[Candidate]:
    return [found for record in _records(transport, query) if (found := _candidate(record))]


def _candidate(record: Record) -> Candidate | None:
    """A publication that has a PDF; else None."""
    identifier, address = record.get("identifier", ""), record.get("file:pdf")
    if address is None or not _IDENTIFIER.fullmatch(identifier):
        return None
    try:
        sent = datetime.date.fromisoformat(record.get("date", "")[:10])
    except ValueError:
        return None
    attached = record.get("type") == "Bijlage" or identifier.startswith("blg-")
    return Candidate(
        service=SERVICE,
        identifier=identifier,
        kind="attachment" if attached else "letter",
        title=" ".join(record.get("title", "").split()),
        sent=sent,
        address=address,
        letter=record.get("hoofddocument") if attached else identifier,
    )


def _records(transport: Transport, query: str) -> Iterator[Record]:
    start = 1
    while start <= MOST_RECORDS:
        options = {
            "operation": "searchRetrieve",
            "version": "2.0",
            "query": f"c.product-area==officielepublicaties AND {query}",
            "startRecord": start,
            "maximumRecords": PAGE,
        }
        address = f"{transport.network.publications}/sru?{urllib.parse.urlencode(options)}"
        root = _parsed(transport.answer(address), address)
        counted = [element.text or "" for element in root.iter() if _name(element) == "numberOfRecords"]
        if not counted or not counted[0].strip().isdecimal():
            raise _undocumented(address, "without saying how many there are")
        records = [_record(element) for element in root.iter() if _name(element) == "record"]
        yield from records
        start += len(records)
        if not records or start > int(counted[0]):
            return


def _parsed(body: bytes, address: str) -> ElementTree.Element:
    if b"<!DOCTYPE" in body[:2000] or b"<!ENTITY" in body:  # a web page, or a document that could expand
        raise _undocumented(address, "with a web page")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise _undocumented(address, "with something that is not XML") from error
    messages = [element.text for element in root.iter() if _name(element) == "message" and element.text]
    if messages:
        raise _undocumented(address, f"that it does not understand it ({messages[0][:200]})")
    return root


def _record(element: ElementTree.Element) -> Record:
    record: Record = {}
    for part in element.iter():
        name = _name(part)
        if text := (part.text or "").strip():
            record.setdefault(f"file:{part.get('manifestation')}" if name == "itemUrl" else name, text)
    return record


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _undocumented(address: str, how: str) -> NetworkError:
    return unexpected_answer(address, how, "JVOM_PUBLICATIONS_URL")
