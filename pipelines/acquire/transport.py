"""Asking a service over HTTP: patient where it is busy, strict about where an answer comes from.

Only the configured services are asked. A redirect is followed to hosts that belong to them, and to
no others; certificates are checked. What passes (a refusal to serve now, a cut connection, silence)
is tried again after a pause that grows and varies, or that the service asks for.
"""

from __future__ import annotations

import datetime
import email.utils
import random
import socket
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from pipelines.settings import Network
from schemas.errors import NetworkError

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS = 5
LONGEST_PAUSE = 120.0  # seconds; a service that asks for more is asked again by a later fetch
ANSWER = 20_000_000  # bytes of one page of results
CHUNK = 65_536

# Hosts to which the public services send on; a service of one's own has only itself.
OFFICIAL = {
    "gegevensmagazijn.tweedekamer.nl": ("www.tweedekamer.nl",),
    "repository.overheid.nl": ("zoek.officielebekendmakingen.nl",),
}


class Again(Exception):
    """A request that may go well another time; `pause` is what the service asks for, in seconds."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


def _silent(_sentence: str) -> None:
    """Tells nobody."""


@dataclass
class Transport:
    """A connection to the services of `network`; a context manager.

    `agent` is what it calls itself; `pause`, `chance`, `clock` and `say` are the passing of time, the
    spread of pauses (0 to 1), seconds on a clock, and where progress is told.
    """

    network: Network
    agent: str
    say: Callable[[str], None] = _silent
    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    _client: httpx.Client = field(init=False, repr=False)

    def __enter__(self) -> Transport:
        import httpx

        timeout = httpx.Timeout(self.network.timeout, connect=min(self.network.timeout, 10.0))
        self._client = httpx.Client(timeout=timeout, headers={"User-Agent": self.agent})
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._client.close()

    def answer(self, address: str) -> bytes:
        """The body of a page of results. Raises NetworkError where there is none to be had."""

        def ask() -> bytes:
            with self.open(address) as response:
                if response.status_code != 200:
                    raise NetworkError(f"{host(address)} answers {response.status_code} to a search")
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > ANSWER:
                        raise NetworkError(f"{host(address)} does not stop answering a search")
            return bytes(body)

        return self.patiently(address, ask)

    def patiently(self, address: str, ask: Callable[[], T]) -> T:
        """What `ask` gives, at once or after some pauses. Raises NetworkError when patience is over."""
        import httpx

        attempts = self.network.attempts
        for attempt in range(1, attempts + 1):
            try:
                return ask()
            except Again as error:
                reason, asked = str(error), error.pause
            except httpx.TransportError as error:
                reason, asked = _why(error), None
                if _hopeless(error):
                    raise NetworkError(f"{host(address)} {reason}", hint=_hint(reason)) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise NetworkError(f"{host(address)} {_why(error)}") from error
            if attempt == attempts:
                break
            pause = self._pause(attempt, asked)
            if pause > LONGEST_PAUSE:
                raise NetworkError(
                    f"{host(address)} {reason}, and asks to be left alone for {pause:.0f} s",
                    hint="fetch again after that",
                )
            self.say(f"{host(address)} {reason}; asking again in {pause:.1f} s")
            self.pause(pause)
        tried = f", {attempts} times" if attempts > 1 else ""
        raise NetworkError(f"{host(address)} {reason}{tried}", hint=_hint(reason))

    def _pause(self, attempt: int, asked: float | None) -> float:
        """The service's own wish, else twice as long each time, spread over half to one and a half."""
        return (
            asked if asked is not None else self.network.backoff * 2 ** (attempt - 1) * (0.5 + self.chance())
        )

    @contextmanager
    def open(self, address: str, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Response]:
        """The response at the end of any redirects, its body still to be read.

        Raises Again where the service is busy, NetworkError where it sends on to a stranger.
        """
        for _ in range(MOST_REDIRECTS + 1):
            self._require_ours(address)
            with self._client.stream("GET", address, headers=dict(headers or {})) as response:
                if response.status_code in BUSY:
                    raise Again(f"answers {response.status_code}", _retry_after(response))
                if response.status_code not in REDIRECTS:
                    yield response
                    return
                target = response.headers.get("Location", "")
                address = str(response.url.join(target))
        raise NetworkError(f"{host(address)} sends on and on", hint="try again later")

    def _require_ours(self, address: str) -> None:
        """An address of the services, over TLS where they are."""
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
    """The host of an address, for messages."""
    try:
        return urllib.parse.urlsplit(address).netloc or address
    except ValueError:
        return address


def _port(address: httpx.URL) -> int | None:
    return address.port or {"http": 80, "https": 443}.get(address.scheme)


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds that the service asks for, given as such or as a moment."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given[:9])
    try:
        moment = email.utils.parsedate_to_datetime(given)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, (moment - datetime.datetime.now(datetime.UTC)).total_seconds())


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _untrusted(error: BaseException) -> bool:
    return any("CERTIFICATE_VERIFY_FAILED" in str(cause) for cause in _causes(error))


def _offline(error: BaseException) -> bool:
    return any(isinstance(cause, socket.gaierror) for cause in _causes(error))


def _hopeless(error: BaseException) -> bool:
    """What a pause of seconds does not mend."""
    return _untrusted(error) or _offline(error)


def _why(error: Exception) -> str:
    import httpx

    if _untrusted(error):
        return "has a certificate that cannot be trusted"
    if _offline(error):
        return "cannot be reached: its name is not known here"
    if isinstance(error, httpx.ConnectTimeout):
        return "cannot be reached: no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "fell silent"
    if isinstance(error, httpx.ConnectError):
        return f"cannot be reached: {str(error) or 'no connection'}"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return "cut the connection"
    return f"cannot be asked: {error}"


def _hint(reason: str) -> str:
    if "certificate" in reason:
        return "check the clock and the certificates of this machine, or who stands in between"
    if "reached" in reason:
        return "check the connection of this machine; what is in raw/ builds without one"
    return "try again later"
