"""CITATION.cff and the page that greets whoever opens the package."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pipelines.publish.package.release import Release, named
from schemas import dataset
from schemas.registry_toml import quoted

if TYPE_CHECKING:
    from pipelines.publish.package.tables import TableFile


def cff(release: Release) -> bytes:
    """How to cite the release, in the Citation File Format 1.2.0; strings are quoted as JSON's are."""
    return ("\n".join(_lines(release)) + "\n").encode()


def _lines(release: Release) -> Iterator[str]:
    whole = dataset.load()
    yield "cff-version: 1.2.0"
    yield "type: dataset"
    yield f"message: {quoted('Cite the release by its id: same content, same release.')}"
    yield f"title: {quoted(whole.title['en'])}"
    yield f"abstract: {quoted(whole.description['en'])}"
    yield "authors:"
    yield f"  - name: {quoted(whole.publisher.name)}"
    yield f"version: {quoted(release.release_id)}"
    yield f"date-released: {release.published_at.date()}"
    yield f"license: {whole.licence.name}"
    yield "keywords:"
    yield from (f"  - {quoted(word)}" for word in whole.keywords["en"])
    if release.editions:
        yield "references:"
    for row in release.editions:
        yield "  - type: report"
        yield f"    title: {quoted(named(row))}"
        yield "    authors:"
        yield f"      - name: {quoted('Government of the Netherlands')}"
        yield f"    year: {row['edition_year']}"
        if row["kamerstuk"]:
            yield f"    number: {quoted(row['kamerstuk'])}"
        if row["source_url"]:
            yield f"    url: {quoted(row['source_url'])}"


def readme(release: Release, written: Sequence[TableFile]) -> bytes:
    """What is in the package, how to open it, and under which licence."""
    whole = dataset.load()
    rows = [
        f"| `{file.contract.name}` | {file.rows} | {file.contract.description} |"
        for file in written
        if file.format == "csv"
    ]
    text = f"""\
# {whole.title["en"]}

Release `{release.release_id}`, first published {release.published_at.date()}. {whole.description["en"]}

**Licence:** the data is [{whole.licence.name}]({whole.licence.address}); the code that made it is
[{whole.code_licence.name}]({whole.code_licence.address}).

| file | |
|---|---|
| `data/<table>.parquet`, `data/<table>.csv` | the tables; in CSV lists are JSON, empty text is null |
| `datapackage.json` | files, hashes, columns, units and keys (Data Package 2.0) |
| `dcat.ttl` | record for data portals (DCAT-AP-NL 3.0) |
| `prov.json` | from which files, by which runs (W3C PROV) |
| `dictionary.md` | every relation and column in words |
| `CITATION.cff` | how to cite |
| `SHA256SUMS` | `sha256sum --check SHA256SUMS` |

```sql
SELECT name, edition_year, deployed_total_computed FROM 'data/mission_trends.parquet' ORDER BY 1, 2;
```

| table | rows | |
|---|---|---|
"""
    return (text + "\n".join(rows) + "\n").encode()
