"""Renditions as editions: a registry that knows their missions and layouts, and what is to be read."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pyarrow as pa

from pipelines.extract import tables
from pipelines.extract.pdf import PdfDocument, parse
from pipelines.model import Edition, SourceFile
from schemas import registry
from schemas.registry import Layout, Mission, Registry
from tests.renditions import Rendition
from tests.renditions.content import MISSIONS, PLACES, REGIONS, Content

REGISTRY = registry.load()
SEPARATE = " (separate VGR)"
OPENINGS = (
    "VNVR-resolutie",
    "VNVR-resoluties",
    "UNCLOS",
    "Art.",
    "Overeenkomst",
    "Verzoek",
    "o.b.v.",
    "Besluit",
)

Figures = tuple[int | None, ...]


def mission_id(name: str) -> str:
    """The id that the test registry gives a printed name."""
    return f"m{MISSIONS.index(name)}"


def registry_of(said: Content) -> Registry:
    """The project's registry with the renditions' missions and the content's layout."""
    missions = tuple(
        Mission(mission_id(name), name, None, "mixed", REGIONS[0], (), None, _spellings(name))
        for name in MISSIONS
    )
    return replace(REGISTRY, missions=missions, readings=(), layouts=(layout_of(said),))


def _spellings(name: str) -> tuple[str, ...]:
    plain = name.removesuffix(SEPARATE)
    return (
        plain,
        *([name] if plain != name else []),
        *(f"{name} ({place})" for place in PLACES if "(" not in name),
    )


def layout_of(said: Content) -> Layout:
    """The layout of the project that has the content's columns, with the renditions' regions."""
    (known,) = [layout for layout in REGISTRY.layouts if _columns(layout) == said.columns[1:]]
    return replace(
        known,
        personnel=replace(known.personnel, mission=said.columns[0][0], regions=REGIONS),
        mandates=replace(known.mandates, regions=REGIONS, legal_basis=OPENINGS),
    )


def _columns(layout: Layout) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (group.printed or "", column.printed) for group in layout.personnel.groups for column in group.columns
    )


def document_of(data: bytes, year: int = 2024) -> tuple[PdfDocument, SourceFile]:
    """A PDF parsed here, without a child process."""
    digest = hashlib.sha256(data).hexdigest()
    source = SourceFile(year, f"raw/{year}/report.pdf", digest, len(data), "pdf", "official file")
    return parse.parse(data, source.path), source


def read(rendition: Rendition) -> dict[str, pa.Table]:
    """The tables of a rendition. Raises what `tables.read` raises."""
    document, source = document_of(rendition.data)
    return tables.read(document, source, Edition(2024), registry_of(rendition.content))
