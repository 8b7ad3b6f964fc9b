"""`jvom trend`: one mission over the editions held, as a table or drawn."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pipelines import sql
from pipelines.cli.options import Json, Raw, Verbose, Warehouse
from pipelines.cli.session import Session

_EDITIONS = "SELECT * FROM mission_trends WHERE mission_id = $mission ORDER BY edition_year"
_OTHERS = """
SELECT * FROM mission_timeline
WHERE mission_id = $mission AND basis NOT LIKE 'annex %'
ORDER BY coalesce(period_start, period_end), period_end, basis, figure_id
"""


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(trend)


def trend(
    mission: Annotated[
        str, typer.Argument(metavar="MISSION", help="Its id, or its name as any edition prints it.")
    ],
    chart: Annotated[
        bool, typer.Option("--chart", help="Draw it, with what other public sources say.")
    ] = False,
    json: Json = False,
    raw: Raw = None,
    warehouse: Warehouse = None,
    verbose: Verbose = False,
) -> None:
    """One mission over the editions held."""
    session = Session.of(json=json, raw=raw, warehouse=warehouse, verbose=verbose)
    found = session.mission(mission)
    title = f"{found.name} ({found.id}), in persons; deployed counts every rotation"
    if chart and not json:
        from pipelines.cli import drawing

        editions = _rows(session, _EDITIONS, found.id)
        print(f"{title}\n")
        print(drawing.chart(editions, _rows(session, _OTHERS, found.id)))
        return
    session.list_rows(
        _EDITIONS,
        {"mission": found.id},
        shown="edition_year, frame_military, frame_civil_police, deployed_military, deployed_civil_police, "
        "deployed_total_computed, change, change_pct, rank_in_edition, status",
        title=title,
    )


def _rows(session: Session, query: str, mission: str) -> list[dict[str, Any]]:
    from pipelines.publish import published

    with published.connect(session.settings.published) as connection:
        return sql.rows(connection, query, mission=mission)
