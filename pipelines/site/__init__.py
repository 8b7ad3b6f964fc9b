"""The published file → a site that explains itself: static pages in Dutch and English.

Here belongs what a reader sees in a browser: pages, charts, and the words of the interface.
Pages need no network and no script; what a document says is escaped like anything hostile. Rows come
in through a connection, files go out as bytes: writing them is for whoever asked.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from pipelines.site import content, pages
from pipelines.site.content import LoadLines

START = "index.html"  # the page to open first
ASSETS = Path(__file__).parent / "assets"


def _none(_: object) -> Any:
    return None


def build(
    connection: DuckDBPyConnection,
    *,
    assets: Mapping[str, Sequence[str]],
    lines: LoadLines | None = None,
    earlier: Callable[[str], bytes | None] | None = None,
) -> dict[str, bytes]:
    """Every file of the site by its path, from an open published file: the same release, the same bytes.

    `assets` is the pipeline's graph, each asset with those it is made from; `lines` gives those of a
    document, `earlier` a file of a site that the same code made. Raises duckdb.Error if the file cannot be
    read.
    """
    made = dict(pages.Site(content.read(connection, lines or _none), assets, earlier or _none).files())
    for file in sorted(ASSETS.iterdir()):
        made[f"assets/{file.name}"] = file.read_bytes()
    return made
