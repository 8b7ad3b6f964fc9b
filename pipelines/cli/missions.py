"""`jvom missions`."""

from pipelines.cli.session import Session, table_command


@table_command
def missions(session: Session) -> None:
    """The missions of the registry, and from which edition to which annex 2 lists them."""
    session.list_rows(
        "SELECT * FROM missions ORDER BY mission_id",
        "mission_id, name, organisation, region, first_edition_year AS first, last_edition_year AS last",
    )
