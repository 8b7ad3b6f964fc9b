"""The catalogue of known editions, `sources.toml`: authored, and never written here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pipelines.model import Edition
from schemas.registry_toml import Entry

CATALOGUE = "sources.toml"


def catalogue(raw: Path) -> dict[int, Edition]:
    """What `sources.toml` knows of each edition, by year; empty where there is no such file.

    Raises RegistryError naming file and key at an unknown key, a wrong type or a repeated year.
    """
    if not (raw / CATALOGUE).exists():
        return {}
    file = Entry.load(raw / CATALOGUE)
    editions: dict[int, Edition] = {}
    for entry in file.tables("edition"):
        edition = _edition(entry)
        if edition.edition_year in editions:
            raise entry.error("stands twice", "edition_year", hint="merge the two entries")
        editions[edition.edition_year] = edition
    file.done()
    return dict(sorted(editions.items()))


def edition_of(editions: Mapping[int, Edition], edition_year: int) -> Edition:
    """The catalogue's entry, or one that knows the year alone."""
    return editions.get(edition_year, Edition(edition_year))


def _edition(entry: Entry) -> Edition:
    entry.named(f"edition {entry.integer('edition_year')}")
    edition = Edition(
        edition_year=entry.integer("edition_year"),
        title=entry.text_or_none("title"),
        period_start=entry.day_or_none("period_start"),
        period_end=entry.day_or_none("period_end"),
        date_sent=entry.day_or_none("date_sent"),
        kamerstuk=entry.text_or_none("kamerstuk"),
        source_url=entry.text_or_none("source_url"),
    )
    for key in ("licence", "note"):  # for who reads the file: no table has them
        entry.text_or_none(key)
    entry.done()
    if not 2000 <= edition.edition_year <= 2100:
        raise entry.error("must be a year from 2000 to 2100", "edition_year")
    if not re.fullmatch(r"(kst|blg)-[0-9A-Z-]+", edition.kamerstuk or "kst-0"):
        raise entry.error("must be dossier and number, such as kst-29521-495", "kamerstuk")
    if not re.fullmatch(r"https?://\S+", edition.source_url or "https://-"):
        raise entry.error("must be an address that begins with https://", "source_url")
    if (edition.period_start is None) != (edition.period_end is None):
        raise entry.error("goes together with period_end: give both or neither", "period_start")
    if edition.period_start and edition.period_end and edition.period_start > edition.period_end:
        raise entry.error("is after period_end", "period_start")
    return edition
