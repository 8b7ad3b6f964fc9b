"""The published file → a site that explains itself: static pages in Dutch and English.

Here belongs what a reader sees in a browser: pages, charts, and the words of the interface.
Pages need no network and no script; what a document says is escaped like anything hostile. Rows come
in through a connection, files go out as bytes: writing them is for whoever asked.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from duckdb import DuckDBPyConnection

from pipelines.site import pages
from pipelines.site.charts import Drawings

START = "index.html"  # the page to open first
ASSETS = Path(__file__).parent / "assets"


def build(
    connection: DuckDBPyConnection, *, assets: Mapping[str, Sequence[str]], drawings: Drawings | None = None
) -> dict[str, bytes]:
    """Every file of the site by its path, from an open published file: the same release, the same bytes.

    `assets` is the pipeline's graph, each asset with those it is made from; `drawings` are those of a
    site that the same code made. Raises duckdb.Error if the file cannot be read.
    """
    site = pages.Site(pages.read(connection), assets, drawings or Drawings())
    made = {path: text.encode() for path, text in site.pages()}
    made[Drawings.FILE] = site.drawings.file()
    for file in sorted(ASSETS.iterdir()):
        made[f"assets/{file.name}"] = file.read_bytes()
    return made
