"""The published file → a package that others can cite: tables as Parquet and CSV, described by standards.

Here belongs what a release looks like outside this project: Data Package, DCAT-AP-NL, PROV, a
citation, hashes. Every word about a relation comes from its contract. Rows come in through a
connection, files go out as bytes: the same release gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.publish.package import catalogue, citation, datapackage, hashes, provenance, tables
from pipelines.publish.package.release import Release

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HASHES = hashes.NAME


def build(connection: DuckDBPyConnection, others: Mapping[str, bytes]) -> dict[str, bytes]:
    """Every file of the package by its path, from an open published file.

    `others` are files of the release that were made elsewhere (dictionary, changes); they are hashed
    with the rest. Raises duckdb.Error where the file cannot be read.
    """
    release = Release.of(connection)
    written = tables.files(connection)
    described = {
        "datapackage.json": datapackage.describe(release, written),
        "dcat.ttl": catalogue.describe(release, written),
        "prov.json": provenance.describe(release),
        "CITATION.cff": citation.cff(release),
        "README.md": citation.readme(release, written),
    }
    files = {**{table.path: table.data for table in written}, **described, **others}
    return {**files, HASHES: hashes.sums(files)}
