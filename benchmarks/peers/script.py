"""What one would write first: pdfplumber, pandas, one DuckDB file. `script.py FILE.duckdb YEAR=PDF …`"""

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pdfplumber

FIGURES = [
    "frame_military",
    "frame_civil_police",
    "deployed_military",
    "deployed_civil_police",
    "deployed_total",
]
TRENDS = Path(__file__).with_name("trends.sql")


def read(file: str) -> Iterator[list[object]]:
    """Rows of the ruled table of personnel: a mission and five figures, null for an empty cell."""
    with pdfplumber.open(file) as pdf:
        for page in pdf.pages:
            for table in page.extract_tables():
                for name, *cells in (row for row in table if len(row) == 6):
                    figures = [int(cell) if cell and cell.isdigit() else None for cell in cells]
                    if name and name != "Totaal" and any(figures):
                        yield [" ".join(name.split()).rstrip("0123456789"), *figures]


def main(target: str, *editions: str) -> None:
    with duckdb.connect(target) as database:
        figures = ", ".join(f"{name} INTEGER" for name in FIGURES)
        columns = f"edition_year INTEGER, vintage INTEGER, mission TEXT, {figures}"
        database.execute(f"CREATE TABLE IF NOT EXISTS personnel ({columns})")
        for edition in editions:
            year, _, file = edition.partition("=")
            rows = pd.DataFrame(read(file), columns=["mission", *FIGURES])
            assert len(rows), f"no table in {file}"
            (vintage,) = database.execute(
                "SELECT 1 + coalesce(max(vintage), 0) FROM personnel WHERE edition_year = ?", [int(year)]
            ).fetchone()
            rows = rows.assign(edition_year=int(year), vintage=vintage)
            database.execute("INSERT INTO personnel BY NAME SELECT * FROM rows")
        database.execute(TRENDS.read_text())


if __name__ == "__main__":
    main(*sys.argv[1:])
