"""What one fetch exchanged with the services, in a file that can be attached to a report and played back.

A ZIP archive: `run.json` says what was asked for, by which versions and with what outcome; `001.json` and
`001.body` are the first exchange. Nothing secret is in it: of headers only those named here, no names and
passwords in addresses, no values of options that no service of ours has, nothing of this machine.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import urllib.parse
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files, versions
from pipelines.acquire.model import Exchange
from schemas.errors import NetworkError, SourceError

if TYPE_CHECKING:
    import httpx

LARGEST = 20_000_000  # bytes of a cassette; of what goes beyond, the beginning is kept
BEGINNING = 4_096

_HEADERS = ("content-type", "content-length", "location", "retry-after", "date", "server", "last-modified")
_OPTIONS = re.compile(r"\$\w+|operation|version|query|startRecord|maximumRecords")
_CREDENTIALS = re.compile(r"//[^/@\s“]*@")


def public(address: str) -> str:
    """An address without names, passwords, and values of options that may be keys."""
    opening, mark, query = _CREDENTIALS.sub("//", address).partition("?")
    return opening + mark + "&".join(map(_option, query.split("&")))


def _option(part: str) -> str:
    name, equals, value = part.partition("=")
    known = _OPTIONS.fullmatch(urllib.parse.unquote(name))
    return name + equals + (value if known or not value else "hidden")


def save(path: Path, about: Mapping[str, object], exchanges: Sequence[Exchange]) -> None:
    """Write a cassette, whole or not at all. Raises OSError."""
    here = {"jvom": versions.jvom(), "python": platform.python_version(), "system": platform.system()}
    left = LARGEST - 100_000 - 2_000 * len(exchanges)  # for what is not a body
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as tape:
        tape.writestr("run.json", json.dumps(here | dict(about), ensure_ascii=False, indent=1, default=str))
        for number, exchange in enumerate(exchanges, start=1):
            body = bytes(exchange.body)
            kept = body if len(body) <= left else body[:BEGINNING]
            left -= len(kept)
            headers = {name: exchange.headers[name] for name in _HEADERS if name in exchange.headers}
            if "location" in headers:
                headers["location"] = public(headers["location"])
            said = _CREDENTIALS.sub("//", exchange.words)
            hidden = {"address": public(exchange.address), "headers": headers, "words": said}
            note = {**vars(exchange), **hidden, "body": None}
            whole = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            tape.writestr(f"{number:03}.json", json.dumps([note, whole], ensure_ascii=False, indent=1))
            tape.writestr(f"{number:03}.body", kept)
    files.put(path, archive.getvalue())


def load(path: Path) -> tuple[dict[str, Any], list[Exchange]]:
    """What a cassette is of, and its exchanges. Raises SourceError."""
    try:
        with zipfile.ZipFile(io.BytesIO(files.read_bounded(path, str(path)))) as tape:
            run = json.loads(tape.read("run.json"))
            exchanges = []
            for name in sorted(name for name in tape.namelist() if re.fullmatch(r"\d+\.json", name)):
                note, _ = json.loads(tape.read(name))
                body = bytearray(tape.read(name.replace(".json", ".body")))
                exchanges.append(Exchange(**{**note, "body": body}))
        return {**run, "edition_year": int(run["edition_year"])}, exchanges
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        hint = "jvom fetch writes one for each year, in warehouse/downloads"
        raise SourceError("is not a cassette of a fetch", file=str(path), hint=hint) from error


class Player:
    """The network as a cassette has it, and its time: a pause or an answer takes no time, but counts."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._left = list(exchanges)
        self._now = 0.0

    def clock(self) -> float:
        return self._now

    def pause(self, seconds: float) -> None:
        self._now += seconds

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The next answer that the cassette has to this address. Raises NetworkError where it has none."""
        import httpx

        asked = public(str(request.url))
        exchange = next((one for one in self._left if one.address == asked), None)
        if exchange is None:
            raise NetworkError(
                f"the cassette has no answer to {asked}", hint="it is of another version or day"
            )
        self._left.remove(exchange)
        self._now += exchange.seconds
        if exchange.error or exchange.status is None:
            error = getattr(httpx, exchange.error, httpx.ReadError)
            raise error(exchange.words, request=request)
        return httpx.Response(exchange.status, headers=exchange.headers, content=bytes(exchange.body))
