"""The open data of the Tweede Kamer: documents of a dossier and their attachments, through OData 4.

Entity set `Document` with `Id`, `Soort`, `Titel` (the dossier's), `Onderwerp` (its own), `Datum` (Dutch
midnight), `Verwijderd`, its number (`DocumentNummer` in v4, `Nummer` in v5) and that of the paper
(`Volgnummer`, `Ondernummer`; -1 until it is numbered); related `Kamerstukdossier`, `Zaak` and
`BijlageDocument`; the file at `Document(<Id>)/resource`. A page has 100 or 250 entities, and says in
`@odata.nextLink` where the next is. What is withdrawn stays with `Verwijderd` true and nothing else, also
among attachments. A `Zaak` joined by `or`, and an order, cost the service its index: neither is asked for.
"""

import datetime
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.acquire.model import Candidate, Kind, Listed, Window, dutch_day, gathered
from pipelines.acquire.transport import Transport, host, unexpected_answer, words
from schemas.errors import NetworkError

SERVICE = "tweede kamer"
ATTACHMENT = "Bijlage"
MOST_PAGES = 40
FULL_PAGES = (100, 250)

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NUMBERS = {"v5": ("Nummer", "Ondernummer"), "v4/2.0": ("DocumentNummer", "Volgnummer")}
_DAY = datetime.timedelta(days=1)
_quoted = urllib.parse.quote


@dataclass(frozen=True)
class Version:
    """One version of the service at its address, such as `v5`."""

    root: str
    path: str
    number: str  # what it calls that of a document
    place: str  # and that of a paper in its dossier
    service: str = SERVICE

    @property
    def name(self) -> str:
        return f"{SERVICE} (OData {self.path})"

    @property
    def base(self) -> str:
        return f"{self.root}/{self.path}"

    def search(self, transport: Transport, dossier: int, windows: Iterable[Window]) -> Listed:
        """What was sent in each window: by the documents' own dossier, then by that of their cases.

        Attachments come first. Raises NetworkError if the service cannot be asked, or answers otherwise than
        is known. A query that it refuses is asked once more without naming fields.
        """
        of_dossier = f"Kamerstukdossier/any(d:d/Nummer eq {dossier})"
        for window in windows:
            for condition in (of_dossier, f"Zaak/any(z:z/{of_dossier})"):
                pages = self._pages(transport, self._query(window, condition))
                yield from gathered(self._candidates(page, dossier, window) for page in pages)

    def _query(self, window: Window, condition: str) -> dict[str, str]:
        """A day more on both sides: whether a moment there is on a day of the window is found out here."""
        first, after = window.first - _DAY, window.last + 2 * _DAY
        fields = f"Id,Soort,{self.number},Onderwerp,Titel,Datum,{self.place},Verwijderd"
        return {
            "$filter": f"Verwijderd eq false and Datum ge {first}T00:00:00Z and Datum lt {after}T00:00:00Z"
            f" and {condition}",
            "$expand": f"BijlageDocument($select={fields})",
            "$select": fields,
        }

    def _pages(self, transport: Transport, query: dict[str, str]) -> Iterator[list[dict[str, Any]]]:
        address = f"{self.base}/Document?{urllib.parse.urlencode(query, quote_via=_quoted, safe='$')}"
        seen: set[str] = set()
        link: object = address
        while link is not None:
            if not isinstance(link, str) or link in seen or len(seen) == MOST_PAGES:
                raise NetworkError(f"{host(address)} gives pages without end", hint="try again later")
            try:  # a next page may be given relative to the one before
                page = _page(transport, urllib.parse.urljoin(address, link))
            except NetworkError:
                if seen or "$select" not in query or transport.exchanges[-1].status != 400:
                    raise
                yield from self._pages(transport, {"$filter": query["$filter"], "$expand": "BijlageDocument"})
                return
            seen.add(link)
            documents, link = page["value"], page.get("@odata.nextLink")
            yield documents
            if link is None and len(documents) in FULL_PAGES:
                how = f"with a full page of {len(documents)} documents, and no address of the next"
                raise unexpected_answer(address, how, "JVOM_PARLIAMENT_URL")

    def _candidates(self, page: Iterable[dict[str, Any]], dossier: int, window: Window) -> list[Candidate]:
        """Attachments first, each once and with its letter. Raises NetworkError where a field is missing."""
        letters: list[Candidate] = []
        attachments: dict[str, Candidate] = {}
        for document in page:
            if document.get("Verwijderd"):
                continue
            missing = [name for name in ("Id", "Soort", "Datum", self.number) if name not in document]
            if not isinstance(document.get("BijlageDocument"), list):  # then no attachment could be found
                missing.append("BijlageDocument")
            if missing:
                raise unexpected_answer(self.base, f"without {', '.join(missing)}", "JVOM_PARLIAMENT_URL")
            number = document.get(self.place)
            letter = f"kst-{dossier}-{number}" if isinstance(number, int) and number > 0 else None
            listed = self._candidate(document, letter)
            if not window.first <= listed.sent <= window.last:
                continue
            if listed.kind == "attachment":
                attachments.setdefault(listed.identifier, listed)
            else:
                letters.append(listed)
            for attached in document["BijlageDocument"]:
                if not attached.get("Verwijderd"):
                    of_letter = {"Soort": ATTACHMENT, "Datum": document["Datum"]}
                    found = self._candidate({**attached, **of_letter}, letter)
                    attachments[found.identifier] = found  # with its letter
        return [*attachments.values(), *letters]

    def _candidate(self, document: dict[str, Any], letter: str | None) -> Candidate:
        """One entity. Raises NetworkError if it lacks a usable identity or date."""
        identifier, moment = str(document.get("Id")), str(document["Datum"])
        try:
            sent = dutch_day(moment if _GUID.fullmatch(identifier) else "")
        except ValueError as error:
            how = f"with a document whose Id is {identifier!r}, of {moment!r}"
            raise unexpected_answer(self.base, how, "JVOM_PARLIAMENT_URL") from error
        number = str(document.get(self.number) or identifier)
        name = number if re.fullmatch(r"\w{1,40}", number) else identifier
        kind: Kind = "attachment" if document.get("Soort") == ATTACHMENT else "letter"
        title = " ".join(str(document.get("Onderwerp") or document.get("Titel") or "").split())
        address = f"{self.base}/Document({identifier})/resource"
        return Candidate(SERVICE, name, kind, title, sent, address, letter)


def versions(address: str) -> list[Version]:
    """The versions at the service's address, the newest first; one that the address names goes before."""
    named = next((path for path in _NUMBERS if address.endswith(f"/{path}")), "v5")
    root = address.removesuffix(f"/{named}")
    return [Version(root, path, *_NUMBERS[path]) for path in sorted(_NUMBERS, key=lambda one: one != named)]


def _page(transport: Transport, address: str) -> dict[str, Any]:
    """One page of documents. Raises NetworkError with what is there instead."""
    body = transport.answer(address)
    try:
        page = json.loads(body)
        if all(isinstance(document, dict) for document in page["value"]):
            return dict(page)
    except (ValueError, KeyError, TypeError):
        pass
    what = "a web page" if body.lstrip()[:1] == b"<" else "something else"
    how = f"with {what} where a list of documents was expected: “{words(body)}”"
    raise unexpected_answer(address, how, "JVOM_PARLIAMENT_URL")
