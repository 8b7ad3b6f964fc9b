"""prov.json: how the release came to be, as W3C PROV (PROV-JSON): files, readings, runs, who."""

from __future__ import annotations

import json
from typing import Any

from pipelines.publish.package.release import Release, Row, named
from schemas import dataset

_PREFIX = "jvom"
Document = dict[str, dict[str, Any]]


def describe(release: Release) -> bytes:
    """The document: every vintage from its file, by its run; the release from the vintages it shows."""
    own = _name("release", release.release_id)
    document: Document = {
        "prefix": {_PREFIX: f"urn:{_PREFIX}:"},
        "entity": {
            own: {
                "prov:type": _qualified("prov:Collection"),
                "prov:label": f"{dataset.load().title['en']}, release {release.release_id}",
                f"{_PREFIX}:contract_version": release.contract_version,
            }
        },
        "activity": {},
        "agent": {_name("tool", "jvom"): {"prov:type": _qualified("prov:SoftwareAgent")}},
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
        "wasDerivedFrom": {},
        "hadMember": {},
    }
    for row in release.readings:
        _reading(document, row)
    for year, vintage in sorted(release.shown.items()):
        _relate(document, "hadMember", collection=own, entity=_name("vintage", f"{year}-{vintage}"))
    document["activity"][_name("publishing", release.release_id)] = {
        "prov:endTime": f"{release.published_at.isoformat()}Z"
    }
    _relate(document, "wasGeneratedBy", entity=own, activity=_name("publishing", release.release_id))
    kept = {kind: entries for kind, entries in document.items() if entries}
    return (json.dumps(kept, ensure_ascii=False, indent=1) + "\n").encode()


def _reading(document: Document, row: Row) -> None:
    """One vintage: the file it was read from, the run, the code and the person."""
    year, vintage = row["edition_year"], row["vintage"]
    reading, run = _name("vintage", f"{year}-{vintage}"), _name("run", f"{row['run_id']}-{year}-{vintage}")
    source, actor = _name("file", row["source_sha256"]), _name("actor", row["actor"])
    document["entity"][source] = {
        "prov:label": f"{named(row)}: {row['source_path']}",
        f"{_PREFIX}:sha256": row["source_sha256"],
        **({"prov:location": row["source_url"]} if row["source_url"] else {}),
    }
    document["entity"][reading] = {
        "prov:label": f"edition {year}, vintage {vintage}",
        f"{_PREFIX}:content_hash": row["content_hash"],
        f"{_PREFIX}:cause": row["cause"],
        f"{_PREFIX}:reason": row["reason"],
    }
    document["activity"][run] = {
        "prov:endTime": f"{row['recorded_at'].isoformat()}Z",
        f"{_PREFIX}:code_version": row["code_version"],
        f"{_PREFIX}:registry_version": row["registry_version"],
        f"{_PREFIX}:declarations_version": row["declarations_version"],
    }
    document["agent"].setdefault(actor, {"prov:label": row["actor"]})
    _relate(document, "used", activity=run, entity=source)
    _relate(document, "wasGeneratedBy", entity=reading, activity=run)
    _relate(document, "wasAssociatedWith", activity=run, agent=_name("tool", "jvom"))
    _relate(document, "wasAssociatedWith", activity=run, agent=actor)
    _relate(document, "wasDerivedFrom", generatedEntity=reading, usedEntity=source)
    if vintage > 1:
        before = _name("vintage", f"{year}-{vintage - 1}")
        _relate(document, "wasDerivedFrom", generatedEntity=reading, usedEntity=before)
        last = next(reversed(document["wasDerivedFrom"].values()))
        last["prov:type"] = _qualified("prov:Revision")


def _relate(document: Document, kind: str, **ends: str) -> None:
    number = len(document[kind]) + 1
    document[kind][f"_:{kind}{number}"] = {f"prov:{end}": name for end, name in ends.items()}


def _name(kind: str, key: str) -> str:
    """A qualified name: letters, digits, `-` and `.` stay, everything else becomes `_`."""
    return f"{_PREFIX}:{kind}-" + "".join(c if c.isalnum() or c in "-." else "_" for c in key)


def _qualified(name: str) -> dict[str, str]:
    return {"$": name, "type": "prov:QUALIFIED_NAME"}
