"""Editions that say the same in their text and their annexes, and ways to make them say two things.

    edition = invent(seed)          # missions, figures and dates at random; nothing contradicts anything
    text = edition.text()           # a whole report
    edition.missions[0].row = …     # plant what is to be found
    findings(text)                  # (rule, mission) → findings

The wording is invented; each fact is put in one of several ways, drawn with the figures.
"""

import datetime
import random
from collections import defaultdict
from dataclasses import dataclass, field

from pipelines import reconcile as reconciled
from pipelines.model import Edition
from pipelines.reconcile import Reconciliation
from schemas.dates import MONTHS
from tests.support.reports import HEADER_1, HEADER_2, REGISTRY, read_document, read_tables, report

SPELT = "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien"
WORDS = SPELT.split(" ")
# Missions whose section heading and rows are plain names; the others are part of one another.
MISSIONS = (
    ("unifil", "UNIFIL", "Midden-Oosten"),
    ("undof", "UNDOF", "Midden-Oosten"),
    ("untso", "UNTSO", "Midden-Oosten"),
    ("emasoh", "EMASoH", "Midden-Oosten"),
    ("eunavfor-aspides", "EUNAVFOR Aspides", "Midden-Oosten"),
    ("minusma", "MINUSMA", "Afrika"),
    ("eutm-mali", "EUTM Mali", "Afrika"),
    ("gpoi", "GPOI", "Afrika"),
)
DEPLOYED = (
    "In de rapportageperiode heeft Nederland {m} militairen en {c} politiefunctionarissen ingezet in {name}.",
    "Nederland zond in de verslagperiode {m} militairen en {c} civiele experts uit naar {name}.",
    "Gedurende deze rapportageperiode zijn namens Nederland {m} militairen en {c} civiele experts "
    "uitgezonden.",
    "Tussen mei 2023 en april 2024 droeg Nederland met {m} militairen en {c} politiefunctionarissen bij.",
)
FRAMES = (
    "Het nationaal kader bedraagt {m} militairen en {c} civiele experts.",
    "Voor {name} geldt een nationaal kader van maximaal {m} militairen en {c} politiefunctionarissen.",
    "Het nationale kader voor {name} bestaat uit {t} functionarissen.",
)
ROTATIONS = (
    "Per rotatie werken er {m} Nederlandse stafofficieren op het hoofdkwartier.",
    "Op dit moment telt de Nederlandse bijdrage {m} militairen.",
    "Nederland levert permanent {m} officieren aan {name}.",
)
MANDATES = (
    "Het mandaat van {name} is verlengd tot {date}.",
    "Het huidige mandaat loopt tot en met {date}.",
    "De Raad heeft het mandaat van de missie in juni 2023 verlengd tot {month}.",
)
ENDS = (
    "Het kabinet heeft de Nederlandse bijdrage aan {name} op {date} beëindigd wegens een tekort aan mensen.",
    "Nederland is in {month} gestopt met de deelname aan {name}.",
    "De laatste Nederlandse militairen hebben de missie in {month} verlaten.",
)
TOTALS = (
    "In totaal zijn in deze periode {total} militairen, civiele experts en politiefunctionarissen "
    "uitgezonden.",
    "In de rapportageperiode heeft Nederland {m} militairen en {c} civiele experts en "
    "politiefunctionarissen ingezet.",
    "Het totaal aantal uitgezonden militairen bedroeg {m}.",
)
NOISE = (
    "De top-vijf van troepen leverende landen bleef gelijk en een vijftal landen sloot zich aan.",
    "Het gebied telt ongeveer tienduizend militairen uit 48 landen.",
    "Op 7 oktober raakten drie lokale waarnemers gewond.",
    "Een half jaar lang was de toegang beperkt tot twee van de drie wegen.",
    "In 2013 leverde Nederland 45 militairen aan een andere missie.",
    "Nederlandse instructeurs hebben 300 lokale agenten opgeleid.",
)  # fmt: skip


def spelt(value: int) -> str:
    """A small number as a word, a large one in digits with a dot for thousands."""
    return WORDS[value] if value < len(WORDS) else f"{value:,}".replace(",", ".")


def printed(day: datetime.date) -> str:
    """A date as the report prints it."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@dataclass
class Invented:
    """A mission: its row of annex 2 (frame, deployed, total), its dates of annex 1, and its section."""

    id: str
    name: str
    region: str
    row: list[int]
    mandate: datetime.date
    frame_end: datetime.date
    sentences: list[str] = field(default_factory=list)


@dataclass
class InventedEdition:
    """A whole edition; `totals` are the printed ones, `closing` the sentences of the last chapter."""

    missions: list[Invented]
    totals: list[int]
    closing: list[str]

    def text(self) -> str:
        body = [" 1 Inleiding", "Hier staat een inleidende zin.", "2 Inzet"]
        for number, mission in enumerate(self.missions, 1):
            body += [f"2.{number} {mission.name}", "Militaire bijdrage", *wrapped(mission.sentences)]
        body += ["3 Slot", *wrapped(self.closing)]
        annex_1 = [" Bijlage 1 Rechtsbasis, mandaten en nationale kaders", *HEADER_1]
        annex_2 = [" Bijlage 2 Totale inzet mei 2023 t/m april 2024", *HEADER_2]
        annex_1 += [
            f"{m.name} VNVR-resolutie 2695 {printed(m.mandate)} {printed(m.frame_end)}" for m in self.missions
        ]
        region = None
        for mission in sorted(self.missions, key=lambda m: m.region, reverse=True):
            if mission.region != region:
                region = mission.region
                annex_2.append(region)
            annex_2.append(f"{mission.name} {' '.join(map(str, mission.row))}")
        annex_2.append(f"Totaal {' '.join(map(str, self.totals))}")
        return report(body=body, annex_1=annex_1, annex_2=annex_2)


def wrapped(sentences: list[str], width: int = 11) -> list[str]:
    """The sentences as lines of about so many words; none begins with a digit, like a numbered heading."""
    lines: list[list[str]] = []
    for word in " ".join(sentences).split():
        if lines and (len(lines[-1]) < width or word[0].isdigit()):
            lines[-1].append(word)
        else:
            lines.append([word])
    return [" ".join(line) for line in lines]


def invent(seed: int) -> InventedEdition:
    """An edition in which nothing contradicts anything."""
    draw = random.Random(seed)
    missions = []
    for identifier, name, region in draw.sample(MISSIONS, draw.randint(2, 6)):
        frame, civil = draw.randint(2, 12), draw.randint(1, 3)
        sent, police = frame + draw.randint(1, 30), civil + draw.randint(1, 4)
        end = datetime.date(2024, draw.randint(5, 12), draw.randint(1, 28))
        ended = draw.random() < 0.3
        stop = datetime.date(2023, draw.randint(6, 12), draw.randint(1, 28))
        frame_end = stop if ended else datetime.date(2025, draw.randint(1, 12), draw.randint(1, 28))
        mission = Invented(
            identifier, name, region, [frame, civil, sent, police, sent + police], end, frame_end
        )
        facts = {"name": name, "date": printed(end), "month": f"{MONTHS[end.month - 1]} {end.year}"}
        gone = facts | {"date": printed(stop), "month": f"{MONTHS[stop.month - 1]} {stop.year}"}
        sentences = [
            draw.choice(DEPLOYED).format(m=spelt(sent), c=spelt(police), **facts),
            draw.choice(FRAMES).format(m=spelt(frame), c=spelt(civil), t=spelt(frame + civil), **facts),
            draw.choice(ROTATIONS).format(m=spelt(draw.randint(2, frame)), **facts),
            draw.choice(MANDATES).format(**facts),
            *([draw.choice(ENDS).format(**gone)] if ended else []),
            *draw.sample(NOISE, 2),
        ]
        draw.shuffle(sentences)
        mission.sentences = sentences
        missions.append(mission)
    totals = [sum(column) for column in zip(*(mission.row for mission in missions), strict=True)]
    closing = [
        sentence.format(total=spelt(totals[4]), m=spelt(totals[2]), c=spelt(totals[3])) for sentence in TOTALS
    ]
    return InventedEdition(missions, totals, closing)


def reconcile(text: str, year: int = 2024) -> Reconciliation:
    """What the rules say of a text."""
    return reconciled.check(read_tables(text, Edition(year)), REGISTRY, read_document(text))


def findings(text: str) -> dict[tuple[str, str | None], list[dict[str, object]]]:
    found: dict[tuple[str, str | None], list[dict[str, object]]] = defaultdict(list)
    for row in reconcile(text).findings:
        mission = row["mission_id"]
        found[str(row["rule"]), None if mission is None else str(mission)].append(row)
    return dict(found)
