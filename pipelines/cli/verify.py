"""`jvom verify`."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit

from pipelines.cli.session import Session, Timeout, table_command
from pipelines.cli.terminal import render
from schemas.errors import LakeError

_READ_FROM = """
SELECT edition_year, vintage, source_path FROM editions_vintages WHERE source_sha256 = $sha256 ORDER BY ALL
"""
_KNOWN_AS = {  # what a file can be → how that is said; of several releases the last
    "vintages": "edition {edition_year}, vintage {vintage}, was read from these very bytes ({source_path})",
    "refusals": "edition {edition_year}: these very bytes were refused at {refused_at} ({closed})",
    "releases": "these very bytes are {part} of release {release_id}, of {published_at:%Y-%m-%d %H:%M} UTC",
    "in_use": "these very bytes are {path}, as it is now",
}


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
    left = [fault for fault in report.faults if "jvom build makes it again" not in fault.what]
    of_raw = [fault.where.startswith("raw/") for fault in left]
    found = {"warehouse": settings.warehouse, "raw": settings.raw}
    text = render("verify.txt", report=report, lost=not all(of_raw), lost_raw=any(of_raw), **found)
    wrong = report.faults or report.unfinished
    session.terminal.answer(
        {
            "faults": [{**asdict(fault), "since": fault.since} for fault in report.faults],
            "unfinished": [{"where": fault.where, "what": fault.what} for fault in report.unfinished],
            "unknown": [each.where for each in report.unknown],
            "last_sound": report.last_sound,
            **found,
            "checked": report.checked,
            "manifests": report.manifests,
            "error": {"message": f"{len(report.faults)} faults"} if report.faults else None,
        },
        None if wrong else text,
    )
    session.terminal.as_csv(("fault", "since"), [(str(fault), fault.since) for fault in report.faults])
    if wrong:
        session.terminal.say(text)
        raise Exit(1 if report.faults else LakeError.exit_code)


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
        {"edition_year": each.edition_year, "refused_at": each.refused_at, "closed": each.closed or "open"}
        for each in quarantine.refusals(where.quarantine)
        if each.source_sha256 == sha256
    ]
    given = (*where.raw.glob("*"), *where.contributions.glob("[!.]*"))
    used = [{"path": str(path)} for path in given if path.is_file() and files.sha256(path) == sha256]
    found = {"vintages": rows, "refusals": refused, "releases": parts, "in_use": used}
    session.terminal.answer({"file": str(file), "sha256": sha256, **found})
    names = dict.fromkeys(re.findall(r"{(\w+)", " ".join(_KNOWN_AS.values())))
    every = [row for kind in found.values() for row in kind]
    session.terminal.as_csv([*names], [[row.get(name) for name in names] for row in every])
    for kind, said in _KNOWN_AS.items():
        for row in parts[-1:] if kind == "releases" else found[kind]:
            session.terminal.write(f"{said.format(**row)} (SHA-256 {sha256})")
    if not every:
        what = f"nothing was read from {file}, and it is not part of a release (SHA-256 {sha256})"
        session.terminal.say(f"{what}: jvom editions and jvom status list what is")
        raise Exit(1)
