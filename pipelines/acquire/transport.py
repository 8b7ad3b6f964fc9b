"""Asking a service over HTTP: patient where it is slow or busy, strict about where an answer comes from.

Only the configured services are asked. A redirect is followed to hosts that belong to them and to no others;
certificates are checked. Silence is waited for twice, an error that took long is not asked for again at once,
since the query that was given up goes on running there. Every exchange is noted, for a cassette.
"""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import json
import random
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines import files, versions
from pipelines.acquire.model import Downloaded, Exchange
from pipelines.extract import kinds
from pipelines.settings import Network
from schemas.errors import JvomError, NetworkError, SourceError

if TYPE_CHECKING:
    import httpx

AGENT = f"jvom/{versions.jvom()} (yearly reports on Dutch mission contributions as data)"
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
MOST_SILENCES = 2
SLOW = 1 / 9  # of the longest silence: an error that took longer would take as long again (20 of 180 s)
SAID_AFTER = 10.0  # seconds, after which it is said what is waited for
LONGEST_PAUSE = 120.0  # seconds; a service that asks for more is asked again by a later fetch
LARGEST_PAGE = 20_000_000  # bytes of one page of results
LARGEST_REFUSAL = 50_000  # bytes that are read of an answer that is not a result
LONGEST_WORDS = 300  # characters of what a service says that are repeated

# Hosts to which the public services send on; any other service has only itself.
_OTHERS = ("repository.officiele-overheidspublicaties.nl", "zoek.officielebekendmakingen.nl")
OFFICIAL = {"gegevensmagazijn.tweedekamer.nl": ("www.tweedekamer.nl",), "repository.overheid.nl": _OTHERS}

_LATER = "try again later"
_CONNECTION = "check the connection of this machine; what is in raw/ builds without one"
_CERTIFICATES = "check the clock and the certificates of this machine, or any proxy in between"
_MISSING = re.compile(r"fout404|/errors?/404", re.IGNORECASE)  # addresses of pages for what is not there


@dataclass
class RetryLater(Exception):
    """A request that may succeed another time; `pause` is what the service asks for, in seconds."""

    reason: str
    pause: float | None = None
    failed: bool = False


class Unusable(JvomError):
    """An address does not hold what can be read; `faulty` if the service is to blame."""

    def __init__(self, message: str, *, faulty: bool = True) -> None:
        super().__init__(message)
        self.faulty = faulty


@dataclass
class Transport:
    """A connection to the services of `network`, for one search; a context manager.

    `say` takes sentences on progress; `pause`, `chance` (0 to 1) and `clock` are waiting, the spread of
    pauses, and a clock in seconds; `through` answers in the network's place.
    """

    network: Network
    say: Callable[[str], None] = lambda _: None
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    through: Callable[[httpx.Request], httpx.Response] | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    _client: httpx.Client = field(init=False, repr=False)
    _until: float = field(init=False, repr=False)

    def __enter__(self) -> Transport:
        import httpx

        # Asked for as it is, so that the size that is announced is the document's.
        headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
        instead = httpx.MockTransport(self.through) if self.through else None
        self._client = httpx.Client(headers=headers, transport=instead)
        self._until = self.clock() + self.network.whole
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def answer(self, address: str) -> bytes:
        """The body of a page of results. Raises NetworkError."""
        try:
            return self._get(address, LARGEST_PAGE)
        except Unusable as error:
            message = f"{host(address)}: the answer to a search {error.message}"
            hint = f"jvom fetch --check says what works now; asked was {address}"
            raise NetworkError(message, hint=hint) from error

    def document(self, address: str, largest: int) -> Downloaded:
        """The document at an address, at most `largest` bytes. Raises Unusable or NetworkError."""
        data = self._get(address, largest)
        self.say(f"{host(address)}: {len(data)} bytes")
        return described(data)

    def _get(self, address: str, largest: int) -> bytes:
        """What is at an address, if need be by a later attempt. Raises Unusable, or NetworkError at last."""
        import httpx

        silences = attempt = 0
        while True:
            attempt += 1
            begun, wanted, last = self.clock(), None, attempt == self.network.attempts
            try:
                return self._ask(address, largest)
            except RetryLater as error:
                reason, hint, wanted = error.reason, _LATER, error.pause
                if error.failed and (took := self.clock() - begun) > SLOW * self.network.timeout:
                    reason, last = f"{reason} after {took:.0f} s", True
            except httpx.TransportError as error:
                reason, hint, hopeless = _explain(error)
                silences += isinstance(error, httpx.ReadTimeout)
                last = last or hopeless or silences == MOST_SILENCES
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NetworkError(f"{host(address)} cannot be asked: {error}", hint=_LATER) from error
            if last:
                times = f", {attempt} times" if attempt > 1 else ""
                raise NetworkError(f"{host(address)} {reason}{times}", hint=hint)
            # Twice as long each time, spread over half to one and a half.
            usual = self.network.backoff * 2 ** (attempt - 1) * (0.5 + self.chance())
            pause = usual if wanted is None else wanted
            if pause > LONGEST_PAUSE:
                message = f"{host(address)} {reason}, and asks to be left alone for {pause:.0f} s"
                raise NetworkError(message, hint="fetch again after that")
            self.say(f"{host(address)} {reason}; asking again in {pause:.1f} s")
            self.pause(pause)

    def _ask(self, address: str, largest: int) -> bytes:
        """One attempt, at the end of any redirects.

        Raises RetryLater where the service is busy, Unusable where it has nothing, NetworkError where it
        sends on to a stranger or the time of the search is over.
        """
        import httpx

        for _ in range(MOST_REDIRECTS + 1):
            self._require_service(address)
            begun, exchange = self.clock(), Exchange(address)
            if (left := self._until - begun) <= 0:
                over = f"{self.network.whole / 60:g} minutes for one search are over"
                hint = "try again later, or with a larger JVOM_FETCH_WHOLE"
                raise NetworkError(f"{over}; {host(address)} was not asked", hint=hint)
            self.exchanges.append(exchange)
            silence = min(self.network.timeout, left)
            timeout = httpx.Timeout(silence, connect=min(silence, 10.0))
            waiting = threading.Timer(SAID_AFTER, self.say, [f"waiting for {host(address)}"])
            waiting.start()
            try:
                with self._client.stream("GET", address, timeout=timeout) as response:
                    exchange.status, exchange.headers = response.status_code, dict(response.headers)
                    exchange.first = self.clock() - begun
                    self._receive(response, exchange, largest if response.status_code == 200 else None)
            except httpx.HTTPError as error:
                exchange.error, exchange.words = type(error).__name__, str(error)
                raise
            finally:
                waiting.cancel()
                exchange.seconds = self.clock() - begun
            if exchange.status == 200:
                return bytes(exchange.body)
            if exchange.status not in REDIRECTS:
                said = words(bytes(exchange.body))
                reason = f"answers {exchange.status}" + (f" (“{said}”)" if said else "")
                if exchange.status in BUSY:
                    raise RetryLater(reason, _retry_after(response), failed=response.is_server_error)
                raise Unusable(reason)
            address = str(response.url.join(response.headers.get("Location", "")))
            if _MISSING.search(address):
                raise Unusable(f"is not there: the service sends on to {address}")
        raise NetworkError(f"{host(address)} sends on and on", hint=_LATER)

    def _receive(self, response: httpx.Response, exchange: Exchange, largest: int | None) -> None:
        """The body, within limits of size and time; without `largest` only the beginning is of use."""
        length = response.headers.get("Content-Length", "")
        if largest and length.isdecimal() and int(length) > largest:
            raise Unusable(f"is {int(length)} bytes, over the limit of {largest}")
        begun, body = self.clock(), exchange.body
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > (largest or LARGEST_REFUSAL):
                if largest is None:
                    return
                raise Unusable(f"does not end within the limit of {largest} bytes")
            took = self.clock() - begun
            if took > self.network.longest or begun + took > self._until:
                raise RetryLater(f"was too slow: {len(body)} bytes in {took:.0f} s")
        if largest and not body:
            raise Unusable("is empty")
        vouched = length or response.headers.get("Transfer-Encoding")
        if not vouched and body.startswith(b"%PDF-") and b"%%EOF" not in body[-4096:]:
            raise RetryLater("cut the connection")

    def _require_service(self, address: str) -> None:
        """Raises NetworkError for an address outside the services, or without TLS where they have it."""
        import httpx

        asked = httpx.URL(address)
        for base in map(httpx.URL, (self.network.parliament, self.network.publications)):
            same = (asked.scheme, asked.netloc) == (base.scheme, base.netloc)  # no port where it is the usual
            if same or (asked.scheme == "https" and asked.host in OFFICIAL.get(base.host, ())):
                return
        raise NetworkError(
            f"an answer leads to {asked.scheme}://{asked.netloc.decode()}, not one of the services asked",
            hint="look at the document by hand, then: jvom ingest FILE --year Y --keep",
        )


def host(address: str) -> str:
    try:
        return urllib.parse.urlsplit(address).netloc.rpartition("@")[2] or address
    except ValueError:
        return address


def words(body: bytes) -> str:
    """What an answer says to a person: the message of an error in JSON, else its text without tags."""
    text = body.decode("utf-8", "replace")
    try:
        text = json.loads(text)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        text = re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
    text = " ".join(str(text).split())
    return text if len(text) <= LONGEST_WORDS else f"{text[: LONGEST_WORDS - 2]} …"


def unexpected_answer(address: str, how: str, setting: str) -> NetworkError:
    """A search was answered otherwise than is documented; `setting` names the service's address."""
    hint = f"try again later; if it stays so: jvom fetch --check, and look at {setting}"
    return NetworkError(f"{host(address)} answers a search {how}", hint=hint)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the service asks for, as a number or as a moment."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value[:9])
    try:
        moment = email.utils.parsedate_to_datetime(value).replace(tzinfo=datetime.UTC)  # always GMT
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())


def _explain(error: httpx.TransportError) -> tuple[str, str, bool]:
    """Why a request failed, what to do, and whether another attempt is of no use."""
    import httpx

    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    if any("CERTIFICATE_VERIFY_FAILED" in str(cause) for cause in causes):
        return "has a certificate that cannot be trusted", _CERTIFICATES, True
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be reached: its name is not known here", _CONNECTION, True
    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return f"cannot be reached: {str(error) or 'no connection'}", _CONNECTION, False
    if isinstance(error, httpx.TimeoutException):
        return "fell silent", _LATER, False
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "cut the connection", _LATER, False
    return f"cannot be asked: {error}", _LATER, False


def described(data: bytes) -> Downloaded:
    """What the bytes are, whatever the service calls them. Raises Unusable for what is not a document."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if (form := files.format_of(data)) == "text":
        try:
            kinds.require_text(data)
        except SourceError as error:
            raise Unusable(error.message, faulty=start.startswith(b"<")) from error
        if (json_text := start.startswith((b"{", b"[{"))) or b"\0" in data:
            raise Unusable("is neither PDF nor text", faulty=json_text)
    return Downloaded(data, hashlib.sha256(data).hexdigest(), form)
