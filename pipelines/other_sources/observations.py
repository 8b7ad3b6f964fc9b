"""raw/observations.csv → `observations`: what other public sources say of Dutch contributions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.other_sources.rows import CsvRow, collect, rows
from schemas.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas.registry import Registry

FILE = "observations.csv"
COLUMNS = (
    *("observation_id", "mission_id", "part", "measure", "dated_by", "start", "end"),
    *("military", "civil_police", "total", "qualifier", "confidence", "source_url", "note"),
    *("mission_as_printed", "dates_as_printed"),
)


def read(raw: Path, registry: Registry) -> pa.Table:
    """The observations, in the shape of their contract; none without a file.

    Raises SourceError or Problems, with the lines, where the file cannot be read, or a mission is
    named otherwise than in the registry.
    """
    import schemas

    path = raw / FILE
    if not path.exists():
        return schemas.PUBLIC["observations"].table([])
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LakeError(
            f"cannot be read: {error.strerror}", file=str(path), hint="check its rights"
        ) from error
    found = rows(data, f"raw/{FILE}", required=COLUMNS)
    return schemas.PUBLIC["observations"].table(collect(found, lambda row: _observation(row, registry)))


def _observation(row: CsvRow, registry: Registry) -> dict[str, object]:
    printed = row.text("mission_as_printed") or ""
    mission = registry.named(printed)
    if mission is None or mission.id != row.text("mission_id"):
        near = [f"“{name}” ({of})" for name, of in registry.nearest(printed, other_names=True)]
        whose = f"a name of {mission.id}" if mission else f"no known name; the nearest are {', '.join(near)}"
        raise row.error(
            "mission_as_printed",
            f"is {whose}, but the row is of {row.text('mission_id')}",
            hint="correct the row, or add the name to other_names of its mission in schemas/missions.toml",
        )
    start, end = row.period("start"), row.period("end")
    if row.whole("total") is None:
        raise row.error("total", "must not be empty")
    return {
        **{name: row.text(name) for name in COLUMNS if name not in ("start", "end")},
        **{name: row.whole(name) for name in ("military", "civil_police", "total")},
        "period_start": start and start[0],
        "period_end": end and end[1],
        "start_precision": start and start[2],
        "end_precision": end and end[2],
        "source_line": row.line,
    }
