"""`jvom verify`."""

from dataclasses import asdict

from typer import Exit

from pipelines.cli.session import Session, table_command


@table_command
def verify(session: Session) -> None:
    """Recompute every hash and read every edition again; names what is not as it was recorded.

    Files are those of the warehouse (--warehouse), and the raw files those of --raw, else of JVOM_RAW, else
    of raw/ in the project. What it finds goes into the record, as a row of verifications.
    """
    from pipelines import verify as verified

    settings = session.settings
    report = verified.verify(settings)
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
            "last_sound": report.last_sound,
            "warehouse": settings.warehouse,
            "raw": settings.raw,
            "checked": report.checked,
            "manifests": report.manifests,
            "error": {"message": f"{len(report.faults)} faults"} if report.faults else None,
        },
        None if report.faults else f"everything is as it was recorded\n{about}{kept}",
    )
    session.terminal.as_csv(("fault", "since"), [(str(fault), fault.since) for fault in report.faults])
    if report.faults:
        for fault in report.faults:
            session.terminal.say(f"error: {fault} ({fault.since})")
        since = f"on {report.last_sound:%Y-%m-%d %H:%M} UTC" if report.last_sound else "never"
        session.terminal.say(
            f"{about}\nlast verified without a fault: {since}\n"
            "  next: restore what is named from git or a backup"
        )
        if any(fault.where.startswith("raw/") for fault in report.faults):
            session.terminal.say(f"  if {settings.raw} is not this warehouse's, name its own: --raw DIR")
        raise Exit(1)
