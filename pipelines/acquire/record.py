"""What stays on record of a fetch: the document chosen, why, and what else was looked at."""

from __future__ import annotations

import datetime
import json
from typing import Any

from pipelines.acquire.model import Found, Judged
from pipelines.model import SourceFile
from schemas.errors import SourceError

RECORD = "fetched.json"


def entry(found: Found, file: SourceFile, at: datetime.datetime) -> dict[str, Any]:
    """One fetch that brought new bytes, as JSON: which file, from where, when, chosen why and from what."""
    of = found.chosen.candidate
    return {
        "path": file.path.removeprefix("raw/"),
        "sha256": file.sha256,
        "fetched_at": f"{at.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}",
        "service": of.service,
        "document": of.identifier,
        "letter": of.letter,
        "title": of.title,
        "sent": of.sent.isoformat(),
        "address": of.address,
        "chosen": found.reason,
        "considered": [_considered(judged) for judged in found.considered],
    }


def _considered(judged: Judged) -> dict[str, Any]:
    of = judged.candidate
    return {
        "document": of.identifier,
        "kind": of.kind,
        "title": of.title,
        "sent": of.sent.isoformat(),
        "score": judged.score,
        "fits": judged.fits,
        "reasons": list(judged.reasons),
    }


def entered(text: str, edition_year: int, new: dict[str, Any]) -> str | None:
    """The record with one more entry; None where it has these bytes already.

    Raises SourceError where the text is no record.
    """
    years = fetches(text)
    of_year = years.setdefault(str(edition_year), [])
    if any(old.get("sha256") == new["sha256"] for old in of_year):
        return None
    of_year.append(new)
    return json.dumps(dict(sorted(years.items())), ensure_ascii=False, indent=2) + "\n"


def fetches(text: str) -> dict[str, list[dict[str, Any]]]:
    """Every fetch on record, by year. Raises SourceError where the text is no record."""
    try:
        years = json.loads(text or "{}")
        if isinstance(years, dict) and all(isinstance(of_year, list) for of_year in years.values()):
            return years
    except ValueError:
        pass
    raise SourceError("is no record of fetches", file=f"raw/{RECORD}", hint="take the file from git")
