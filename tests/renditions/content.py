"""What a rendition says: random personnel and mandate rows in the manner of the report's annexes."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

MISSIONS = (
    "UNIFIL",
    "UNDOF",
    "UNTSO",
    "USSC",
    "EMASOH",
    "EUNAVFOR Aspides",
    "CMF (incl OP ‘Prosperity Guardian’)",
    "Reis Indo-Pacific (onder Operatie Prosperity Guardian)",
    "MINUSMA",
    "EUTM Mali",
    "EULPC Libië",
    "EUNAVFOR ATALANTA",
    "GPOI",
    "Early Forward Presence/SOLE",
    "VPD",
    "NAVO oostflank (separate VGR)",
    "EUFOR Althea (separate VGR)",
    "Anti-ISIS coalitie en de brede veiligheidsinzet in Irak (separate VGR)",
    "EUCAP Sahel Mali",
    "EUBAM Rafah",
    "EUPOL COPPS",
    "EUMM Georgië",
    "UNMISS (Zuid-Sudan)",
    "OVSE Special Monitoring Mission",
    "Resolute Support",
    "NAVO Missie Irak (NMI)",
    "ISF Training & Advice Mission, Kosovo",
    "KFOR",
)
REGIONS = ("Europa", "Midden-Oosten", "Midden-Oosten overige missies", "Afrika", "Azië", "Diversen")
PLACES = (
    "Libanon en Golan",
    "Jeruzalem en Ramallah",
    "oostkust Afrika",
    "Burkina Faso, Togo en Uganda",
    "Mali",
)
BASES = (
    "VNVR-resolutie {n}",
    "VNVR-resoluties {n} en {m}",
    "UNCLOS",
    "UNCLOS EU",
    "Art. 97 Grondwet",
    "Overeenkomst met Verenigde Arabische Emiraten",
    "Overeenkomst tussen VS, Israël, de Palestijnse Autoriteit",
    "Verzoek Mali aan EU (gerelateerd aan VNVR {n})",
    "Verzoek van Libië",
    "o.b.v. Note Verbale",
    "Besluit van de Noord-Atlantische Raad",
)
MONTHS = ("januari", "maart", "april", "juni", "juli", "augustus", "oktober", "december")
PERSONNEL_LAYOUTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "2024": (
        ("Missie",),
        ("Nationale kaders", "Militair"),
        ("Nationale kaders", "Civiel/Politie"),
        ("Ingezet personeel", "Militair"),
        ("Ingezet personeel", "Civiel/Politie"),
        ("Ingezet personeel", "Totaal"),
    ),
    "apart": (
        ("Missie",),
        ("Nationale kaders", "Militair"),
        ("Nationale kaders", "Civiel"),
        ("Nationale kaders", "Politie"),
        ("Ingezet personeel", "Militair"),
        ("Ingezet personeel", "Civiel"),
        ("Ingezet personeel", "Politie"),
        ("Ingezet personeel", "Totaal"),
    ),
    "ingezet": (
        ("Missie of operatie",),
        ("Ingezet personeel", "Militair"),
        ("Ingezet personeel", "Civiel/Politie"),
        ("Ingezet personeel", "Totaal"),
    ),
}
MANDATE_COLUMNS = (
    ("Locatie",),
    ("Inzet",),
    ("Rechtsbasis",),
    ("Duur internationaal mandaat",),
    ("Duur nationaal kader",),
)


@dataclass(frozen=True)
class Printed:
    """Text of a cell and the footnote numbers after it."""

    text: str
    markers: tuple[int, ...] = ()


@dataclass(frozen=True)
class PersonnelRow:
    """A row below the heading: a region (no figures), a mission, or the total."""

    kind: str
    name: Printed
    figures: tuple[Printed | None, ...] = ()


@dataclass(frozen=True)
class MandateRow:
    """A row of annex 1."""

    region: str
    cells: tuple[Printed, ...]


@dataclass(frozen=True)
class Content:
    """Both tables, the column paths of the first, and the markers on annex 1's headings."""

    columns: tuple[tuple[str, ...], ...]
    personnel: tuple[PersonnelRow, ...]
    mandates: tuple[MandateRow, ...]
    heading_markers: tuple[int, int]


def content(rng: random.Random) -> Content:
    """Random tables; every footnote number is used once."""
    layout = rng.choices(list(PERSONNEL_LAYOUTS), weights=(6, 2, 1))[0]
    columns = PERSONNEL_LAYOUTS[layout]
    numbers = iter(range(rng.randint(1, 20), 99))
    heading_markers = (next(numbers), next(numbers))
    drawn = Content(columns, _personnel(rng, columns, numbers), _mandates(rng, numbers), heading_markers)
    return _in_order(drawn)


def _in_order(drawn: Content) -> Content:
    """The same with its footnotes numbered as they are met: annex 1, then annex 2, row by row."""
    cells = [cell for row in drawn.mandates for cell in row.cells]
    cells += [cell for row in drawn.personnel for cell in (row.name, *row.figures) if cell]
    met = [*drawn.heading_markers, *(number for cell in cells for number in cell.markers)]
    new = dict(zip(met, sorted(met), strict=True))

    def numbered(cell: Printed | None) -> Printed | None:
        return cell and replace(cell, markers=tuple(new[number] for number in cell.markers))

    return replace(
        drawn,
        personnel=tuple(
            replace(row, name=numbered(row.name), figures=tuple(numbered(cell) for cell in row.figures))
            for row in drawn.personnel
        ),
        mandates=tuple(
            replace(row, cells=tuple(numbered(cell) for cell in row.cells)) for row in drawn.mandates
        ),
        heading_markers=tuple(new[number] for number in drawn.heading_markers),
    )


def _personnel(
    rng: random.Random, columns: tuple[tuple[str, ...], ...], numbers: object
) -> tuple[PersonnelRow, ...]:
    names = rng.sample(MISSIONS, rng.randint(6, 22))
    regions = list(REGIONS[: rng.randint(2, len(REGIONS))])
    if rng.random() < 0.3:
        regions[0] = regions[0].upper()
    dots = rng.random() < 0.3
    rows: list[PersonnelRow] = []
    sums = [0] * (len(columns) - 1)
    cuts = sorted(rng.sample(range(1, len(names)), min(len(regions), len(names)) - 1))
    for index, name in enumerate(names):
        if index == 0 or index in cuts:
            rows.append(PersonnelRow("region", Printed(regions.pop(0))))
        figures = _figures(rng, columns, sums, dots, numbers)
        rows.append(PersonnelRow("mission", _marked(rng, name, 0.12, numbers), figures))
    totals = tuple(Printed(_grouped(value, dots)) if value else None for value in sums)
    rows.append(PersonnelRow("total", Printed("Totaal"), totals))
    return tuple(rows)


def _figures(rng: random.Random, columns, sums: list[int], dots: bool, numbers) -> tuple[Printed | None, ...]:
    kinds = [path[-1] for path in columns[1:]]
    civil_only = rng.random() < 0.12
    values: list[int | None] = []
    deployed = 0
    for path, kind in zip(columns[1:], kinds, strict=True):
        if kind == "Totaal":
            values.append(deployed or None)
            continue
        military = kind == "Militair"
        chance = (0.05 if civil_only else 0.95) if military else (0.9 if civil_only else 0.3)
        if military and not path[0].startswith("Ingezet"):
            chance *= 0.8
        value = _size(rng, military) if rng.random() < chance else None
        values.append(value)
        if path[0].startswith("Ingezet"):
            deployed += value or 0
    if all(value is None for value in values):
        values[-1] = values[-2] = 1
    printed: list[Printed | None] = []
    for index, value in enumerate(values):
        sums[index] += value or 0
        if value is None:
            printed.append(None)
        elif value > 3 and rng.random() < 0.04:
            part = rng.randint(1, value - 1)
            printed.append(Printed(f"{value - part} + {part}"))
        else:
            printed.append(_marked(rng, _grouped(value, dots), 0.04, numbers))
    return tuple(printed)


def _size(rng: random.Random, military: bool) -> int:
    if not military:
        return rng.randint(1, 19)
    return rng.choice((rng.randint(1, 9), rng.randint(10, 99), rng.randint(100, 2400)))


def _grouped(value: int, dots: bool) -> str:
    return f"{value:,}".replace(",", ".") if dots else str(value)


def _marked(rng: random.Random, text: str, chance: float, numbers) -> Printed:
    if rng.random() >= chance:
        return Printed(text)
    return Printed(text, (next(numbers),) if rng.random() < 0.9 else (next(numbers), next(numbers)))


def _mandates(rng: random.Random, numbers) -> tuple[MandateRow, ...]:
    names = rng.sample(MISSIONS, rng.randint(4, 16))
    regions = list(REGIONS[: rng.randint(2, 4)])
    cuts = sorted(rng.sample(range(1, len(names)), min(len(regions), len(names)) - 1))
    rows = []
    region = ""
    for index, name in enumerate(names):
        if index == 0 or index in cuts:
            region = regions.pop(0)
        place = f" ({rng.choice(PLACES)})" if rng.random() < 0.3 and "(" not in name else ""
        basis = rng.choice(BASES).format(n=rng.randint(40, 2799), m=rng.randint(40, 2799))
        rows.append(
            MandateRow(
                region,
                (
                    _marked(rng, name + place, 0.05, numbers),
                    Printed(basis),
                    Printed(_duration(rng, extended=True)),
                    Printed(_duration(rng, extended=False)),
                ),
            )
        )
    return tuple(rows)


def _duration(rng: random.Random, *, extended: bool) -> str:
    if rng.random() < 0.25:
        return rng.choice(("Onbepaald", "Doorlopend"))
    date = f"{rng.randint(1, 30)} {rng.choice(MONTHS)} {rng.randint(2018, 2027)}"
    return f"{date} + optie {rng.randint(1, 2)} jaar verlening" if extended and rng.random() < 0.15 else date


def contradicted(said: Content, rng: random.Random) -> Content:
    """The same with one or two printed figures changed, so that sums do not come out."""
    rows = list(said.personnel)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.choice([index for index, row in enumerate(rows) if row.kind != "region"])
        figures = list(rows[at].figures)
        plain = [place for place, figure in enumerate(figures) if figure and figure.text.isdecimal()]
        if plain:
            place = rng.choice(plain)
            before = figures[place]
            assert before is not None, "a plain figure is printed"
            figures[place] = replace(before, text=str(int(before.text) + rng.choice((1, 2, 10, 90))))
            rows[at] = replace(rows[at], figures=tuple(figures))
    return replace(said, personnel=tuple(rows))
