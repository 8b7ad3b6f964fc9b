"""`jvom gc`: removes what writers that died left behind, and no more."""

import shutil
from typing import Annotated, Any

from typer import Option

from pipelines import files
from pipelines.cli.session import Session, Timeout, command
from pipelines.cli.status import size


@command
def gc(
    session: Session,
    dry_run: Annotated[bool, Option("--dry-run", help="List it; remove nothing.")] = False,
    timeout: Timeout = 600,
) -> None:
    """Remove what a killed writer had not put in its place; nothing that was recorded is among it."""
    from pipelines.lake import Lake

    settings, found = session.settings, list[dict[str, Any]]()
    with Lake.of(settings).writer(timeout=timeout, waiting=session.terminal.say):
        for folder in (settings.warehouse, settings.raw):
            for path in files.leftovers(folder):
                found.append({"path": str(path), "bytes": size(path)})
                if not dry_run:
                    with files.writable(str(path), "make it writable, or remove it by hand"):
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
    session.terminal.answer({"dry_run": dry_run, "leftovers": found})
    for each in found:
        session.terminal.write(f"{each['path']} ({each['bytes'] / 1e6:.1f} MB)")
    total = sum(each["bytes"] for each in found) / 1e6
    done = "would be removed" if dry_run else "removed"
    session.terminal.write(
        f"{len(found)} leftovers, {total:.1f} MB, {done}" if found else "nothing is left over"
    )
