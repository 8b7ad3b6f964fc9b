"""Figures of other public sources: raw/observations.csv and the UN's contributions, CSV → Arrow tables.

Here belongs how their files are read and kept. What must hold of their rows is in `schemas/`. A build with
nothing to do imports this package: no pyarrow, no Pandera.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.other_sources import contributions
from pipelines.other_sources.rows import CsvRow, collect, rows
from pipelines.settings import Settings
from schemas.errors import LakeError
from schemas.registry import Registry

if TYPE_CHECKING:
    import pyarrow as pa

FILE = "observations.csv"
COLUMNS = (
    *("observation_id", "mission_id", "part", "measure", "dated_by", "start", "end"),
    *("military", "civil_police", "total", "qualifier", "confidence", "source_url", "note"),
    *("mission_as_printed", "dates_as_printed"),
)


def version(settings: Settings) -> str:
    """Hash of what they give now, 12 hexadecimal digits; a file published with another is made again."""
    digest = hashlib.sha256()
    for file in (settings.raw / FILE, contributions.kept(settings.contributions)):
        data = file.read_bytes() if file is not None and file.is_file() else b""
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


def tables(settings: Settings, registry: Registry) -> dict[str, pa.Table]:
    """`observations` and `un_contributions`, every row keeping its contract.

    Raises SourceError, Problems or ContractError with the file and every failing line.
    """
    observed = observations(settings.raw, registry)
    counted = contributions.read(settings.contributions, registry)
    kept = contributions.kept(settings.contributions) or settings.contributions
    return {
        "observations": checked(observed, "observations", f"raw/{FILE}"),
        "un_contributions": checked(counted, "un_contributions", str(kept)),
    }


def checked(table: pa.Table, name: str, file: str) -> pa.Table:
    """The same table, once every row keeps the contract of relation `name`; else ContractError."""
    import schemas
    from pipelines import validate

    if failures := validate.contract_failures(schemas.PUBLIC[name], table):
        error = validate.refusal(failures, file)
        error.hint = "correct those lines of the file"
        raise error
    return table


def observations(raw: Path, registry: Registry) -> pa.Table:
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
        hint = "check its rights"
        raise LakeError(f"cannot be read: {error.strerror}", file=str(path), hint=hint) from error
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
        "name": mission.name,
        "period_start": start and start[0],
        "period_end": end and end[1],
        "start_precision": start and start[2],
        "end_precision": end and end[2],
        "source_line": row.line,
    }
