"""Small editions for tests: from a few figures to every table that a report gives.

`edition_tables(2024, [dict(mission_id="unifil", deployed_military=3)])` gives the seven tables of
`schemas.TABLES` as they are read; `base_tables(...)` gives what the views read, without a lake.
What is left out of a row gets a sensible value, so a test says only what it is about.
"""

import datetime
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

import schemas
from pipelines.lake import RuleResults
from pipelines.model import Fidelity, SourceFile, Versions
from pipelines.publish import published
from schemas.vocabulary import FIGURES

VERSIONS = Versions(code="c0de" * 3, registry="4e9" * 4, declarations="dec1" * 3)
RECORDED_AT = datetime.datetime(2024, 5, 15, 13, 0)
RELEASE = "0123456789ab"
RULES_VERSION = "1" * 12
RECONCILED_AT = datetime.datetime(2024, 5, 15, 14, 0)

Row = Mapping[str, Any]
Tables = dict[str, pa.Table]

_STAMP = {"vintage": 1, "rules_version": RULES_VERSION}
# Relation → what its rows say if a test says nothing else.
_USUAL: dict[str, Row] = yaml.safe_load(Path(__file__).with_name("rows.yaml").read_text(encoding="utf-8"))


def source_file(year: int, text: str = "", *, fidelity: Fidelity = "full text") -> SourceFile:
    """A file of an edition whose hash follows from `text`; it need not exist."""
    data, path = f"{year} {text}".encode(), f"raw/{year}/jvom-{year}.txt"
    return SourceFile(year, path, hashlib.sha256(data).hexdigest(), len(data), "text", fidelity)


def edition_tables(
    year: int,
    rows: Sequence[Row],
    *,
    totals: Row | None = None,
    mandates: Sequence[Row] = (),
    footnotes: Sequence[str] = (),
    sections: Sequence[str] = (),
    source: SourceFile | None = None,
    period: tuple[datetime.date | None, datetime.date | None] | None = None,
    period_months: int | None = 12,
) -> Tables:
    """The seven tables of one edition, as read.

    `rows` are personnel rows: `mission_id`, figures (absent is blank), any other column, and `qualified`:
    printed column → qualifier and bounds of a figure without an exact value.
    `deployed_total` is the sum of its parts unless given; `totals` overrides sums of the columns.
    `mandates` are mandate rows: `mission_id`, and `international_mandate_end`/`national_frame_end`
    or a status. `period` defaults to May to April before the edition is sent.
    """
    personnel = [_personnel(year, row, 100 + n) for n, row in enumerate(rows)]
    tables: dict[str, list[dict[str, object]]] = {
        "editions": [_edition(year, source or source_file(year), period, period_months)],
        "personnel": personnel,
        "personnel_totals": [_totals(year, personnel, totals or {})],
        "mandates": [_mandate(year, row, 50 + n) for n, row in enumerate(mandates)],
        "footnotes": [_footnote(year, n, text) for n, text in enumerate(footnotes, start=1)],
        "sections": [_section(year, n, heading) for n, heading in enumerate(sections, start=1)],
    }
    tables["cells"] = list(_cells(tables))
    return {name: schemas.TABLES[name].as_read().table(tables[name]) for name in schemas.TABLES}


def base_tables(
    *editions: Tables,
    missions: Sequence[Row] = (),
    relations: Sequence[Row] = (),
    causes: Mapping[tuple[int, int], str] | None = None,
    found: Mapping[str, Sequence[Row]] | None = None,
    corrections: Sequence[Row] = (),
    observations: Sequence[Row] = (),
    contributions: Sequence[Row] = (),
) -> Tables:
    """What the views read: several tables of one year are its vintages 1, 2, 3 … in order.

    The registry holds every mission of the editions, with the details that `missions` gives;
    `causes` sets the cause of a (year, vintage), such as `withdrawn`; `found` are rows that rules
    found, by table (see `reconciled_row`); `corrections` are declared ones; `observations` and
    `contributions` are rows of other public sources.
    """
    count: Counter[int] = Counter()
    stamped: dict[str, list[pa.Table]] = {name: [] for name in schemas.VINTAGE_TABLES}
    vintages = []
    for snapshot, tables in enumerate(editions, start=1):
        year = tables["editions"]["edition_year"][0].as_py()
        count[year] += 1
        cause = (causes or {}).get((year, count[year])) or _cause(count[year])
        vintages.append(vintage_row(year, count[year], tables, cause=cause, snapshot_id=snapshot))
        for name, table in tables.items():
            stamp = {"vintage": count[year], "recorded_at": RECORDED_AT, "withdrawn": cause == "withdrawn"}
            contract = schemas.VINTAGE_TABLES[f"{name}_vintages"]
            stamped[contract.name].append(contract.table([row | stamp for row in table.to_pylist()]))
    base = {
        name: pa.concat_tables(parts) if parts else schemas.VINTAGE_TABLES[name].table([])
        for name, parts in stamped.items()
    }
    for name, contract in schemas.RECORD.items():
        base[name] = contract.table([])
    base["vintages"] = schemas.RECORD["vintages"].table(vintages)
    base |= found_tables(found or {})
    base |= public_tables(observations, contributions)
    base["quarantine"] = schemas.REFUSALS["quarantine"].table([])
    declared = [{**_USUAL["declared_corrections"], **row} for row in corrections]
    return (
        base
        | registry_tables(_mission_ids(editions), missions, relations)
        | {"declared_corrections": schemas.DERIVED["declared_corrections"].table(declared)}
    )


def public_tables(observations: Sequence[Row] = (), contributions: Sequence[Row] = ()) -> Tables:
    """`observations` and `un_contributions`; a row needs a mission, a day or month, and its figures."""
    observed = [_observation(row, number) for number, row in enumerate(observations, start=1)]
    counted = [_contribution(row, number) for number, row in enumerate(contributions, start=1)]
    return {
        "observations": schemas.PUBLIC["observations"].table(observed),
        "un_contributions": schemas.PUBLIC["un_contributions"].table(counted),
    }


def _observation(row: Row, number: int) -> dict[str, object]:
    return {
        **_USUAL["observations"],
        "observation_id": f"{row['mission_id']}-{number}",
        "period_end": row["period_start"],
        "total": _add((row.get("military"), row.get("civil_police"))),
        "mission_as_printed": str(row["mission_id"]).upper(),
        "dates_as_printed": str(row["period_start"]),
        "source_line": number + 1,
        **row,
    }


def _contribution(row: Row, number: int) -> dict[str, object]:
    start: datetime.date = row["period_start"]
    return {
        **_USUAL["un_contributions"],
        "mission_as_printed": str(row.get("mission_id") or "all").upper(),
        "period_end": (start + datetime.timedelta(31)).replace(day=1) - datetime.timedelta(1),
        "source_line": number + 1,
        **row,
    }


def vintage_row(
    year: int, vintage: int, tables: Tables, *, cause: str = "first reading", snapshot_id: int = 1
) -> dict[str, object]:
    """One row of `vintages` for an edition's tables."""
    return {
        **_USUAL["vintages"],
        "edition_year": year,
        "vintage": vintage,
        "recorded_at": RECORDED_AT,
        "cause": cause,
        "reason": f"{cause}, for a test",
        "run_id": f"run-{year}-{vintage}",
        **{f"{name}_version": version for name, version in vars(VERSIONS).items()},
        "source_sha256": tables["editions"]["source_sha256"][0].as_py(),
        "snapshot_id": snapshot_id,
        "content_hash": hashlib.sha256(f"{year} {vintage}".encode()).hexdigest(),
        "row_counts": [(name, table.num_rows) for name, table in tables.items()],
    }


def releases(*rows: tuple[str, int]) -> pa.Table:
    """The record's table of releases with these (id, snapshot), an hour apart."""
    return schemas.RECORD["releases"].table(
        [
            {
                **_USUAL["releases"],
                "release_id": release_id,
                "published_at": RECORDED_AT + datetime.timedelta(hours=hour),
                "contract_version": schemas.CONTRACT_VERSION,
                "snapshot_id": snapshot,
                "vintages": [(2024, 1)],
            }
            for hour, (release_id, snapshot) in enumerate(rows)
        ]
    )


def publish(file: Path, base: Tables, **given: Any) -> Path:
    """Publish base tables as `RELEASE`, which is added to them; the file."""
    published.publish(
        file, base | {"releases": releases((RELEASE, 1))}, **{"release_id": RELEASE, "head": None, **given}
    )
    return file


def registry_tables(
    mission_ids: Iterable[str], missions: Sequence[Row] = (), relations: Sequence[Row] = ()
) -> Tables:
    """`mission_registry` and `mission_relations`, with defaults for what `missions` leaves out.

    And what else publishing adds, without rows.
    """
    details = {row["mission_id"]: dict(row) for row in missions}
    usual = _USUAL["mission_registry"]
    known = [
        {**usual, "mission_id": mission_id, "name": mission_id.upper(), **details.get(mission_id, {})}
        for mission_id in sorted({*mission_ids, *details})
    ]
    pairs = [{**_USUAL["mission_relations"], **row} for row in relations]
    return {
        "mission_registry": schemas.REGISTRY["mission_registry"].table(known),
        "mission_relations": schemas.REGISTRY["mission_relations"].table(pairs),
        **{name: contract.table([]) for name, contract in schemas.DERIVED.items()},
    }


def _mission_ids(editions: Sequence[Tables]) -> set[str]:
    return {
        mission_id
        for tables in editions
        for name in ("personnel", "mandates")
        for mission_id in tables[name]["mission_id"].to_pylist()
    }


def _cause(vintage: int) -> str:
    return "first reading" if vintage == 1 else "source changed"


def _edition(
    year: int,
    source: SourceFile,
    period: tuple[datetime.date | None, datetime.date | None] | None,
    months: int | None,
) -> dict[str, object]:
    start, end = period or (datetime.date(year - 1, 5, 1), datetime.date(year, 4, 30))
    return {
        **_USUAL["editions"],
        "edition_year": year,
        "title": f"Edition {year}",
        "scope": f"period of {year}",
        "period_start": start,
        "period_end": end,
        "period_months": months,
        "date_sent": datetime.date(year, 5, 15),
        "kamerstuk": f"kst-29521-{year}",
        **{f"source_{name}": value for name, value in vars(source).items() if name != "edition_year"},
    }


def _add(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _personnel(year: int, row: Row, line: int) -> dict[str, object]:
    parts = _add((row.get("deployed_military"), row.get("deployed_civil_police")))
    return {**_USUAL["personnel"], "deployed_total": parts, **_of_mission(year, row, line), **row}


def _of_mission(year: int, row: Row, line: int) -> dict[str, object]:
    printed = str(row["mission_id"]).upper()
    return {
        "edition_year": year,
        "mission_as_printed": printed,
        "source_line": line,
        "source_line_end": line,
    }


def _totals(year: int, personnel: Sequence[Row], given: Row) -> dict[str, object]:
    sums = {name: _add(row.get(name) for row in personnel) for name in FIGURES}
    return {**_USUAL["personnel_totals"], "edition_year": year, **sums, **given}


def _duration(row: Row, prefix: str) -> dict[str, object]:
    end = row.get(f"{prefix}_end")
    dated = bool(end) or f"{prefix}_from" in row
    status = row.get(f"{prefix}_status") or ("until" if dated else "indefinite")
    return {
        f"{prefix}_as_printed": f"{end:%d-%m-%Y}" if end else status,
        f"{prefix}_status": status,
        f"{prefix}_end": end,
    }


def _mandate(year: int, row: Row, line: int) -> dict[str, object]:
    return {
        **_USUAL["mandates"],
        **_of_mission(year, row, line),
        **row,
        **_duration(row, "international_mandate"),
        **_duration(row, "national_frame"),
    }


def _footnote(year: int, number: int, text: str) -> dict[str, object]:
    place = {"source_line": 20 + number, "marker_lines": [10 + number]}
    return {**_USUAL["footnotes"], "edition_year": year, "number": number, "text": text, **place}


def _section(year: int, number: int, heading: str) -> dict[str, object]:
    return {
        **_USUAL["sections"],
        "edition_year": year,
        "section_id": str(number),
        "number": str(number),
        "heading": heading,
        "text": f"About {heading}.",
        "source_line": 2 * number,
        "source_line_end": 2 * number + 1,
    }


def _cells(tables: Mapping[str, Sequence[Row]]) -> Iterable[dict[str, object]]:
    for row in tables["personnel"]:
        yield _cell("personnel", row["mission_id"], "mission", row, row["mission_as_printed"])
        for name in dict.fromkeys([*FIGURES, *row.get("qualified", ())]):
            cell = _cell("personnel", row["mission_id"], name, row, row.get(name))
            if row["inferred"] and row.get(name) is not None:
                cell |= {"derivation": ["column inferred"], "equalities": [f"column total {name}"]}
            if said := row.get("qualified", {}).get(name):
                bounds = {"qualifier": said[0], "value_low": said[1], "value_high": said[2]}
                cell |= {"as_printed": " ".join(map(str, said)), "derivation": ["printed"], **bounds}
            yield cell
    for row in tables["personnel_totals"]:
        yield from (_cell("personnel_totals", "total", name, row, row[name]) for name in FIGURES)
    for row in tables["mandates"]:
        printed = {
            "mission": row["mission_as_printed"],
            "legal_basis": row["legal_basis"],
            "international_mandate": row["international_mandate_as_printed"],
            "national_frame": row["national_frame_as_printed"],
        }
        for name, value in printed.items():
            yield _cell("mandates", row["mission_id"], name, row, value)
    for row in tables["footnotes"]:
        yield _cell("footnotes", f"footnote:{row['number']}", "text", row, row["text"])


def _cell(table: str, key: str, column: str, row: Row, value: object) -> dict[str, object]:
    text = None if value is None else str(value)
    place = {"page": row["source_page"], "line": row["source_line"], "box": None}
    return {
        **_USUAL["cells"],
        "edition_year": row["edition_year"],
        "table_name": table,
        "row_key": key,
        "column_name": column,
        "as_printed": text,
        "value": text,
        "value_integer": value if isinstance(value, int) else None,
        "source_page": row["source_page"],
        "page_label": row.get("page_label"),
        "source_line": row["source_line"],
        "spans": [{**place, "char_start": 0, "char_end": len(text or "")}],
        "derivation": ["empty by inference" if value is None else "printed"],
    }


def reconciled_row(name: str, row: Row) -> dict[str, Any]:
    """A row of a table of reconciliation, of vintage 1 and by the usual rules unless it says otherwise."""
    mission_id = row.get("mission_id")
    cell = {"table_name": "personnel", "row_key": mission_id, "column_name": "deployed_total"}
    own: dict[str, dict[str, Any]] = {
        "findings": {
            "finding_id": f"{row.get('rule', 'row_total')}-{mission_id}",
            "side_a": {**cell, "value": "3", "page": 17, "line": 100, "text": "3"},
        },
        "statements": {"statement_id": f"statement-{mission_id}"},
        "mission_events": {"event_id": f"event-{mission_id}"},
    }
    return {**_STAMP, **_USUAL[name], **own.get(name, {}), **row}


def found(
    rows: Mapping[str, Sequence[Row]], *, rules_version: str = RULES_VERSION, content: str
) -> RuleResults:
    """What rules found in rows with this content hash."""
    tables = {
        name: contract.as_read().table([reconciled_row(name, row) for row in rows.get(name, ())])
        for name, contract in schemas.RECONCILED.items()
    }
    return RuleResults(tables, rules_version, content)


def found_tables(rows: Mapping[str, Sequence[Row]]) -> dict[str, pa.Table]:
    """The record's tables of what rules found, with a reconciliation for each vintage and version.

    Those of a later version of the rules are later.
    """
    filled = {name: [reconciled_row(name, row) for row in rows.get(name, ())] for name in schemas.RECONCILED}
    keys = ("edition_year", "vintage", "rules_version")
    looked: dict[tuple[Any, ...], Counter[str]] = {}
    for name, of_table in filled.items():
        for row in of_table:
            looked.setdefault(tuple(row[key] for key in keys), Counter())[name] += 1
    reconciliations = [
        {
            **dict(zip(keys, key, strict=True)),
            **_USUAL["reconciliations"],
            **{name: counts[name] for name in schemas.RECONCILED},
            "reconciled_at": RECONCILED_AT + datetime.timedelta(minutes=minute),
        }
        for minute, (key, counts) in enumerate(sorted(looked.items()))
    ]
    return {
        **{
            f"{name}_vintages": schemas.VINTAGE_TABLES[f"{name}_vintages"].table(of_table)
            for name, of_table in filled.items()
        },
        "reconciliations": schemas.RECORD["reconciliations"].table(reconciliations),
    }
