"""What a release changed since the one before it, in words and with causes. Tables in, text out; no stage.

The entries go into the release's manifest and, as a page for people, into
`warehouse/releases/<release_id>/changes.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import schemas
from pipelines.lake import differences

if TYPE_CHECKING:
    import pyarrow as pa

PAGE = "changes.md"

_SHAPES = {
    "contract_version": "contract",
    "views": "SQL of the views and macros",
    "registry": "mission registry and layouts",
}

Row = Mapping[str, Any]


def previous(releases: Sequence[Row], release_id: str) -> Row | None:
    """The release published before this one was published first; None where this is the first."""
    ordered = sorted(releases, key=lambda row: (row["published_at"], row["release_id"]))
    before: Row | None = None
    for row in ordered:
        if row["release_id"] == release_id:
            return before
        before = row
    return before


def entries(tables: Mapping[str, pa.Table], release: Row, before: Row | None) -> list[dict[str, Any]]:
    """One entry for each vintage recorded since `before`: which, when, why, by whom, and its changes.

    `tables` are the published base tables; `release` and `before` rows of `releases`. A vintage
    belongs to the release if the lake had it when the release was made (by snapshot).
    """
    seen = before["snapshot_id"] if before else -1
    vintages = [
        row for row in tables["vintages"].to_pylist() if seen < row["snapshot_id"] <= release["snapshot_id"]
    ]
    return [_entry(tables, row) for row in sorted(vintages, key=lambda row: row["snapshot_id"])]


def page(manifest: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    """The change log of a release as Markdown, from its manifest and that of the release before it."""
    title = f"# Release {manifest['release_id']}: what changed"
    return "\n".join([title, "", *_page(manifest, before)]) + "\n"


def _page(manifest: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    since = manifest["previous_release_id"]
    yield f"Since release {since}." if since else "This is the first release."
    yield ""
    if not manifest["changes"]:
        yield "No vintage came."
        yield ""
    for entry in manifest["changes"]:
        yield f"## Edition {entry['edition_year']}, vintage {entry['vintage']}: {entry['cause']}"
        yield ""
        yield f"{entry['reason']}. Recorded on {entry['recorded_at']} UTC by {entry['actor']}."
        yield ""
        yield from (f"- {sentence}" for sentence in entry["sentences"])
        yield ""
    shaped = list(_shaped(manifest, before)) if since else []
    if shaped:
        yield "## How the data is shown"
        yield ""
        yield from (f"- {sentence}" for sentence in shaped)
        yield ""


def _shaped(manifest: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    """What else differs between two releases: contract, views, registry."""
    if before is None:
        yield "the manifest of the release before is not there to compare with"
        return
    for name, what in _SHAPES.items():
        old, new = before.get(name), manifest.get(name)
        if old != new:
            yield f"{what}: {old or 'unknown'} → {new}"


def _entry(tables: Mapping[str, pa.Table], vintage: Row) -> dict[str, Any]:
    year, number = vintage["edition_year"], vintage["vintage"]
    now = _rows(tables, year, number)
    if number == 1:
        counted = ", ".join(f"{name} {count}" for name, count in sorted(dict(vintage["row_counts"]).items()))
        told: tuple[str, ...] = (f"rows: {counted}",)
    else:
        found = differences.differences(_rows(tables, year, number - 1), now)
        told = differences.sentences(found) or ("no value differs from the vintage before",)
    return {
        "edition_year": year,
        "vintage": number,
        "cause": vintage["cause"],
        "reason": vintage["reason"],
        "actor": vintage["actor"],
        "recorded_at": f"{vintage['recorded_at']:%Y-%m-%d %H:%M:%S}",
        "sentences": list(told),
    }


def _rows(tables: Mapping[str, pa.Table], year: int, vintage: int) -> dict[str, list[dict[str, Any]]]:
    """The rows of one vintage."""
    import pyarrow.compute as pc

    return {
        name: tables[f"{name}_vintages"]
        .filter((pc.field("edition_year") == year) & (pc.field("vintage") == vintage))
        .to_pylist()
        for name in schemas.TABLES
    }
