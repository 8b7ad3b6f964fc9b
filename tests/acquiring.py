"""A year of parliament for tests of acquisition: generated editions, their letters, and their siblings."""

from __future__ import annotations

from tests.parliament_server import Paper, Parliament
from tests.rendering import Edition, PersonnelRow, PersonnelTable, render
from tests.rendering_report import report

SENT = "2025-05-21"
LETTER = b"Geachte voorzitter,\n\nHierbij bied ik u aan wat bij deze brief is gevoegd.\n"


def edition(deployed: int = 12, period: str = "mei 2024 t/m april 2025") -> bytes:
    """The text of an edition with one mission, to which so many soldiers were sent."""
    row = PersonnelRow("unifil", "UNIFIL", "Afrika", (1, 2, deployed, 3, deployed + 3))
    return render(Edition(PersonnelTable((row,)), period=period)).encode()


def sibling() -> bytes:
    """A report of the same day on one mission: annexes it has, but not these."""
    annexes = [" Bijlage 1 Kaart van het inzetgebied", "Sarajevo"]
    return report(annex_1=annexes, annex_2=[" Bijlage 2 Kosten", "Totaal 12"]).encode()


def send(parliament: Parliament, body: bytes | None = None, day: str = SENT, number: int = 495) -> Paper:
    """The report as an attachment of its letter, with a sibling report and another dossier's of that day."""
    letter = parliament.letter(number, day, LETTER, "Aanbieding van een rapportage")
    found = parliament.attach(letter, edition() if body is None else body, "Overzicht van bijdragen")
    other = parliament.letter(number + 1, day, LETTER, "EUFOR Althea")
    parliament.attach(other, sibling(), "Voortgangsrapportage EUFOR Althea")
    elsewhere = parliament.letter(1009, day, LETTER, "Irak", dossier=27925)
    parliament.attach(elsewhere, edition(99), "Voortgangsrapportage Irak")
    return found
