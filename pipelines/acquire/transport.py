"""Asking a service over HTTP: patient where it is busy, strict about where an answer comes from.

Only the configured services are asked. A redirect is followed to hosts that belong to them and to no others;
certificates are checked. A passing failure (refusal to serve now, cut connection, silence) is retried after
a pause that grows and varies, or that the service asks for.

A download is resumed where it broke off, and asked for again only if it has changed. Its folder may be
deleted at any time: it has the body of each address, the service's validators, and parts that broke off.
"""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import json
import random
import re
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pipelines import files
from pipelines.acquire.model import Downloaded, Format
from pipelines.settings import Network
from schemas.errors import JvomError, NetworkError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
LONGEST_PAUSE = 120.0  # seconds; a service that asks for more is asked again by a later fetch
LARGEST_PAGE = 20_000_000  # bytes of one page of results

# Hosts to which the public services send on; any other service has only itself.
OFFICIAL = {
    "gegevensmagazijn.tweedekamer.nl": ("www.tweedekamer.nl",),
    "repository.overheid.nl": ("zoek.officielebekendmakingen.nl",),
}

_LATER = "try again later"
_CONNECTION = "check the connection of this machine; what is in raw/ builds without one"
_CERTIFICATES = "check the clock and the certificates of this machine, or any proxy in between"
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_NOT_DOCUMENTS = {b"PK\x03\x04": "a Word or ZIP file", b"\xd0\xcf\x11\xe0": "an old Word file"}
_FORMAT_BYTES = 65_536  # at the start, by which a format is known
_PDF_END = 4096  # bytes at the end, in which a whole PDF says that it ends


class RetryLater(Exception):
    """A request that may succeed another time; `pause` is what the service asks for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class Unusable(JvomError):
    """An address does not hold a document that can be read; `faulty` if the service is to blame."""

    def __init__(self, message: str, *, faulty: bool = False) -> None:
        super().__init__(message)
        self.faulty = faulty


@dataclass
class Transport:
    """A connection to the services of `network`; a context manager.

    `agent` is its User-Agent; `say` takes sentences on progress; `pause`, `chance` (0 to 1) and `clock` are
    waiting, the spread of pauses, and a clock in seconds.
    """

    network: Network
    agent: str
    say: Callable[[str], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    _client: httpx.Client = field(init=False, repr=False)

    def __enter__(self) -> Transport:
        import httpx

        timeout = httpx.Timeout(self.network.timeout, connect=min(self.network.timeout, 10.0))
        self._client = httpx.Client(timeout=timeout, headers={"User-Agent": self.agent})
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def answer(self, address: str) -> bytes:
        """The body of a page of results. Raises NetworkError."""

        def ask() -> bytes:
            with self.open(address) as response:
                if response.status_code != 200:
                    raise NetworkError(f"{host(address)} answers {response.status_code} to a search")
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > LARGEST_PAGE:
                        raise NetworkError(f"{host(address)} does not stop answering a search")
            return bytes(body)

        return self.retrying(address, ask)

    def retrying(self, address: str, ask: Callable[[], T]) -> T:
        """The result of `ask`, if need be of a later attempt. Raises NetworkError after the last."""
        import httpx

        attempts = self.network.attempts
        for attempt in range(1, attempts + 1):
            try:
                return ask()
            except RetryLater as error:
                reason, hint, wanted = str(error), _LATER, error.pause
            except httpx.TransportError as error:
                reason, hint, passing = _explain(error)
                wanted = None
                if not passing:
                    raise NetworkError(f"{host(address)} {reason}", hint=hint) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NetworkError(f"{host(address)} cannot be asked: {error}") from error
            if attempt == attempts:
                break
            # Twice as long each time, spread over half to one and a half.
            usual = self.network.backoff * 2 ** (attempt - 1) * (0.5 + self.chance())
            pause = usual if wanted is None else wanted
            if pause > LONGEST_PAUSE:
                message = f"{host(address)} {reason}, and asks to be left alone for {pause:.0f} s"
                hint = "fetch again after that"
                raise NetworkError(message, hint=hint)
            self.say(f"{host(address)} {reason}; asking again in {pause:.1f} s")
            self.pause(pause)
        times = f", {attempts} times" if attempts > 1 else ""
        raise NetworkError(f"{host(address)} {reason}{times}", hint=hint)

    @contextmanager
    def open(self, address: str, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The response at the end of any redirects, its body still to be read.

        Raises RetryLater where the service is busy, NetworkError where it redirects to a stranger.
        """
        for _ in range(MOST_REDIRECTS + 1):
            self._require_service(address)
            with self._client.stream("GET", address, headers=dict(headers or {})) as response:
                if response.status_code in BUSY:
                    raise RetryLater(f"answers {response.status_code}", _retry_after(response))
                if response.status_code not in REDIRECTS:
                    yield response
                    return
                address = str(response.url.join(response.headers.get("Location", "")))
        raise NetworkError(f"{host(address)} sends on and on", hint=_LATER)

    def _require_service(self, address: str) -> None:
        """Raises NetworkError for an address outside the services, or without TLS where they have it."""
        import httpx

        asked = httpx.URL(address)
        for base in map(httpx.URL, (self.network.parliament, self.network.publications)):
            same = (asked.host, _port(asked)) == (base.host, _port(base)) and asked.scheme == base.scheme
            if same or (asked.scheme == "https" and asked.host in OFFICIAL.get(base.host, ())):
                return
        raise NetworkError(
            f"an answer leads to {asked.scheme}://{asked.netloc.decode()}, not one of the services asked",
            hint="look at the document by hand, then: jvom ingest FILE --year Y --keep",
        )


def host(address: str) -> str:
    try:
        return urllib.parse.urlsplit(address).netloc or address
    except ValueError:
        return address


def unexpected_answer(address: str, how: str, setting: str) -> NetworkError:
    """A search was answered otherwise than is documented; `setting` names the service's address."""
    hint = f"try again later; if it stays so, look at {setting} and the service's documentation"
    return NetworkError(f"{host(address)} answers a search {how}", hint=hint)


def _port(address: httpx.URL) -> int | None:
    return address.port or {"http": 80, "https": 443}.get(address.scheme)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the service asks for, as a number or as a moment."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())


def _explain(error: httpx.TransportError) -> tuple[str, str, bool]:
    """Why a request failed, what to do, and whether a pause of seconds may help."""
    import httpx

    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    if any("CERTIFICATE_VERIFY_FAILED" in str(cause) for cause in causes):
        return "has a certificate that cannot be trusted", _CERTIFICATES, False
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be reached: its name is not known here", _CONNECTION, False
    if isinstance(error, httpx.ConnectTimeout):
        return "cannot be reached: no connection in time", _CONNECTION, True
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached: {str(error) or 'no connection'}", _CONNECTION, True
    if isinstance(error, httpx.TimeoutException):
        return "fell silent", _LATER, True
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "cut the connection", _LATER, True
    return f"cannot be asked: {error}", _LATER, True


def download(transport: Transport, address: str, folder: Path, largest: int) -> Downloaded:
    """The document at an address, at most `largest` bytes.

    Raises Unusable, NetworkError, or LakeError where the folder cannot be written.
    """
    with files.writable(str(folder), "free some space, or make the warehouse writable"):
        folder.mkdir(parents=True, exist_ok=True)
        cache = _Cache(folder, address)
        return transport.retrying(address, lambda: _ask(transport, cache, largest))


class _Cache:
    """What the folder has of one address: a whole body or a part, each with the service's validators."""

    def __init__(self, folder: Path, address: str) -> None:
        name = hashlib.sha256(address.encode()).hexdigest()[:24]
        self.address = address
        self.body = folder / f"{name}.body"
        self.part = folder / f"{name}.part"

    def validators(self, file: Path) -> dict[str, str]:
        """ETag and Last-Modified of a file; empty if they do not belong to its bytes."""
        try:
            saved = json.loads(file.with_name(f"{file.name}.json").read_text(encoding="utf-8"))
            whole = file is self.part or hashlib.sha256(file.read_bytes()).hexdigest() == saved["sha256"]
            if not whole or saved["address"] != self.address:
                return {}
            return {name: str(saved[name]) for name in ("etag", "changed") if saved.get(name)}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def save_validators(self, file: Path, validators: Mapping[str, str], sha256: str = "") -> None:
        saved = {"address": self.address, "sha256": sha256, **validators}
        file.with_name(f"{file.name}.json").write_text(json.dumps(saved), encoding="utf-8")

    def drop(self, file: Path) -> None:
        file.unlink(missing_ok=True)
        file.with_name(f"{file.name}.json").unlink(missing_ok=True)


def _ask(transport: Transport, cache: _Cache, largest: int) -> Downloaded:
    headers = {"Accept-Encoding": "identity"}
    validators = cache.validators(cache.part)
    begun = cache.part.stat().st_size if validators and cache.part.exists() else 0
    if begun:
        # A weak ETag does not vouch for single bytes, so a part cannot be continued by it.
        strong = validators.get("etag", "W/")
        validator = strong if not strong.startswith("W/") else validators.get("changed")
        if validator:
            headers |= {"Range": f"bytes={begun}-", "If-Range": validator}
    elif whole := cache.validators(cache.body):
        headers |= {"If-None-Match": whole["etag"]} if "etag" in whole else {}
        headers |= {"If-Modified-Since": whole["changed"]} if "changed" in whole else {}
    with transport.open(cache.address, headers) as response:
        if response.status_code == 304:
            return _described(cache.body.read_bytes(), fresh=False)
        return _receive(transport, cache, response, begun, largest)


def _receive(
    transport: Transport, cache: _Cache, response: httpx.Response, begun: int, largest: int
) -> Downloaded:
    """Take the rest of a body, or all of it, and put it in place once it is whole."""
    continues = response.headers.get("Content-Range", "").strip().startswith(f"bytes {begun}-")
    if response.status_code == 416 or (response.status_code == 206 and not continues):
        cache.drop(cache.part)
        raise RetryLater("does not continue where the last download broke off", 0.0)
    if response.status_code not in (200, 206):
        raise Unusable(f"the service answers {response.status_code} in its place", faulty=True)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Unusable("is sent compressed, though asked for as it is", faulty=True)
    begun = begun if response.status_code == 206 else 0
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and begun + int(length) > largest:
        raise Unusable(f"is {begun + int(length)} bytes, over the limit of {largest}", faulty=True)
    _write(transport, cache, response, begun, largest)
    data = cache.part.read_bytes()
    vouched = length or response.headers.get("Transfer-Encoding")
    if not vouched and data.startswith(b"%PDF-") and b"%%EOF" not in data[-_PDF_END:]:
        cache.drop(cache.part)
        raise RetryLater("cut the connection")
    try:
        document = _described(data, fresh=True)
    except Unusable:
        cache.drop(cache.part)
        raise
    validators = cache.validators(cache.part)
    files.move_into_place(cache.part, cache.body)
    cache.save_validators(cache.body, validators, document.sha256)
    cache.drop(cache.part)
    return document


def _write(transport: Transport, cache: _Cache, response: httpx.Response, begun: int, largest: int) -> None:
    """Append the body to the part as it arrives, within limits of size and time."""
    headers = {"etag": "ETag", "changed": "Last-Modified"}
    cache.save_validators(cache.part, {key: response.headers.get(name, "") for key, name in headers.items()})
    until = transport.clock() + transport.network.longest
    size = begun
    with cache.part.open("ab" if begun else "wb") as stream:
        for chunk in response.iter_raw():
            size += len(chunk)
            if size > largest:
                stream.close()
                cache.drop(cache.part)
                raise Unusable(f"does not end within the limit of {largest} bytes", faulty=True)
            stream.write(chunk)
            if transport.clock() > until:
                raise RetryLater(f"was too slow: {size} bytes in {transport.network.longest:g} s")
    if size == 0:
        cache.drop(cache.part)
        raise Unusable("is empty", faulty=True)
    before = f", {begun} of them from before" if begun else ""
    transport.say(f"{host(cache.address)}: {size} bytes{before}")


def _described(data: bytes, *, fresh: bool) -> Downloaded:
    return Downloaded(data, hashlib.sha256(data).hexdigest(), _format(data), fresh)


def _format(data: bytes) -> Format:
    """What the bytes are, whatever the service calls them. Raises Unusable for neither PDF nor text."""
    start = data[:_FORMAT_BYTES].removeprefix(b"\xef\xbb\xbf")
    if start[:1024].lstrip(b"\r\n\t ").startswith(b"%PDF-"):
        return "pdf"
    for opening, name in _NOT_DOCUMENTS.items():
        if start.startswith(opening):
            raise Unusable(f"is {name}, neither PDF nor text")
    if _HTML.match(start):
        raise Unusable("is an HTML page, not a document", faulty=True)
    if start.lstrip().startswith((b"<?xml", b"{", b"[{")):
        raise Unusable("is XML or JSON, not a document", faulty=True)
    if b"\0" in data:
        raise Unusable("is neither PDF nor text")
    return "text"
