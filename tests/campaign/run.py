"""Reads planted documents, each in a process of its own within limits, and counts what came of them.

What is read must be a truth of the document. Where only the drawn page is one, a figure that differs from the
base must have other ink where it is drawn, and one that does not must have ink.
"""

import hashlib
import json
import os
import resource
import signal
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipelines import validate
from pipelines.extract import read as extract
from pipelines.model import Edition, SourceFile
from schemas import registry
from schemas.errors import JvomError
from tests.campaign import pdfs, texts
from tests.campaign.pdfs import Cell, Drawn, PlantedPdf
from tests.campaign.texts import Planted, Truth

DEVELOPMENT = (*range(8), *range(pdfs.REAL, pdfs.REAL + 4))  # looks
SCORE = (*range(1300, 1330), *range(pdfs.REAL + 1300, pdfs.REAL + 1310))
FIRST_SCORED = 1_000_000  # seeds below it are for development
SECONDS, MEMORY = 60, 3 * 2**30  # beyond what this process has
LONGEST = 4000  # characters of what is said of one
FAULTS = ("wrong", "crash", "timeout")
OUTCOMES = ("as before", "as changed", "refused", *FAULTS)


@dataclass(frozen=True)
class Outcome:
    kind: str
    outcome: str
    words: str  # the refusal, what is wrong, or the traceback
    untouched: bool  # what is seen is what was seen before


def judge(planted: Planted) -> Outcome:
    """What becomes of a document, read in a fork of this process."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of its own: the machine may be busy
        if (here := Path("/proc/self/statm")).exists():
            most = int(here.read_text().split()[0]) * resource.getpagesize() + MEMORY
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            outcome, words = _judge_here(planted)
        except MemoryError:
            outcome, words = "refused", "it takes too much memory"
        except BaseException:
            outcome, words = "crash", traceback.format_exc()
        same = pdfs.untouched(planted) if isinstance(planted, PlantedPdf) else planted.name.startswith("none")
        os.write(writer, json.dumps((outcome, words[-LONGEST:], same)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        said = stream.read()
    status = os.waitpid(child, 0)[1]
    ended = ("timeout" if status == signal.SIGPROF else "crash", f"it ended with status {status}", False)
    return Outcome(planted.name.partition("-")[0].replace("_", " "), *(json.loads(said) if said else ended))


def _judge_here(planted: Planted) -> tuple[str, str]:
    """Outcome and words."""
    known = planted.base.registry if isinstance(planted, PlantedPdf) else registry.load()
    kind = "pdf" if isinstance(planted, PlantedPdf) else "text"
    digest = hashlib.sha256(planted.data).hexdigest()
    source = SourceFile(2024, f"raw/2024/report.{kind}", digest, len(planted.data), kind, "full text")
    try:
        messages = list(extract.answer(planted.data, source, Edition(2024), known, None))
        if "pictures" in messages[0][0]:
            return "refused", "it holds pictures"
        found = {name: pa.ipc.open_stream(stream).read_all() for name, stream in messages[1:]}
        if failures := validate.failures(found, {mission.id for mission in known.missions}):
            raise validate.refusal(failures, source.path)
    except JvomError as refusal:
        return "refused", str(refusal)
    read = pdfs.figures_of(found)
    if not isinstance(planted, PlantedPdf):
        return _compared(read, planted.truths, planted.truths if planted.name.startswith("none") else ())
    if planted.truths is not None:
        return _compared(read, planted.truths, [planted.base.truth])
    faults = list(not_drawn(planted, pdfs.cells_of(found, planted.data)))
    return ("wrong", "; ".join(faults)) if faults else _compared(read, [read], [planted.base.truth])


def _compared(read: Truth, truths: Sequence[Truth], before: Sequence[Truth]) -> tuple[str, str]:
    if read in truths:
        return ("as before" if read in before else "as changed"), ""
    right = truths[0] if truths else {}
    keys = [key for key in {**right, **read} if read.get(key) != right.get(key)]
    return "wrong", "; ".join(f"{key}: {right.get(key)} was read as {read.get(key)}" for key in keys)


def not_drawn(planted: PlantedPdf, read: dict[tuple[str, int], Cell]) -> Iterator[str]:
    """Figures that the page does not show: without ink, or with that of the base although they differ."""
    before = {(cell.row, cell.column): cell for cell in planted.base.cells}
    drawn, base = Drawn(planted.data), Drawn(planted.base.data)
    for key in {**before, **read}:
        was, now = before.get(key), read.get(key)
        had, has = (cell.value if cell else None for cell in (was, now))
        if now and has is not None and not drawn.ink(now.box):
            yield f"{key}: {has} is not drawn"
        place = now if has is not None else was
        if was and place and had not in (None, has) and drawn.pixels(place.box) == base.pixels(was.box):
            yield f"{key}: {had} was read as {has}"


def plant(what: str, seed: int) -> Planted | None:
    """The text or PDF of a seed; None where no base has a place for its kind."""
    if what == "pdf":
        return pdfs.planted(seed, SCORE if seed >= FIRST_SCORED else DEVELOPMENT)
    (planted,) = texts.planted(seed, 1, (texts.KINDS[seed % len(texts.KINDS)],))
    return planted


@cache
def warm() -> None:
    """Load in this process what its forks would load one by one."""
    (plain,) = texts.planted(0, 1, (texts.none,))
    _judge_here(plain)


def run(document: tuple[str, int]) -> tuple[Outcome, bytes] | None:
    """Plant a document, and read it; `warm` first."""
    warm()
    planted = plant(*document)
    return (judge(planted), planted.data) if planted else None
