"""A marimo notebook on the published file: pick a mission, see its trend and what other sources say.

`marimo edit examples/notebook.py` opens it, `python examples/notebook.py` runs it through.
"""

import marimo

app = marimo.App(width="medium", app_title="Dutch contributions to missions")


@app.cell
def _():
    import os
    from pathlib import Path

    import altair as alt
    import duckdb
    import marimo as mo

    file = Path(os.environ.get("JVOM_WAREHOUSE", "warehouse")) / "jvom.duckdb"
    connection = duckdb.connect(str(file), read_only=True)
    return alt, connection, mo


@app.cell
def _(connection, mo):
    listed = connection.sql("SELECT DISTINCT name, mission_id FROM mission_timeline ORDER BY name").fetchall()
    missions = dict(listed)
    first = "UNTSO" if "UNTSO" in missions else next(iter(missions), None)
    mission = mo.ui.dropdown(missions, value=first, label="Mission")
    mission  # noqa: B018  # the cell's output
    return (mission,)


@app.cell
def _(connection, mission):
    trend = connection.execute(
        "SELECT edition_year, frame_military, frame_civil_police, deployed_total_computed, change, status "
        "FROM mission_trends WHERE mission_id = ? ORDER BY edition_year",
        [mission.value],
    ).pl()
    trend  # noqa: B018
    return (trend,)


@app.cell
def _(connection, mission):
    timeline = connection.execute(
        "SELECT basis, coalesce(period_end, period_start) AS day, part, total, qualifier, source "
        "FROM mission_timeline WHERE mission_id = ? AND total IS NOT NULL ORDER BY day, basis",
        [mission.value],
    ).pl()
    return (timeline,)


@app.cell
def _(alt, mo, timeline):
    chart = (
        alt.Chart(alt.Data(values=[{**row, "day": str(row["day"])} for row in timeline.to_dicts()]))
        .mark_point(filled=True, size=60)
        .encode(
            x=alt.X("day:T", title="Last day that the figure is of"),
            y=alt.Y("total:Q", title="Persons"),
            # Ceilings, head counts and sums of rotations measure different things: never add them up.
            color=alt.Color("basis:N", title="What it is"),
            tooltip=["basis:N", "day:T", "total:Q", "part:N", "qualifier:N", "source:N"],
        )
    )
    mo.vstack([chart, mo.md("Figures of different basis are to be compared, never added up.")])
    return (chart,)


if __name__ == "__main__":
    app.run()
