"""A small edition of a year and layout that the registry does not know, and what reads it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines import raw
from pipelines.extract import onboarding
from pipelines.model import Edition
from schemas.registry import Facts
from tests.renditions import of_html

FACTS = Facts.of(onboarding.FOLDER)
STYLE = "<style>td { border: 1px solid; padding: 2pt; font-size: 8pt } table { width: 90% }</style>"
MANDATES = [
    ("Locatie", "Inzet", "Rechtsbasis", "Duur internationaal mandaat", "Duur nationaal kader"),
    ("Afrika", "UNMISS", "VNVR-resolutie 2677", "15 maart 2024", "31 december 2024"),
    ("Afrika", "UNISFA", "VNVR-resolutie 2675", "15 mei 2024", "31 december 2024"),
    ("Diversen", "VPD", "Art. 97 Grondwet", "Onbepaald", "Onbepaald"),
]
GROUPS = "<tr><td rowspan=2>{mission}</td><td colspan=2>{frame}</td><td colspan=3>{deployed}</td></tr>"


def personnel(rows: Iterable[Sequence[str]], **words: str) -> str:
    """Annex 2 as HTML; `words` are those of its header that differ."""
    said = {"mission": "Missie", "frame": "Nationale kaders", "deployed": "Ingezet personeel", **words}
    columns = ["Militair", "Civiel/Politie", "Militair", "Civiel/Politie", words.get("total", "Totaal")]
    head = GROUPS.format(**{name: html.escape(text) for name, text in said.items()}) + _row(columns)
    return f"<table>{head}{''.join(map(_row, rows))}</table>"


def edition(
    rows: Iterable[Sequence[str]], mandates: Iterable[Sequence[str]] = MANDATES, **words: str
) -> bytes:
    """The PDF of an edition with these rows of annex 2; a row with one cell heads a region."""
    table = f"<table>{''.join(map(_row, mandates))}</table>"
    first = f"<h2>Bijlage 1 Rechtsbasis, mandaten en nationale kaders</h2>{table}"
    heading = words.pop("heading", "Bijlage 2 Totale inzet mei 2022 t/m april 2023")
    second = f"<h2 style='break-before: page'>{heading}</h2>{personnel(rows, **words)}"
    page = f"<html lang=nl>{STYLE}<p>Rapportage</p>{first}{second}"
    return of_html(page)


def _row(cells: Sequence[str]) -> str:
    if len(cells) == 1:
        return f"<tr><td colspan=6>{cells[0]}</td></tr>"
    return (
        "<tr>" + "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in cells) + "</tr>"
    )


def examine(data: bytes, entries: Iterable[tuple[str, Any]] = (), *, year: int = 2023) -> onboarding.State:
    """How far an edition is, with entries laid over the registry."""
    source = raw.describe(data, year, "new.pdf")
    reviewed = onboarding.Reviewed(complete=tuple(entries))
    return onboarding.examine(data, source, Edition(year), FACTS, reviewed)[0]


def filled(proposal: Any, answers: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A proposal as an entry, its question marks filled in by key."""
    values = {key: answers[key] if value == "?" else value for key, value in proposal.values.items()}
    return proposal.kind, values


def written(folder: Path, data: bytes) -> Path:
    file = folder / "new.pdf"
    file.write_bytes(data)
    return file
