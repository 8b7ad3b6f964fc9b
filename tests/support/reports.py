"""Small reports as text for tests, and where the real one is.

The running text is invented; only headings, names and words of the tables are the report's.
"""

import csv
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.extract import read as extract
from pipelines.extract import tables
from pipelines.model import Document, Edition, SourceFile
from schemas import registry
from schemas.errors import JvomError, Problems

REGISTRY = registry.load()
PROJECT = Path(__file__).resolve().parents[2]
ABRIDGED = PROJECT / "raw" / "2024" / "jvom-2024.txt"
FULL = PROJECT.parent / "shared" / "reports" / "jvom-2024.txt"
needs_full = pytest.mark.skipif(not FULL.is_file(), reason=f"the full text is not at {FULL}")
either_text = pytest.mark.parametrize(
    "path", [ABRIDGED, pytest.param(FULL, marks=needs_full)], ids=["abridged", "full"]
)

HEADER_1 = ["Locatie Inzet Rechtsbasis", "Duur", "internationaal", "mandaat", "Duur nationaal", "kader"]
HEADER_2 = [
    "Missie",
    "Nationale kaders Ingezet personeel",
    "Militair Civiel/Politie Militair Civiel/Politie Totaal",
]
ANNEX_1 = [
    " Bijlage 1 Rechtsbasis, mandaten en nationale kaders",
    *HEADER_1,
    "UNIFIL VNVR-resolutie 2695 31 augustus 2024 31 juli 2025",
    "CMF UNCLOS Onbepaald Onbepaald",
]
ANNEX_2 = [
    " Bijlage 2 Totale inzet mei 2023 t/m april 2024",
    *HEADER_2,
    "UNIFIL 1 2 4 8 12",
    "Totaal 1 2 4 8 12",
]
BODY = [" 1 Inleiding", "Hier staat een eerste regel.", "2 Slot", "En hier staat de laatste regel."]


def golden(name: str) -> list[dict[str, Any]]:
    """What is to be read of the 2024 edition; whole numbers as such, None for an empty cell."""
    with (PROJECT / "tests" / "golden" / "2024" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        {key: int(text) if text.isdecimal() else text or None for key, text in row.items()} for row in rows
    ]


def source_of(data: bytes, year: int = 2024) -> SourceFile:
    """A source file with these bytes; it exists nowhere."""
    digest = hashlib.sha256(data).hexdigest()
    return SourceFile(year, f"raw/{year}/report.txt", digest, len(data), "text", "full text")


def read_document(text: str | bytes) -> Document:
    data = text if isinstance(text, bytes) else text.encode()
    return extract.parse(data, source_of(data))


def refused(read: Callable[..., object], *given: Any) -> list[JvomError]:
    """Everything for which something is not read."""
    with pytest.raises(JvomError) as caught:
        read(*given)
    return caught.value.problems if isinstance(caught.value, Problems) else [caught.value]


def report(
    body: list[str] | None = None, annex_1: list[str] | None = None, annex_2: list[str] | None = None
) -> str:
    """A whole report; what is not given is the smallest that can be read."""
    lines = [*(body or BODY), *(annex_1 or ANNEX_1), *(annex_2 or ANNEX_2)]
    return "\n".join(lines) + "\n"


def read_tables(
    text: str | bytes, edition: Edition | None = None, known: registry.Registry = REGISTRY
) -> dict[str, pa.Table]:
    """Every table of a text or a PDF."""
    data = text if isinstance(text, bytes) else text.encode()
    edition = edition or Edition(2024)
    source = source_of(data, edition.edition_year)
    return tables.read(extract.parse(data, source), source, edition, known)


@cache
def abridged() -> dict[str, pa.Table]:
    """Every table of the abridged edition; nobody may change them."""
    return read_tables(ABRIDGED.read_bytes())
