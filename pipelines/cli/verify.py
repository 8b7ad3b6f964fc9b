"""`jvom verify`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit

from pipelines.cli.session import Session, Timeout, table_command
from schemas.errors import LakeError

_READ_FROM = """
SELECT edition_year, vintage, source_path FROM editions_vintages WHERE source_sha256 = $sha256 ORDER BY ALL
"""


@table_command
def verify(
    session: Session,
    file: Annotated[
        Path | None,
        Argument(
            metavar="[FILE]", help="Only say what these bytes are: read, refused, published, or in use."
        ),
    ] = None,
    timeout: Timeout = 600,
) -> None:
    """Recompute every hash and read every edition again; names what is not as it was recorded.

    Status 1 where something is damaged or gone, 3 where a writer was only ended before it was done.

    Files are those of the warehouse (--warehouse), and the raw files those of --raw, else of JVOM_RAW, else
    of raw/ in the project. What it finds goes into the record, as a row of verifications.
    """
    from pipelines import verify as verified

    if file is not None:
        _recognise(session, file)
        return
    settings = session.settings
    report = verified.verify(settings, timeout=timeout, waiting=session.terminal.say)
    about = f"checked in {settings.warehouse}, raw files in {settings.raw}:\n  {report.extent}"
    kept = ""
    if report.manifests:
        kept = "\nkeep elsewhere, and compare later (docs/how-to/audit.md, 17):\n  " + (
            "{sha256}\n  is the SHA-256 of {count} manifests of commits, up to {newest}".format(
                **report.manifests
            )
        )
    session.terminal.answer(
        {
            "faults": [{**asdict(fault), "since": fault.since} for fault in report.faults],
            "unfinished": [{"where": fault.where, "what": fault.what} for fault in report.unfinished],
            "unknown": report.unknown,
            "last_sound": report.last_sound,
            "warehouse": settings.warehouse,
            "raw": settings.raw,
            "checked": report.checked,
            "manifests": report.manifests,
            "error": {"message": f"{len(report.faults)} faults"} if report.faults else None,
        },
        None if report.faults or report.unfinished else f"everything is as it was recorded\n{about}{kept}",
    )
    session.terminal.as_csv(("fault", "since"), [(str(fault), fault.since) for fault in report.faults])
    for name in report.unknown:
        session.terminal.say(f"not recorded: {name}")
    if report.unknown:
        said = "nothing names it: somebody put it there, or a writer was killed before it recorded it"
        session.terminal.say(f"  {said}\n  next: look at each, and remove what nobody needs")
    for each in report.unfinished:
        session.terminal.say(f"not finished: {each}")
    if report.unfinished:
        said = "nothing of this is damage: a writer was ended before it was done, or is between two steps"
        session.terminal.say(f"  {said}\n  next: jvom build, unless jvom status names one that is at work")
    if report.faults:
        for fault in report.faults:
            session.terminal.say(f"error: {fault} ({fault.since})")
        since = f"on {report.last_sound:%Y-%m-%d %H:%M} UTC" if report.last_sound else "never"
        session.terminal.say(f"{about}\nlast verified without a fault: {since}")
        left = [fault for fault in report.faults if "jvom build makes it again" not in fault.what]
        of_raw = [fault.where.startswith("raw/") for fault in left]
        if not all(of_raw):
            session.terminal.say("  next: restore what is named from a backup of the warehouse")
        if any(of_raw):
            elsewhere = f"if {settings.raw} is not this warehouse's, name its own: --raw DIR"
            session.terminal.say(f"  next: restore what is named of raw/ from git; {elsewhere}")
        raise Exit(1)
    if report.unfinished:
        session.terminal.say(f"the rest is as it was recorded\n{about}")
        raise Exit(LakeError.exit_code)


def _recognise(session: Session, file: Path) -> None:
    """Say what a file is by its bytes: read, refused, part of a release, in use; status 1 if nothing."""
    from pipelines import files, quarantine
    from pipelines.publish import release

    if not file.is_file():
        files.read_bounded(file, str(file))  # says what it is
    sha256, where = files.sha256(file), session.settings
    rows = session.rows(_READ_FROM, sha256=sha256)
    parts = [
        {**each, "part": part}
        for each in session.rows("SELECT release_id, published_at FROM releases ORDER BY published_at")
        for part in release.parts(where.releases, each["release_id"], sha256)
    ]
    refused = [
        {name: getattr(each, name) for name in ("edition_year", "refused_at", "closed")}
        for each in quarantine.refusals(where.quarantine)
        if each.source_sha256 == sha256
    ]
    given = (*where.raw.glob("*"), *where.contributions.glob("[!.]*"))
    used = [{"path": str(path)} for path in given if path.is_file() and files.sha256(path) == sha256]
    found = {"vintages": rows, "releases": parts, "refusals": refused, "in_use": used}
    session.terminal.answer({"file": str(file), "sha256": sha256, **found})
    names = (
        *("edition_year", "vintage", "source_path", "release_id", "part"),
        *("refused_at", "closed", "path"),
    )
    every = [row for kind in found.values() for row in kind]
    session.terminal.as_csv(names, [[row.get(name) for name in names] for row in every])
    for row in rows:
        read = "edition {edition_year}, vintage {vintage}, was read from these very bytes".format(**row)
        session.terminal.write(f"{read} ({row['source_path']}, SHA-256 {sha256})")
    for row in refused:
        said = f"edition {row['edition_year']}: these very bytes were refused at"
        then = f"; {row['closed']}" if row["closed"] else ""
        session.terminal.write(f"{said} {quarantine.in_words(row['refused_at'])}{then} (SHA-256 {sha256})")
    for row in parts[-1:]:
        said = "these very bytes are {part} of release {release_id}, of {published_at:%Y-%m-%d %H:%M} UTC"
        others = f", and of {len(parts) - 1} before it" if len(parts) > 1 else ""
        session.terminal.write(f"{said.format(**row)}{others} (SHA-256 {sha256})")
    for row in used:
        session.terminal.write(f"these very bytes are {row['path']} as it is now (SHA-256 {sha256})")
    if not every:
        what = f"nothing was read from {file}, and it is not part of a release (SHA-256 {sha256})"
        session.terminal.say(f"{what}: jvom editions and jvom status list what is")
        raise Exit(1)
