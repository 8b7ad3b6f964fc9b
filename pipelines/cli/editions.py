"""`jvom editions`."""

from pipelines.cli.session import Session, table_command


@table_command
def editions(session: Session) -> None:
    """The editions in the warehouse: period, source and latest vintage."""
    session.list_rows(
        "SELECT * FROM editions ORDER BY edition_year",
        "edition_year AS edition, period_start, period_end, recorded_at, source_path, kamerstuk, "
        "source_fidelity AS fidelity, vintage",
    )
    session.terminal.write(
        "kamerstuk is that of the year's report, by raw/sources.toml: no file was compared with it "
        "(docs/how-to/audit.md, 12)"
    )
