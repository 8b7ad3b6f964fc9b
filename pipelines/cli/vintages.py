"""`jvom vintages`."""

from pipelines.cli.session import OnlyEdition, Session, table_command


@table_command
def vintages(session: Session, year: OnlyEdition = None) -> None:
    """Every recorded reading: when, why, by whom, from which file."""
    session.list_rows(
        "SELECT * FROM vintages WHERE $year IS NULL OR edition_year = $year ORDER BY edition_year, vintage",
        "edition_year AS edition, vintage, recorded_at, snapshot_id, cause, actor, reason",
        year=year,
    )
