"""`jvom verify`."""

from dataclasses import asdict

from typer import Exit

from pipelines.cli.session import Session, table_command


@table_command
def verify(session: Session) -> None:
    """Recompute every hash and read every edition again; names what is not as it was recorded."""
    from pipelines import verify as verified

    report = verified.verify(session.settings)
    session.terminal.answer(
        {
            "faults": [{**asdict(fault), "since": fault.since} for fault in report.faults],
            "last_sound": report.last_sound,
            "error": {"message": f"{len(report.faults)} faults"} if report.faults else None,
        },
        None if report.faults else "everything is as it was recorded",
    )
    session.terminal.as_csv(("fault", "since"), [(str(fault), fault.since) for fault in report.faults])
    if report.faults:
        for fault in report.faults:
            session.terminal.say(f"error: {fault} ({fault.since})")
        since = f"on {report.last_sound:%Y-%m-%d %H:%M} UTC" if report.last_sound else "never"
        session.terminal.say(
            f"last verified without a fault: {since}\n  next: restore what is named from git or a backup"
        )
        raise Exit(1)
