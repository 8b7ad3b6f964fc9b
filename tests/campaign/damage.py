"""Every file of a warehouse deleted, emptied, flipped in one bit: `verify` names it, or it is known not to.

The warehouse has three editions, one of them withdrawn, a refused document, contributions of the UN and a
backup's worth of history. Reading the editions again is left out: it is slow, and no file depends on it.
"""

import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines import files, verify
from pipelines.lake import Lake, connection
from pipelines.settings import Settings, find
from tests.support import EDITION, OTHER_FIGURES, ROOT, changed, options, run_jvom

# What `verify` does not answer for, and why.
UNCOVERED = {
    "what is passing: locks, marks, and SQLite's files beside an open database": r".*("
    r"\.lock|\.holder\.json|-shm|-wal|last_writer)",
    "the stage: values between the assets of a run, safe to delete": r"stage/.*",
    "logs: what runs leave to read": r"logs/.*",
    "answers of services to the last fetch, safe to delete": r"downloads/.*",
    "Dagster's settings, which are its owner's to change": r"dagster/dagster\.yaml",
    "copies made before migrations: jvom verify --warehouse COPY answers for each": r"backups/.*",
}
# Where a part of the damages cannot be seen, and why.
PARTLY = {
    "run history: SQLite sees broken pages, not a changed letter within one": (
        r"dagster/.*\.db",
        {"flipped"},
    ),
}

MANY = ("site", "lake: data", "releases: packages")  # parts of many files, none of which hides another
BATCH = 20


@dataclass
class Score:
    """What became of each damage, by part of the warehouse and kind: named, noticed elsewhere, missed."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    uncovered: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def delete(file: Path, _: random.Random) -> None:
    file.unlink()


def empty(file: Path, _: random.Random) -> None:
    file.write_bytes(b"")


def flip(file: Path, chosen: random.Random) -> None:
    data = bytearray(file.read_bytes())
    data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    file.write_bytes(data)


DAMAGES = {"deleted": delete, "emptied": empty, "flipped": flip}


def warehouse(folder: Path) -> Settings:
    """A warehouse with all that one can have, built by commands."""
    where = find(folder / "raw", folder / "warehouse")
    shutil.copytree(ROOT / "raw", where.raw)
    for year, text in ((2022, EDITION.read_text()), (2023, changed(OTHER_FIGURES))):
        (where.raw / str(year)).mkdir()
        (where.raw / str(year) / "report.txt").write_text(text)
    (folder / "refused.txt").write_text("Not a report.\n")
    (folder / "un.csv").write_text(
        "mission,month,personnel_type,count,level,note\n"
        "UNTSO,2013-02,experts_on_mission,11,month x mission x type,\n"
    )
    for status, words in (
        (0, ["build"]),
        (1, ["ingest", folder / "refused.txt", "--year", 2021]),
        (0, ["ingest-un", folder / "un.csv"]),
        (0, ["withdraw", 2022, "--reason", "a test"]),
    ):
        done = run_jvom(*words, *options(where))
        if done.returncode != status:
            raise RuntimeError(f"jvom {words[0]} ended with {done.returncode}: {done.stderr}")
    return where


def files_of(where: Settings) -> tuple[list[Path], Counter[str]]:
    """The files of a warehouse that `verify` answers for, and how many it does not, by reason."""
    covered, uncovered = [], Counter[str]()
    for path in sorted(where.warehouse.rglob("*")):
        if path.is_file():
            shown = str(path.relative_to(where.warehouse))
            why = next((why for why, of in UNCOVERED.items() if re.fullmatch(of, shown)), None)
            if why:
                uncovered[why] += 1
            else:
                covered.append(path)
    return covered, uncovered


def part(shown: str) -> str:
    """The part of a warehouse that a file belongs to."""
    first, *rest = shown.split("/")
    if first == "releases":
        return "releases: packages" if "/data/" in shown else f"releases: {rest[-1]}"
    return {"lake": f"lake: {rest[0].split('.')[-1] if rest else ''}"}.get(first, first)


def campaign(where: Settings, chosen: random.Random, share: float, say: Callable[[Score], None]) -> Score:
    """Each damage of each file, or of a share of each part's files; `where` is a copy to spoil.

    Files of parts that have many are damaged several at a time; what is not named then is tried alone.
    """
    score = Score()
    covered, score.uncovered = files_of(where)
    keep = where.warehouse.with_name("lake-as-it-was")
    shutil.copytree(where.warehouse / "lake", keep)
    for how, batch in _trials(where, covered, chosen, share):
        outcomes = _damaged(where, batch, how, chosen, keep)
        for file in [file for file, outcome in outcomes.items() if outcome != "named" and len(batch) > 1]:
            outcomes |= _damaged(where, [file], how, chosen, keep)
        for file, outcome in outcomes.items():
            shown, kind = str(file.relative_to(where.warehouse)), outcome.partition(":")[0]
            if kind == "missed" and _excused(shown, how):
                kind = "cannot be seen"
            score.counts[part(shown), how, kind] += 1
            if kind in ("missed", "an error"):
                score.faults.append(f"{shown} {how}: {outcome}")
        say(score)
    return score


def _trials(
    where: Settings, covered: Sequence[Path], chosen: random.Random, share: float
) -> Iterator[tuple[str, list[Path]]]:
    """A kind of damage, and the files that suffer it."""
    parts: dict[str, list[Path]] = {}
    for file in covered:
        parts.setdefault(part(str(file.relative_to(where.warehouse))), []).append(file)
    for name, of_part in parts.items():
        if share < 1:
            some = chosen.sample(of_part, max(1, int(share * len(of_part))))
            yield from ((chosen.choice(list(DAMAGES)), [file]) for file in some)
            continue
        alone = [file for file in of_part if name not in MANY or file.name == files.MARK]
        together = [file for file in of_part if file not in alone]
        for how in DAMAGES:
            yield from ((how, [file]) for file in alone)
            yield from ((how, together[at : at + BATCH]) for at in range(0, len(together), BATCH))


def _damaged(
    where: Settings, batch: Sequence[Path], how: str, chosen: random.Random, keep: Path
) -> dict[Path, str]:
    """What verify says of each file while all of them are damaged; then they are as they were before."""
    before = {file: (file.read_bytes(), file.stat().st_mode) for file in batch}
    before = {file: kept for file, kept in before.items() if how == "deleted" or kept[0]}
    for file in before:
        file.chmod(0o644)
        DAMAGES[how](file, chosen)
    said = _verified(where)
    for file, (data, mode) in before.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(data)
        file.chmod(mode)
    connection.close()
    shutil.rmtree(where.warehouse / "lake")
    shutil.copytree(keep, where.warehouse / "lake")
    return {file: said if isinstance(said, str) else _outcome(where, file, said) for file in before}


def _verified(where: Settings) -> list[str] | str:
    """The faults that verify names; the error that it ended by."""
    try:
        report = verify.verify(
            where,
            lambda at, source: Lake.of(at).vintage(source.edition_year, _latest(at, source.edition_year)),
        )
    except Exception as error:  # whatever it is, verify must not end by it
        return f"an error: {type(error).__name__}: {error}"
    return [str(fault) for fault in report.faults]


def _outcome(where: Settings, file: Path, faults: Sequence[str]) -> str:
    shown = str(file.relative_to(where.warehouse))
    called = [file.name, f"snapshot {int(file.name[:9])}"] if re.fullmatch(r"\d{9}\.json", file.name) else []
    called = called or [file.name if shown.startswith("lake/") else shown.partition("/")[2]]
    if shown.startswith("lake/catalog.sqlite"):
        called += ["the lake", "catalog"]
    if any(word in fault for fault in faults for word in called):
        return "named"
    return "noticed" if faults else "missed"


def _latest(where: Settings, year: int) -> int:
    state = Lake.of(where).edition_state(year)
    return state.vintage if state else 1


def _excused(shown: str, how: str) -> bool:
    return any(re.fullmatch(of, shown) and how in hows for of, hows in PARTLY.values())
