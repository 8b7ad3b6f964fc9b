"""`jvom gc`: removes what writers that died left behind, and no more; says what else may go."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from pipelines import files
from pipelines.cli.session import Session, Timeout, table_command
from pipelines.cli.status import size, used
from pipelines.settings import Settings


@table_command
def gc(
    session: Session,
    dry_run: Annotated[bool, Option("--dry-run", help="List it; remove nothing.")] = False,
    timeout: Timeout = 600,
) -> None:
    """Remove what a killed writer had not put in its place; nothing that was recorded is among it."""
    from pipelines.lake import Lake

    settings, found = session.settings, list[dict[str, Any]]()
    with Lake.of(settings).writer(timeout=timeout, waiting=session.terminal.say):
        for folder in dict.fromkeys((settings.warehouse, settings.store or settings.raw)):
            for path in files.leftovers(folder):
                found.append({"path": str(path), "bytes": size(path)})
                if not dry_run:
                    with files.writable(str(path), "make it writable, or remove it by hand"):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
    may_go: list[dict[str, Any]] = [
        {"path": str(path), "bytes": size(path), "why": why}
        for path, why in _dispensable(settings)
        if path.exists()
    ]
    disk, said = used(settings)
    session.terminal.answer({"dry_run": dry_run, "leftovers": found, "may_go": may_go, "disk": disk})
    rows = [[each["path"], each["bytes"], each.get("why", "left over")] for each in (*found, *may_go)]
    session.terminal.as_csv(("path", "bytes", "why"), rows)
    for each in found:
        session.terminal.write(f"{each['path']} ({each['bytes'] / 1e6:.1f} MB)")
    total = sum(each["bytes"] for each in found) / 1e6
    done = "would be removed" if dry_run else "removed"
    session.terminal.write(
        f"{len(found)} leftovers, {total:.1f} MB, {done}" if found else "nothing is left over"
    )
    for each in may_go:
        session.terminal.write(f"may go: {each['path']} ({each['bytes'] / 1e6:.1f} MB), {each['why']}")
    session.terminal.write(f"disk: {said}")


def _dispensable(settings: Settings) -> Iterator[tuple[Path, str]]:
    """What may be removed by hand without loss to the record, and what it was for."""
    yield settings.stage, "values between assets of a run; made again"
    yield settings.downloads, "what services answered to the last fetch; asked again"
    if not settings.home:
        history = "the run history: while nothing runs it may be moved away, and another begins"
        yield settings.dagster_home, history
    for copy in sorted(settings.backups.glob("[!.]*")):
        yield copy, "the warehouse before its tables were changed"
