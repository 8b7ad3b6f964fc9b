"""The open data of the Tweede Kamer: documents of a dossier and their attachments, through OData 4.

Shapes as documented at https://opendata.tweedekamer.nl/documentatie/odata-api and
https://opendata.tweedekamer.nl/documentatie/document: entity set `Document` with `Id`, `Soort`,
`DocumentNummer`, `Titel`, `Onderwerp`, `Datum`, `Volgnummer`, `Verwijderd`; related `Kamerstukdossier`
(`Nummer`), `Zaak` and `BijlageDocument`; the file at `Document(<Id>)/resource`; at most 250 entities a
page, the next of which `@odata.nextLink` gives. What is withdrawn stays, with `Verwijderd` true.
"""

import datetime
import json
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

from pipelines.acquire.model import Candidate, Kind, Window
from pipelines.acquire.transport import Transport, host, unexpected_answer
from schemas.errors import NetworkError

SERVICE = "tweede kamer"
ATTACHMENT = "Bijlage"
MOST_PAGES = 40

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def search(transport: Transport, dossier: int, window: Window) -> list[Candidate]:
    """Attachments of the dossier's letters, then the letters themselves; each once.

    Raises NetworkError if the service cannot be asked or does not answer as documented.
    """
    base = transport.network.parliament
    letters: list[Candidate] = []
    attachments: dict[str, Candidate] = {}
    for document in _documents(transport, _query(base, dossier, window)):
        if document.get("Verwijderd"):
            continue
        number = document.get("Volgnummer")
        letter = f"kst-{dossier}-{number}" if isinstance(number, int) and number > 0 else None
        listed = _candidate(base, document, letter)
        if listed.kind == "attachment":
            attachments.setdefault(listed.identifier, listed)
        else:
            letters.append(listed)
        for attached in document.get("BijlageDocument") or ():
            if not attached.get("Verwijderd"):
                candidate = _candidate(base, {**attached, "Soort": ATTACHMENT}, letter, sent=listed.sent)
                attachments[candidate.identifier] = candidate  # with its letter
    return [*attachments.values(), *letters]


def _query(base: str, dossier: int, window: Window) -> str:
    of_dossier = f"Kamerstukdossier/any(d:d/Nummer eq {dossier})"
    after = window.last + datetime.timedelta(days=1)
    options = {
        "$filter": "Verwijderd eq false"
        f" and Datum ge {window.first}T00:00:00Z and Datum lt {after}T00:00:00Z"
        f" and ({of_dossier} or Zaak/any(z:z/{of_dossier}))",
        "$expand": "BijlageDocument",
        "$orderby": "Datum",
    }
    return f"{base}/Document?{urllib.parse.urlencode(options, quote_via=urllib.parse.quote, safe='$')}"


def _documents(transport: Transport, address: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    link: object = address
    while link is not None:
        if not isinstance(link, str) or link in seen or len(seen) == MOST_PAGES:
            raise NetworkError(f"{host(address)} gives pages without end", hint="try again later")
        seen.add(link)
        # A next page may be given relative to the one before.
        page = _page(transport, urllib.parse.urljoin(address, link))
        yield from page["value"]
        link = page.get("@odata.nextLink")


def _page(transport: Transport, address: str) -> dict[str, Any]:
    body = transport.answer(address)
    try:
        page = json.loads(body)
        if all(isinstance(document, dict) for document in page["value"]):
            return dict(page)
    except (ValueError, KeyError, TypeError):
        pass
    what = "a web page" if body.lstrip()[:1] == b"<" else "something else"
    how = f"with {what} where a list of documents was expected"
    raise unexpected_answer(address, how, "JVOM_PARLIAMENT_URL")


def _candidate(
    base: str, document: dict[str, Any], letter: str | None, sent: datetime.date | None = None
) -> Candidate:
    """One entity. Raises NetworkError if it lacks a usable identity or date."""
    identifier = str(document.get("Id"))
    try:
        day = sent or datetime.date.fromisoformat(str(document["Datum"])[:10])
    except (KeyError, ValueError) as error:
        raise NetworkError(f"{host(base)} lists a document without a date: {identifier}") from error
    if not _GUID.fullmatch(identifier):
        raise NetworkError(f"{host(base)} lists a document whose Id is {identifier!r}")
    number = str(document.get("DocumentNummer") or identifier)
    kind: Kind = "attachment" if document.get("Soort") == ATTACHMENT else "letter"
    return Candidate(
        service=SERVICE,
        identifier=number if re.fullmatch(r"\w{1,40}", number) else identifier,
        kind=kind,
        title=" ".join(str(document.get("Titel") or document.get("Onderwerp") or "").split()),
        sent=day,
        address=f"{base}/Document({identifier})/resource",
        letter=letter,
    )
