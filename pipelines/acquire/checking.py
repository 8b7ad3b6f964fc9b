"""`jvom fetch --check`: five timed questions that say which assumptions about the services hold today."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pipelines import files
from pipelines.acquire.model import Candidate, Downloaded, Window
from pipelines.acquire.searching import SERVICES, ways
from pipelines.acquire.transport import Transport
from schemas.errors import JvomError, NetworkError
from schemas.report_day import DOSSIER

T = TypeVar("T")


@dataclass(frozen=True)
class Probe:
    """One assumption, whether it is true, how many seconds that took to find out, and what was found."""

    assumption: str
    holds: bool
    seconds: float
    found: str


def check(transport: Transport, window: Window) -> list[Probe]:
    """Whether each way lists what came with letters in a window, and each service has such a document."""
    probes: list[Probe] = []

    def ask(assumption: str, question: Callable[[], T], found: Callable[[T], str]) -> T | None:
        begun, answer = transport.clock(), None
        try:
            answer = question()
            holds, said = True, found(answer)
        except JvomError as error:
            holds, said = False, error.message
        probes.append(Probe(assumption, holds, round(transport.clock() - begun, 1), said))
        return answer

    listed: dict[str, Candidate] = {}
    for way in ways(SERVICES, transport.network):
        lists = partial(_attached, way.search(transport, DOSSIER, [window]))
        for one in ask(f"{way.name} lists attachments of dossier {DOSSIER}", lists, _counted) or ():
            listed.setdefault(way.service, one)
    for service, one in listed.items():
        gives = partial(transport.document, one.address, files.LARGEST)
        ask(f"{service} gives what it lists", gives, partial(_described, one))
    return probes


def _attached(listed: Iterator[list[Candidate]]) -> list[Candidate]:
    """The attachments of a list. Raises NetworkError if it has none."""
    candidates = next(listed)
    if attached := [one for one in candidates if one.kind == "attachment"]:
        return attached
    raise NetworkError(f"lists {len(candidates)} letters, none with an attachment")


def _counted(attached: list[Candidate]) -> str:
    return f"{len(attached)}, such as {attached[0].identifier} of {attached[0].sent}"


def _described(one: Candidate, document: Downloaded) -> str:
    return f"{one.identifier}: {document.format}, {len(document.data)} bytes"
