"""Loads the project's facts from TOML (missions, layouts, declared readings and corrections).

A repeated spelling, an unknown key or a dangling relation is a RegistryError: the files are facts,
so they are checked as strictly as the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mission:
    """One mission or operation; `spellings` are the names that editions print."""

    id: str
    name: str
    full_name: str | None
    organisation: str
    region: str
    countries: tuple[str, ...]
    wikidata_id: str | None
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Relation:
    """One mission is `part of`, `succeeds` or `includes` another; `source` says who says so."""

    mission_id: str
    relation: str
    other_mission_id: str
    source: str


@dataclass(frozen=True)
class Reading:
    """A declared choice where a printed row can be read in several ways.

    It holds only for the document with `source_sha256`. `figures` maps column names to the value
    or to None for an empty cell.
    """

    edition_year: int
    source_sha256: str
    mission_id: str
    figures: dict[str, int | None]
    reason: str


@dataclass(frozen=True)
class Registry:
    """All facts of one checkout."""

    missions: tuple[Mission, ...]
    relations: tuple[Relation, ...]
    layouts: tuple[object, ...]
    readings: tuple[Reading, ...]

    def find(self, spelling: str) -> Mission | None:
        """The mission printed as `spelling`, white space, case and quote marks aside."""
        raise NotImplementedError

    def nearest(self, spelling: str, count: int = 3) -> list[tuple[str, str]]:
        """The `count` nearest known (spelling, mission id), nearest first."""
        raise NotImplementedError


def load(folder: Path | None = None) -> Registry:
    """Read the TOML files of `folder` (default: this folder)."""
    raise NotImplementedError
