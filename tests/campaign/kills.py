"""Writers of the record killed beside its readers: nothing acknowledged is lost, and no read is torn.

A round is one warehouse and one story: an edition fetched, vintages recorded, withdrawn and brought back,
published, backed up and the backup restored elsewhere, by the functions that the commands call. A process
that does what is left of the story says each step that is done, and is killed: at a call into DuckDB or the
disk, or at any moment. The next goes on where it died. Once a round has had its kills the story is ended in
peace, and the warehouse compared with an undisturbed one.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import schemas
from pipelines import raw, sql, verify
from pipelines.acquire import fetching
from pipelines.lake import Authorship, Lake, backup, commits, connection, history, restore
from pipelines.publish import catalogue, published, release, views
from pipelines.settings import Settings, find, network
from tests.support import lakes
from tests.support.forked import LIBRARIES, OURS, PROCESSES, fork
from tests.support.parliament import Parliament, edition, send

PROCESSES.set_forkserver_preload([*LIBRARIES, *OURS, __name__])
BY = Authorship("tester", "run")
# What every writer would work out anew: known before they are forked.
catalogue.relations(), catalogue.column_lineage(), catalogue.contract_checks(), views.version()
STEPS = ("execute", "fsync", "replace", "unlink", "backup", "rmtree")  # calls at which a writer may die
PER_ROUND = 40
SKIPPED = (0, 0, 0, 0, 1, 1, 2)  # how many steps a writer does in peace before the one in which it is killed
SECONDS = {"publish": 2.0, "fetch": 2.0, "backup": 0.3, "restore a backup": 0.5}  # of a step, about; others 1
FETCHED = 2025
BLOCKED = 60.0  # seconds: a read that takes longer waited for somebody, whatever else the machine does


@dataclass(frozen=True)
class Step:
    """A step of the story: what it is, how it is done, and whether a warehouse shows that it was."""

    name: str
    do: Callable[[Settings], object]
    done: Callable[[Settings], bool]


@dataclass
class Score:
    """What became of the kills and of the reads beside them; `faults` are sentences."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)  # step, how
    acknowledged: int = 0
    rounds: int = 0
    reads: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    faults: list[str] = field(default_factory=list)


def _publish(where: Settings) -> None:
    release.publish(where, Lake.of(where), [])


def _vintages(where: Settings) -> int:
    """How many vintages were committed, by the commits themselves."""
    with connection.catalog(Lake.of(where).address, "counting commits") as there:
        return sum(said.get("kind") == "vintage" for _, said in commits.commits(there)) if there else 0


def _has(many: int, where: Settings) -> bool:
    return _vintages(where) >= many


def _is_published(where: Settings) -> bool:
    state = published.state(where.published)
    written = release.read(where.releases, state.release_id) if state else None
    return bool(state and written and state.head == Lake.of(where).head())


def _copy(where: Settings) -> Path:
    return where.warehouse.parent / "copy"


def _moved(where: Settings) -> Settings:
    """Another installation, which has nothing yet."""
    return find(where.warehouse.parent / "moved" / "raw", where.warehouse.parent / "moved" / "warehouse")


def _is_moved(where: Settings) -> bool:
    return _vintages(_moved(where)) > 0


def _fetch(where: Settings) -> None:
    fetching.fetch(where, network(), FETCHED, say=lambda _: None)


def _is_fetched(where: Settings) -> bool:
    noted = where.raw / raw.FETCHED
    return FETCHED in raw.lock_entries(where.raw) and noted.exists() and str(FETCHED) in noted.read_text()


def _story() -> Iterator[Step]:
    """Each vintage is done once there are so many; what is published, also once another has come."""
    others = {
        "fetch": Step("fetch", _fetch, _is_fetched),
        "backup": Step("backup", lambda to: backup(to, _copy(to)), lambda to: _copy(to).exists()),
        "move": Step("restore a backup", lambda to: restore(_moved(to), _copy(to)), _is_moved),
    }
    plan: list[Any] = [
        0,
        "earlier",
        "fetch",
        "publish",
        1,
        ("withdraw", 2021),
        "backup",
        "move",
        ("restore", 2021),
        2,
        4,
    ]
    vintages = 0
    for number, what in enumerate([*plan, "publish"]):
        if what in others:
            yield others[what]
        elif what == "earlier":
            vintages += len(lakes.EARLIER)
            yield Step(
                "record several", lambda to: lakes.record_earlier(Lake.of(to)), partial(_has, vintages)
            )
        elif what == "publish":
            seen = vintages
            yield Step(what, _publish, lambda to, seen=seen: _vintages(to) > seen or _is_published(to))
        else:
            vintages += 1
            done = partial(_has, vintages)
            if isinstance(what, int):
                step = lakes.PLAN[what]
                yield Step("record", lambda to, step=step: lakes.record(Lake.of(to), step), done)
            else:
                reason = f"reason {number}"
                yield Step(
                    what[0], partial(lambda w, r, to: Lake.of(to).decide(*w, r, by=BY), what, reason), done
                )


STORY = tuple(_story())


def tell(
    where: Settings,
    said: Connection,
    services: Mapping[str, str],
    last: int = len(STORY),
    at: int | None = None,
) -> None:
    """Do what is left of the story up to step `last`, and say each step that begins, and that is done.

    `services` says where to fetch from. With `at` die at that call within the last of them.
    """
    os.environ.update(services)
    calls = 0

    def watch(_frame: FrameType, event: str, function: Any) -> None:
        nonlocal calls
        if event in ("c_call", "c_return") and function.__name__ in STEPS:
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)

    for number, step in enumerate(STORY[: last + 1]):
        if step.done(where):
            continue
        said.send(("begun", number, 0))
        calls = 0
        sys.setprofile(watch)
        step.do(where)
        sys.setprofile(None)
        said.send(("done", number, calls))


def read_on(where: Settings, stop: Any, answer: Connection, seed: int) -> None:
    """Read lake and published file until told to stop; says how often, how slowly, and what was torn."""
    counts: Counter[str] = Counter()
    slowest, torn = 0.0, list[str]()
    kinds = {"published file": _torn_file, "newest commit": _torn_head, "lake": _torn_lake}
    chosen = random.Random(seed)
    while not stop.is_set():
        kind = chosen.choices(list(kinds), weights=(8, 12, 1))[0]
        started = time.monotonic()
        try:
            fault = kinds[kind](where)
        except Exception as error:  # whatever it is, a reader must not meet it
            fault = f"{type(error).__name__}: {error}"
        slowest = max(slowest, time.monotonic() - started)
        counts[kind] += 1
        if fault:
            torn.append(f"{kind}: {fault}")
        stop.wait(0.01)
    answer.send((counts, slowest, torn[:5]))


def _torn_lake(where: Settings) -> str:
    lake = Lake.of(where)
    return next(iter(lakes.incomplete(lake.read())), "") if lake.head() else ""


def _torn_head(where: Settings) -> str:
    head = Lake.of(where).head() or "vintage:"
    return "" if head.startswith(("vintage:", "release:", "tables:", "snapshot:0")) else f"it is {head}"


def _torn_file(where: Settings) -> str:
    if not where.published.exists():
        return ""
    with published.connect(where.published) as opened:
        named = {
            (row["edition_year"], row["vintage"]): dict(row["row_counts"])
            for row in sql.rows(opened, "FROM vintages")
        }
        counted = sql.rows(
            opened,
            "SELECT edition_year, vintage, count(*) AS many FROM personnel_vintages GROUP BY ALL",
        )
        if not sql.rows(opened, "FROM releases SEMI JOIN build_info ON release_id = value"):
            return "its release is not among its releases"
    held = {(row["edition_year"], row["vintage"]): row["many"] for row in counted}
    wrong = [place for place, counts in named.items() if counts["personnel"] != held.get(place, 0)]
    return f"vintages {wrong} do not have their rows" if wrong else ""


def campaign(folder: Path, kills: int, reads: int, seed: int, say: Callable[[Score], None]) -> Score:
    """At least so many kills and reads beside them; `say` is given the score after each round."""
    score, chosen = Score(), random.Random(seed)
    whole = _home(folder / "whole")
    with Parliament() as served:
        send(served, edition(), day=f"{FETCHED}-05-21")
        calls = {number: calls for what, number, calls in _in_peace(whole, served) if what == "done"}
        expected = _content(whole)
        of_stand_ins = {fault.where for fault in verify.verify(whole).faults}  # documents that are none
        while score.kills.total() < kills or score.reads.total() < reads:
            score.rounds += 1
            where = _home(folder / f"round-{score.rounds}")
            with _reader(where, score, chosen.random()):
                wanted = min(PER_ROUND, max(kills - score.kills.total(), 1))
                _round(where, served, wanted, calls, chosen, score, of_stand_ins)
            _in_peace(where, served)
            Lake.of(where).recover()
            found = _content(where)
            wrong = [*lakes.incomplete(Lake.of(where).read())]
            wrong += [
                f"{name} is not as undisturbed" for name in expected if found.get(name) != expected[name]
            ]
            score.faults += [f"round {score.rounds}: {one}" for one in wrong]
            Lake.of(where).close()
            if not wrong:
                shutil.rmtree(where.warehouse.parent)
            say(score)
    return score


def _round(
    where: Settings,
    served: Parliament,
    wanted: int,
    calls: Mapping[int, int],
    chosen: random.Random,
    score: Score,
    known: Set[str],
) -> None:
    """Kill so many writers, or as many as the story lasts; `calls` has those of each step, undisturbed.

    After a kill `jvom verify` names no damage but at the `known` places.
    """
    for _ in range(wanted):
        left = [number for number, step in enumerate(STORY) if not step.done(where)]
        if not left:
            return
        last = left[min(chosen.choice(SKIPPED), len(left) - 1)]
        at = chosen.randint(1, calls[last]) if chosen.random() < 0.5 else None
        ours, theirs = PROCESSES.Pipe()
        process = fork(tell, where, theirs, served.environment, last, at)
        theirs.close()
        said = []
        with suppress(EOFError):
            while at is None and not (said and said[-1][:2] == ("begun", last)):
                said.append(ours.recv())
            if at is None:
                process.join(chosen.uniform(0.0, SECONDS.get(STORY[last].name, 1.0)))
                process.kill()
            while True:
                said.append(ours.recv())
        process.join()
        if process.exitcode == 0:
            continue  # it was done before it could die
        if process.exitcode != -signal.SIGKILL:
            score.faults.append(f"a writer ended with {process.exitcode}, not by its kill")
        done = [number for what, number, _ in said if what == "done"]
        score.kills[STORY[last].name, "at a call" if at else "at random"] += 1
        score.acknowledged += len(done)
        lost = [STORY[number].name for number in done if not STORY[number].done(where)]
        score.faults += [f"round {score.rounds}: {name} was acknowledged, and is lost" for name in lost]
        # Not after each: a verification may do what the next writer is to mend.
        looked = verify.verify(where).faults if chosen.random() < 0.5 else ()
        of_no_document = "cannot be read again"  # as the stand-ins cannot
        named = [each for each in looked if each.where not in known and of_no_document not in each.what]
        killed = f"round {score.rounds}, {STORY[last].name} killed"
        score.faults += [f"{killed}: verify takes it for damage: {fault}" for fault in named]


def _home(folder: Path) -> Settings:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "raw").mkdir(parents=True)
    return find(folder / "raw", folder / "warehouse")


def _in_peace(where: Settings, served: Parliament) -> list[tuple[str, int, int]]:
    """End the story undisturbed; what it said."""
    ours, theirs = PROCESSES.Pipe()
    process = fork(tell, where, theirs, served.environment)
    theirs.close()
    said = []
    with suppress(EOFError):
        while True:
            said.append(ours.recv())
    process.join()
    if process.exitcode:
        raise RuntimeError(f"the undisturbed story ended with status {process.exitcode}")
    return said


def _content(where: Settings) -> dict[str, Any]:
    """What a warehouse holds, stamps aside: lake, published file, backups."""
    held = {f"the lake's {name}": rows for name, rows in lakes.content(Lake.of(where).read()).items()}
    held["the lake's verifications"] = [*filter(_of_an_edition, held["the lake's verifications"])]
    with published.connect(where.published) as opened:
        file = {
            name: opened.execute(f'FROM "{name}"').to_arrow_table()
            for name in (*schemas.VINTAGE_TABLES, *schemas.RECORD)
        }
    held |= {f"the file's {name}": rows for name, rows in lakes.content(file).items()}
    held["the file's verifications"] = [*filter(_of_an_edition, held["the file's verifications"])]
    for whose, at in (("the backup's", find(where.raw, _copy(where))), ("what is restored's", _moved(where))):
        read = lakes.content(Lake.of(at).read())
        held |= {f"{whose} {name}": read[name] for name in ("vintages", "personnel_vintages")}
    held["raw/"] = {
        str(file.relative_to(where.raw)): file.read_bytes()
        for file in where.raw.rglob("[!.]*")
        if file.is_file() and file.name != raw.FETCHED  # which has times
    }
    held["releases"] = sorted(path.parent.name for path in where.releases.glob("*/manifest.json"))
    return held


def _of_an_edition(verification: Mapping[str, Any]) -> bool:
    return verification["kind"] != history.VERIFICATION


@contextmanager
def _reader(where: Settings, score: Score, seed: float) -> Iterator[None]:
    """A reader at work in here; what it met goes into the score."""
    stop = PROCESSES.Event()
    ours, theirs = PROCESSES.Pipe()
    process = fork(read_on, where, stop, theirs, int(seed * 1e9))
    theirs.close()
    try:
        yield
    finally:
        stop.set()
    try:
        counts, slowest, torn = ours.recv()
    except EOFError:
        score.faults.append("a reader died")
        return
    process.join()
    score.reads += counts
    score.slowest = max(score.slowest, slowest)
    score.faults += [f"round {score.rounds}: {one}" for one in torn]
    if slowest > BLOCKED:
        score.faults.append(f"a read took {slowest:.0f} s")
