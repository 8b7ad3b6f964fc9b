"""What a team that knows its tools would write: dlt loads what the script reads, dbt tests it, makes trends.

`dlt_dbt.py FOLDER YEAR=PDF …`; the database is FOLDER/warehouse.duckdb, dlt's state is beside it.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dlt
import script
from dbt.cli.main import dbtRunner

DBT = Path(__file__).parent / "dbt"


@dlt.resource(name="personnel", write_disposition="append")
def personnel(editions: tuple[str, ...]) -> Iterator[dict[str, object]]:
    vintages = dlt.current.resource_state().setdefault("vintages", {})
    for edition in editions:
        year, _, file = edition.partition("=")
        vintages[year] = vintages.get(year, 0) + 1
        for row in script.read(file):
            figures = dict(zip(["mission", *script.FIGURES], row, strict=True))
            yield {"edition_year": int(year), "vintage": vintages[year], **figures}


def main(folder: str, *editions: str) -> None:
    database = Path(folder) / "warehouse.duckdb"
    pipeline = dlt.pipeline(
        "reports",
        pipelines_dir=str(Path(folder) / "dlt"),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="raw",
    )
    pipeline.run(personnel(editions))
    os.environ["REPORTS_DATABASE"] = str(database)
    places = ["--project-dir", str(DBT), "--profiles-dir", str(DBT), "--target-path", f"{folder}/target"]
    places += ["--log-path", f"{folder}/logs"]
    done = dbtRunner().invoke(["--quiet", "--no-send-anonymous-usage-stats", "build", *places])
    assert done.success, done.exception


if __name__ == "__main__":
    main(*sys.argv[1:])
