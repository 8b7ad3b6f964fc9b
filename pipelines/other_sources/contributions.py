"""A file of the UN's contributions → `un_contributions`; and how such a file is kept, by its hash.

The file counts the same persons on several levels: per month and mission, per month over all
missions, and as a mean per year and mission. Each row says which; nothing here adds them up.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.other_sources.rows import CsvRow, collect, rows
from schemas.errors import SourceError
from schemas.registry import Registry
from schemas.registry_toml import quoted

if TYPE_CHECKING:
    import pyarrow as pa

LATEST = "latest.json"
REQUIRED = ("mission", "month", "personnel_type")
OPTIONAL = (
    *("contributor", "male", "female", "count", "date_as_printed", "level", "note"),
    *("source_repo", "source_path", "source_commit", "licence"),
)
# What the UN's own hub calls them, and what else such a file does.
CALLED = {
    "mission_acronym": "mission",
    "last_reporting_date": "month",
    "reporting_date": "month",
    "date": "month",
    "contributing_country": "contributor",
    "country": "contributor",
    "female_personnel": "female",
    "male_personnel": "male",
    "total": "count",
    "total_personnel": "count",
}
ALL = "ALL"
NETHERLANDS = {"nl", "nld"}
_SLASHED = re.compile(r"(\d\d?)[/.-](\d\d?)[/.-](\d{4})")


def parse(data: bytes, file: str, registry: Registry) -> pa.Table:
    """The Dutch rows of a file, in the shape of their contract; other contributors' are not taken.

    Raises SourceError or Problems, with the lines, where it cannot be read or the registry does not
    know a mission; the message holds the entries to add.
    """
    import schemas

    listed = rows(data, file, required=REQUIRED, optional=OPTIONAL, called=CALLED)
    found = [row for row in listed if _is_dutch(row.text("contributor"))]
    if not found:
        hint = "is it the UN's contributions, as CSV?"
        raise SourceError("holds no row of the Netherlands", file=file, hint=hint)
    _require_known(found, file, registry)
    table = schemas.PUBLIC["un_contributions"].table(collect(found, lambda row: _contribution(row, registry)))
    _require_sums(table, file)
    return table


def taken(data: bytes, file: str, table: pa.Table) -> str:
    """In words, what was taken of a file."""
    listed = rows(data, file, required=REQUIRED, optional=OPTIONAL, called=CALLED)
    used = [name for name in (*REQUIRED, *OPTIONAL) if name in listed[0].cells]
    unused = [name for name in listed[0].cells if name not in used]
    missions = list(dict.fromkeys(table["mission_as_printed"].to_pylist()))
    starts = [day for day in table["period_start"].to_pylist() if day]
    return (
        f"{table.num_rows} of {len(listed)} rows are of the Netherlands: {', '.join(missions)}; "
        f"{min(starts):%Y-%m} to {max(starts):%Y-%m}; columns {', '.join(used)}"
        + (f"; not used: {', '.join(unused)}" if unused else "")
    )


def _is_dutch(contributor: str | None) -> bool:
    """Whether a row is of the Netherlands, with or without its kingdom; all are, where none is named."""
    words = set(re.findall(r"\w+", (contributor or "nl").casefold()))
    return (bool(words) and words <= NETHERLANDS) or (
        "netherlands" in words <= {"netherlands", "kingdom", "of", "the"}
    )


def keep(data: bytes, name: str, folder: Path) -> str:
    """Keep a file's bytes by hash and make them the ones in use; returns their SHA-256.

    Whole or not at all. Raises LakeError if the folder cannot be written.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    said = {"sha256": sha256, "name": name}
    note = json.dumps({**said, "note_sha256": _hash_of(said)}, indent=1)
    with files.writable(str(folder), "free some disk space or mend the folder"):
        if not (folder / f"{sha256}.csv").exists():
            files.put(folder / f"{sha256}.csv", data)
        files.put(folder / LATEST, f"{note}\n".encode())
    return sha256


def kept(folder: Path) -> Path | None:
    """The kept file that is in use; None where none was ever given.

    Raises SourceError where the note of it is damaged.
    """
    note = folder / LATEST
    if not note.exists():
        return None
    try:
        said = json.loads(note.read_bytes())
        sha256, whole = str(said["sha256"]), said.pop("note_sha256", None)
        if not re.fullmatch(r"[0-9a-f]{64}", sha256) or whole not in (None, _hash_of(said)):
            raise ValueError(sha256)
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "give the file again: jvom ingest-un FILE"
        raise SourceError("does not name a kept file", file=str(note), hint=hint) from error
    return folder / f"{sha256}.csv"


def _hash_of(note: object) -> str:
    return hashlib.sha256(json.dumps(note).encode()).hexdigest()


def read(folder: Path, registry: Registry) -> pa.Table:
    """The contributions of the kept file in use, its hash checked; no rows without one."""
    import schemas

    path = kept(folder)
    if path is None:
        return schemas.PUBLIC["un_contributions"].table([])
    data = files.get(path)
    if data is None or hashlib.sha256(data).hexdigest() != path.stem:
        message = "cannot be read" if data is None else "is not what was kept: its hash is not its name"
        hint = "delete it and give the file again: jvom ingest-un FILE"
        raise SourceError(message, file=str(path), hint=hint)
    return parse(data, str(path), registry)


def _require_known(found: list[CsvRow], file: str, registry: Registry) -> None:
    names = dict.fromkeys(row.text("mission") or "" for row in found)
    unknown = [name for name in names if name != ALL and registry.named(name) is None]
    if not unknown:
        return
    ids = {name: "-".join(re.findall(r"[a-z0-9]+", name.casefold())) or "mission" for name in unknown}
    near = [f"“{name}” (nearest: {registry.nearest(name, 1)[0][1]})" for name in unknown]
    entries = "\n".join(
        f"    [[mission]]\n    id = {quoted(ids[name])}\n    name = {quoted(name)}\n"
        f'    organisation = "UN"\n    region = {quoted(registry.missions[0].region)}  # or another\n'
        f"    countries = []\n    spellings = [{quoted(name)}]\n"
        for name in unknown
    )
    raise SourceError(
        f"the registry does not know {', '.join(near)}",
        file=file,
        line=next(row.line for row in found if row.text("mission") == unknown[0]),
        hint=f"add to schemas/missions.toml what it is:\n{entries}",
    )


def _contribution(row: CsvRow, registry: Registry) -> dict[str, object]:
    name = row.text("mission") or ""
    period = _month(row)
    if period is None or period[2] == "day" or (name == ALL and period[2] == "year"):
        raise row.error("month", "must be a month as 2018-07, or for the mean of a mission's year 2018")
    mission = None if name == ALL else registry.named(name)
    level = "month, all missions" if mission is None else f"{period[2]} and mission"
    if said := (row.text("level") or "").casefold():  # what the file itself states
        stated = "year and mission" if said.startswith("year") else "month and mission"
        if level != ("month, all missions" if "all missions" in said and said[:4] != "year" else stated):
            raise row.error("level", f"is not what its month and mission make: {level}")
    male, female, count = (row.whole(column) for column in ("male", "female", "count"))
    if None not in (male, female):
        both = (male or 0) + (female or 0)
        if count not in (None, both):
            raise row.error("count", f"is not what male and female make: {both}")
        count = both
    if count is None:
        raise row.error("count", "must not be empty")
    source = " ".join(filter(None, (row.text(part) for part in ("source_repo", "source_path"))))
    return {
        "level": level,
        "mission_id": mission and mission.id,
        "name": mission and mission.name,
        "mission_as_printed": name,
        "period_start": period[0],
        "period_end": period[1],
        "personnel_type": "_".join((row.text("personnel_type") or "").casefold().split()) or None,
        **{"male": male, "female": female, "count": count},
        "source": source or None,
        "note": row.text("note"),
        "source_line": row.line,
    }


def _month(row: CsvRow) -> tuple[datetime.date, datetime.date, str] | None:
    """The month or year of a row: as such, or by a day that ends it, as the UN's hub prints it."""
    text = (row.text("month") or "").removesuffix("Z").removesuffix("00:00:00").rstrip(" T")
    if slashed := _SLASHED.fullmatch(text):
        one, other = sorted(map(int, slashed.groups()[:2]))
        if one <= 12 < other:  # else nobody can say which is the month
            text = f"{slashed[3]}-{one:02}-{other:02}"
    period = replace(row, cells={**row.cells, "month": text}).period("month")
    if period and period[2] == "day" and (period[0] + datetime.timedelta(1)).day == 1:
        return period[0].replace(day=1), period[0], "month"
    return period


def _require_sums(table: pa.Table, file: str) -> None:
    """Where a month gives all types together and each of them, they must agree."""
    months: dict[tuple[Any, ...], dict[str, tuple[int, int]]] = {}
    for row in table.to_pylist():
        if not row["level"].startswith("year"):
            key = (row["mission_as_printed"], row["period_start"])
            months.setdefault(key, {})[row["personnel_type"]] = (row["count"], row["source_line"])
    for (mission, start), types in months.items():
        if "all_types" not in types or len(types) == 1:
            continue
        given, line = types["all_types"]
        parts = sum(count for name, (count, _) in types.items() if name != "all_types")
        if parts != given:
            message = f"{mission}, {start:%Y-%m}: all_types says {given}, its types make {parts}"
            hint = "one of them is wrong or missing: see that month in the file"
            raise SourceError(message, file=file, line=line, hint=hint)
