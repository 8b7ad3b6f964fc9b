"""Small reports as HTML, drawn as PDF: tables under the headings of their annexes."""

from collections.abc import Iterable, Sequence

from tests.renditions import of_html

STYLE = "<style>td { border: 1px solid; padding: 2pt; font-size: 8pt } table { width: 90% }</style>"
MANDATES = [
    ("Locatie", "Inzet", "Rechtsbasis", "Duur internationaal mandaat", "Duur nationaal kader"),
    ("Afrika", "UNMISS", "VNVR-resolutie 2677", "15 maart 2024", "31 december 2024"),
    ("Afrika", "UNISFA", "VNVR-resolutie 2675", "15 mei 2024", "31 december 2024"),
    ("Diversen", "VPD", "Art. 97 Grondwet", "Onbepaald", "Onbepaald"),
]
ANNEX_1 = "<h2>Bijlage 1 Rechtsbasis, mandaten en nationale kaders</h2>"

Cells = str | Sequence[str]


def table(*rows: Cells, name: str = "") -> str:
    """A table; a row is its cells, or these parted by `|`. `3:Text` spans three columns, `<td …` stays so."""
    made = ("".join(map(_cell, row.split("|") if isinstance(row, str) else row)) for row in rows)
    return f'<table class="{name}"><tr>{"</tr><tr>".join(made)}</tr></table>'


def _cell(text: str) -> str:
    if text.startswith("<td"):
        return text
    span, text = (text[0], text[2:]) if text[1:2] == ":" else ("1", text)
    return f'<td colspan="{span}">{text}</td>'


def pdf(*parts: str) -> bytes:
    return of_html(f"<html lang=nl>{STYLE}{''.join(parts)}")


def edition(
    rows: Iterable[Cells],
    mandates: Iterable[Cells] = MANDATES,
    below: str = "",
    below_1: str = "",
    **words: str,
) -> bytes:
    """An edition with these rows of annex 2; one cell heads a region. `words` are those that differ.

    `below` and `below_1` follow the tables of annex 2 and 1.
    """
    said = {
        "mission": "Missie",
        "frame": "Nationale kaders",
        "deployed": "Ingezet personeel",
        "others": "Civiel/Politie",
        "total": "Totaal",
        "heading": "Bijlage 2 Totale inzet mei 2022 t/m april 2023",
        **words,
    }
    head = [f"<td rowspan=2>{said['mission']}</td>", f"2:{said['frame']}", f"3:{said['deployed']}"]
    columns = ["Militair", said["others"]] * 2 + [said["total"]]
    body = (f"6:{row[0]}" if not isinstance(row, str) and len(row) == 1 else row for row in rows)
    return pdf(
        "<p>Rapportage</p>",
        ANNEX_1 + table(*mandates) + below_1,
        f"<h2 style='break-before: page'>{said['heading']}</h2>",
        f"{table(head, columns, *body)}<p>{below}</p>",
    )
