"""What Dagster keeps of a build for whoever looks into its interface: cells, places, statements, changes."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

import schemas
from pipelines.model import Document, Line
from pipelines.orchestration import metadata
from tests.support import building

YEAR = "2024"


@pytest.fixture(scope="module")
def history(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """A copy of the run history of the warehouse that was built."""
    home = tmp_path_factory.mktemp("home") / "dagster"
    shutil.copytree(built / "dagster", home)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            yield instance


def shown(history: dg.DagsterInstance, *key: str) -> dict[str, Any]:
    """The metadata of an asset's materialisation."""
    event = history.get_latest_materialization_event(dg.AssetKey(list(key)))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def ran(statement: str, built: Path) -> list[tuple[Any, ...]]:
    """The rows of a statement as the interface shows it."""
    sql = statement.removeprefix("```sql\n").removesuffix("\n```")
    with duckdb.connect(str(built / "jvom.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("table", ["personnel", "personnel_totals", "mandates", "footnotes"])
def test_a_table_carries_its_cells_with_place_and_printed_line(
    history: dg.DagsterInstance, built: Path, table: str
) -> None:
    found = shown(history, "tables", table)
    records = [dict(record.data) for record in found["cells"].records]
    with duckdb.connect(str(built / "jvom.duckdb"), read_only=True) as connection:
        sql = "SELECT sum(len(spans)) FROM record.cells WHERE table_name = ?"
        ((count,),) = connection.execute(sql, [table]).fetchall()
    assert len(records) == found["cells_in_all"] == count
    for record in records:
        start, end = map(int, str(record["place"]).rsplit(", ", 1)[1].split("-"))
        marked = str(record["printed_line"])[start:end]
        assert marked or record["value"] is None
        printed = " ".join(marked.split())
        assert printed in str(record["value"]) or not str(record["cell"]).endswith("deployed_total")


def test_a_table_carries_source_and_the_statement_that_reproduces_it(
    history: dg.DagsterInstance, built: Path
) -> None:
    for table in schemas.TABLES:
        found = shown(history, "tables", table)
        assert Path(found["kept_by_its_hash_in"], found["source_sha256"]).is_file()
        rows = ran(found["query"], built)
        assert len(rows) == found["dagster/row_count"] > 0
        (event,) = history.fetch_observations(dg.AssetKey(["tables", table]), limit=1).records
        observed = event.asset_observation
        assert observed is not None
        assert observed.partition == YEAR
        assert {rows[0][-1]} == {observed.metadata["lake_snapshot"].value}
        assert len(ran(str(observed.metadata["query"].value), built)) == len(rows)


def test_the_snapshot_carries_its_number_and_statement(history: dg.DagsterInstance, built: Path) -> None:
    found = shown(history, "snapshot")
    assert found["lake_snapshot"] > 0
    assert len(ran(found["query"], built)) == found["rows"]["personnel"]


def test_many_cells_are_cut_and_boxes_shown_where_there_are_any() -> None:
    box = {"x0": 1.0, "y0": 2.0, "x1": 3.0, "y1": 4.0}
    rows = [{"mission_id": f"m{number}", "deployed_military": number} for number in range(60)]
    read = building.edition_tables(2024, rows)
    cells = read["cells"].to_pylist()
    document = Document("x.pdf", "0" * 64, "pdf", (Line(100, 17, "the line"),), (None,) * 17)
    found = metadata.cells_of(read["cells"], "personnel", document)
    assert found["cells_in_all"] == 60 * 6
    assert len(found["cells"].records) == metadata.PREVIEW_CELLS
    first = dict(found["cells"].records[0].data)
    assert [*first.values()] == ["the line", "m0 mission", "M0", "page\u00a017, line\u00a0100, 0-2"]
    boxed = [{**cell, "spans": [{**span, "box": box} for span in cell["spans"]]} for cell in cells]
    table = schemas.TABLES["cells"].as_read().table(boxed)
    first = dict(metadata.cells_of(table, "personnel", document)["cells"].records[0].data)
    assert str(first["place"]).endswith(", box x0 1.0 y0 2.0 x1 3.0 y1 4.0")
    assert metadata.cells_of(table, "sections", document) == {}


def test_changes_are_a_list_that_is_cut() -> None:
    assert metadata.changes([]) == {}
    many = [f"mission {number}: changed" for number in range(metadata.LISTED_CHANGES + 3)]
    text = str(metadata.changes(many)["changes"].value)
    assert text.count("\n") == metadata.LISTED_CHANGES
    assert text.endswith("3 more: `jvom diff` shows them")
