"""Reports with headers of their own, which fit no declared layout; what annex 2 says is the same in most."""

from functools import partial
from pathlib import Path
from typing import Any

from pipelines import validate as validated
from pipelines.model import Edition
from schemas import registry
from schemas.proposals import Proposal
from schemas.registry import Facts, Registry
from schemas.vocabulary import FIGURES
from tests.renditions import of_html
from tests.support import reports
from tests.support.html import table
from tests.support.rendering import REGISTRY

STYLE = """<style>@page { size: 297mm 210mm; margin: 15mm } body { font: 9pt sans-serif }
table { border-collapse: collapse; break-after: page; margin-bottom: 4mm } table.on { break-after: auto }
table.part { table-layout: fixed; width: 220mm }
td, th { border: 0.5pt solid #444; padding: 2pt 6pt; text-align: left; vertical-align: top }</style>"""
MANDATES = (
    "Missie|Rechtsgrondslag|Mandaat tot|Bijdrage t/m",
    "UNIFIL|VNVR-resolutie 2650|31 augustus 2018|31 december 2018",
    "UNTSO|VNVR-resolutie 50|onbepaald|31 december 2018",
)
RIGHT = {
    "unifil": [1, None, 2, None, 2],
    "untso": [12, None, 32, None, 32],
    "minusma": [5, 10, 10, 11, 21],
    "vpd": [121, None, 163, None, 163],
}
TOTAL = [139, 10, 207, 11, 218]
REGIONS = {
    "unifil": "Midden-Oosten",
    "untso": "Midden-Oosten",
    "minusma": "Afrika",
    "vpd": "Overig",
}
HEADING_1, HEADING_2 = "<p>Bijlage 1 Mandaten</p>", "<p>Bijlage 2 Personele inzet in 2017</p>"
ABOVE = HEADING_1 + table(*MANDATES) + HEADING_2
HEAD = ("Missie|2:Nationaal kader|3:Ingezet", "|Militair|Civiel/Politie|Militair|Civiel/Politie|Totaal")
ROWS = (
    "UNIFIL|1||2||2",
    "UNTSO|12||32||32",
    "MINUSMA|5|10|10|11|21",
    "VPD|121||163||163",
    "Totaal|139|10|207|11|218",
)
SOLDIERS = (
    "Missie|Kader militair|Ingezet militair",
    "3:Midden-Oosten",
    "UNIFIL|1|2",
    "UNTSO|12|32",
    "3:Afrika",
    "MINUSMA|5|10",
    "3:Overig",
    "VPD|121|163",
    "Totaal|139|207",
)
SPACED = (
    "Missie|Gebied|2:Afgesproken kader|3:Inzet gedurende het jaar",
    "||Krijgsmacht|Niet-militair|Krijgsmacht|Niet-militair|Opgeteld",
    "UNIFIL|Libanon|1||2||2",
    "UNTSO|Israël, Libanon en het hele Midden-Oosten|12||32||32",
    "|Totaal Midden-Oosten|13||34||34",
    "MINUSMA|Mali en elders in de Sahel en West-Afrika|5|10|10|11|21",
    "VPD|diverse|121||163||163",
    "Alle operaties||139|10|207|11|218",
)


def read(*parts: str, known: Registry = REGISTRY, year: int = 2018) -> dict[str, Any]:
    """The tables of a PDF of these parts, which keep their contracts."""
    found = reports.read_tables(of_html(STYLE + "".join(parts)), Edition(year), known)
    assert not validated.failures(found, [mission.id for mission in known.missions])
    return found


refused = partial(reports.refused, read)


def figures(found: dict[str, Any]) -> dict[str, list[int | None]]:
    return {row["mission_id"]: [row[name] for name in FIGURES] for row in found["personnel"].to_pylist()}


def of(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {row["mission_id"]: row[name] for row in found["personnel"].to_pylist() if row[name] is not None}


def asked(*parts: str) -> list[Proposal]:
    """What is asked of such a document."""
    return [one for problem in refused(*parts) for one in problem.proposals]


def knowing(*entries: tuple[str, Any]) -> Registry:
    """The registry with these entries."""
    return Facts.of(Path(registry.__file__).parent).extended(entries).registry()
