"""`jvom gc`: removes what writers that died left behind, and no more; says what else is on the disk."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from typer import Option

from pipelines import files
from pipelines.cli.session import Session, Timeout, table_command
from pipelines.settings import Settings

_STAYS, _REMADE = "no: the record", "made again by jvom build"
_PARTS = {  # of a warehouse, the record first: what it is, and whether it may go
    "lake": ("all vintages", _STAYS),
    "sources": ("documents read, by hash", _STAYS),
    "un": ("the UN's contributions", _STAYS),
    "quarantine": ("reports on refusals", _STAYS),
    "releases": ("manifests and packages", _STAYS),
    "raw": ("source files of a backup", _STAYS),
    "README.md": ("what is where", "no: it is in git"),
    "jvom.duckdb": ("the published file", _REMADE),
    "site": ("pages for people", _REMADE),
    "published": ("copy of what is published", "yes: fetched again"),
    "backups": ("as it was before upgrades", "yes: once the new one is proved"),
    "dagster": ("the run history", "yes: whole, while idle"),
    "logs": ("what runs said, by day", "yes: any file"),
    "stage": ("values between assets", "yes: made again"),
    "downloads": ("what services answered", "yes: asked again"),
}


class Part(NamedTuple):
    """A file or folder of the warehouse; what several parts share by hard links counts in the first."""

    part: str
    bytes: int
    what: str
    may_go: str


@table_command
def gc(
    session: Session,
    dry_run: Annotated[bool, Option("--dry-run", help="List it; remove nothing.")] = False,
    timeout: Timeout = 600,
) -> None:
    """Remove what a killed writer had not put in its place; nothing that was recorded is among it.

    Then every part of the warehouse with its size: what may go, by whom it is made again, what stays.
    """
    from pipelines.lake import Lake

    settings, found = session.settings, list[dict[str, Any]]()
    with Lake.of(settings).writer(timeout=timeout, waiting=session.terminal.say):
        for folder in dict.fromkeys((settings.warehouse, settings.store or settings.raw)):
            for path in files.leftovers(folder):
                found.append({"path": str(path), "bytes": _size(path, set())})
                if not dry_run:
                    with files.writable(str(path), "make it writable, or remove it by hand"):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
    of_disk = parts(settings)
    listed = [part._asdict() for part in of_disk]
    session.terminal.answer({"dry_run": dry_run, "leftovers": found, "parts": listed})
    for each in found:
        session.terminal.write(f"{each['path']} ({each['bytes'] / 1e6:.1f} MB)")
    total = sum(each["bytes"] for each in found) / 1e6
    done = "would be removed" if dry_run else "removed"
    session.terminal.write(
        f"{len(found)} leftovers, {total:.1f} MB, {done}" if found else "nothing is left over"
    )
    if session.terminal.csv:
        left = [(each["path"], each["bytes"], "left by a killed writer", done) for each in found]
        session.terminal.table(("part", "bytes", "what", "may go"), [*left, *of_disk])
        return
    everything = Part("all", sum(part.bytes for part in of_disk), "", "")
    rows = [(part, round(size / 1e3), *rest) for part, size, *rest in (*of_disk, everything)]
    session.terminal.table(("part", "kB", "what it is", "may it go?"), rows)


def parts(settings: Settings) -> list[Part]:
    """Everything in the warehouse, what belongs to the record first."""
    known, counted = [*_PARTS], set[tuple[int, int]]()
    there = sorted(
        settings.warehouse.glob("*"),
        key=lambda path: (known.index(path.name) if path.name in known else len(known), path.name),
    )
    return [
        Part(path.name, _size(path, counted), *_PARTS.get(path.name, ("not made by jvom", "yours")))
        for path in there
    ]


def _size(path: Path, counted: set[tuple[int, int]]) -> int:
    """Bytes of all files under a path that are not `counted` yet; one that vanishes meanwhile counts as 0."""
    total = 0
    for file in (path, *path.rglob("*")):
        with suppress(FileNotFoundError):
            about = file.lstat()
            if not file.is_dir() and not file.is_symlink() and (about.st_dev, about.st_ino) not in counted:
                counted.add((about.st_dev, about.st_ino))
                total += about.st_size
    return total
