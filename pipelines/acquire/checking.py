"""`jvom fetch --check`: five timed questions that say which assumptions about the services hold today."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pipelines import files
from pipelines.acquire.model import Candidate, Window
from pipelines.acquire.searching import SERVICES, Way, ways
from pipelines.acquire.transport import Transport
from schemas.errors import JvomError, NetworkError
from schemas.report_day import DOSSIER


def check(transport: Transport, window: Window) -> list[dict[str, Any]]:
    """Whether each way lists what came with letters in a window, and each service has such a document.

    Of each: `assumption`, whether it `holds`, after how many `seconds`, and what was `found`.
    """
    probes: list[dict[str, Any]] = []
    listed: dict[str, Candidate] = {}

    def ask(assumption: str, question: Callable[[], str]) -> None:
        begun = transport.clock()
        try:
            holds, found = True, question()
        except JvomError as error:
            holds, found = False, error.message
        seconds = round(transport.clock() - begun, 1)
        probes.append({"assumption": assumption, "holds": holds, "seconds": seconds, "found": found})

    def attachments(way: Way) -> str:
        candidates = next(way.search(transport, DOSSIER, [window]))
        attached = [one for one in candidates if one.kind == "attachment"]
        if not attached:
            raise NetworkError(f"lists {len(candidates)} letters, none with an attachment")
        listed.setdefault(way.service, attached[0])
        return f"{len(attached)}, such as {attached[0].identifier} of {attached[0].sent}"

    def document(one: Candidate) -> str:
        got = transport.document(one.address, files.LARGEST)
        return f"{one.identifier}: {got.format}, {len(got.data)} bytes"

    for way in ways(SERVICES, transport.network):
        ask(f"{way.name} lists attachments of dossier {DOSSIER}", partial(attachments, way))
    for service, one in listed.items():
        ask(f"{service} gives what it lists", partial(document, one))
    return probes
