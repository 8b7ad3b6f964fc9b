"""The published file → a site that explains itself: static pages in Dutch and English.

Here belongs what a reader sees in a browser: pages, charts, drawings, and the words of the interface.
Pages need no network and no script; what a document says is escaped like anything hostile. Rows come
in through a connection, files go out as bytes: writing them is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.site import content, drawings, pages

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

START = "index.html"  # the page to open first
ASSETS = Path(__file__).parent / "assets"

Lineage = Mapping[str, Mapping[str, Sequence[tuple[str, str]]]]


def build(
    connection: DuckDBPyConnection,
    *,
    lineage: Lineage,
    assets: Mapping[str, Sequence[str]],
    earlier: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Every file of the site by its path, from an open published file: the same release, the same bytes.

    `lineage` is `views.lineage()`; `assets` is the pipeline's graph, each asset with those it is made
    from; `earlier` is what `drawings.read` finds in a site that the same code made, whose charts need
    not be drawn again. Raises duckdb.Error where the file cannot be read.
    """
    site = pages.Site(content.read(connection), lineage, assets, drawings.Drawings(earlier))
    made = {path: text.encode() for path, text in site.pages()}
    made[drawings.FILE] = site.drawings.file()
    for file in sorted(ASSETS.iterdir()):
        made[f"assets/{file.name}"] = file.read_bytes()
    return made
