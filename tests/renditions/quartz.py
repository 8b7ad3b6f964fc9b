"""Pages rewritten in the manner of macOS: every glyph placed on its own, every text clipped to its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pikepdf import Array, Matrix, Name, Operator, Page, String, parse_content_stream
from reportlab.pdfbase.pdfmetrics import getFont

_SETTINGS = {"Tc": "spacing", "Tw": "wording", "Tz": "stretch", "TL": "leading", "Ts": "rise"}
_MARKS = ("BDC", "BMC", "EMC")

Instruction = tuple[list[Any], Operator]


class Typist:
    """Types a page's content anew. Simple fonts, and those of two bytes a glyph."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._fonts = page.resources.get("/Font", {})
        self._widths: dict[str, Callable[[int], float]] = {}
        self._state: dict[str, Any] = dict.fromkeys(_SETTINGS.values(), 0.0) | {"stretch": 100.0}
        self._kept: list[dict[str, Any]] = []
        self._at = self._line = Matrix()

    def typed(self) -> Iterator[Instruction]:
        for of, operator in parse_content_stream(self._page):
            name = str(operator)
            if name in ("Tj", "TJ"):
                yield from self._clipped([*of] if name == "Tj" else [*of[0]])
            elif not self._set(name, [*of]):
                yield [*of], operator

    def _set(self, name: str, of: list[Any]) -> bool:
        """Whether an operator only says how text is set, which is then known."""
        if name == "q":
            self._kept.append(dict(self._state))
        elif name == "Q" and self._kept:
            self._state = self._kept.pop()
        elif name == "Tf":
            self._state |= {"font": str(of[0]), "size": float(of[1])}
        elif name in _SETTINGS:
            self._state[_SETTINGS[name]] = float(of[0])
        elif name in ("BT", "Tm"):
            self._at = self._line = Matrix(*map(float, of))
        elif name in ("Td", "TD", "T*"):
            x, y = map(float, of or (0, -self._state["leading"]))
            self._state["leading"] = -y if name == "TD" else self._state["leading"]
            self._at = self._line = self._line.translated(x, y)
        else:
            return name in ("ET", *_MARKS)
        return name not in ("q", "Q")

    def _clipped(self, parts: Iterable[Any]) -> Iterator[Instruction]:
        first = self._at
        placed = list(self._placed(parts))
        back, size = first.inverse(), self._state["size"]
        start, end = (back.transform(place.transform((0, 0)))[0] for place in (first, self._at))
        yield [], Operator("q")
        yield [*first.as_array()], Operator("cm")
        low = self._state["rise"] - size / 2
        yield [start - size / 2, low, end - start + size, 2 * size], Operator("re")
        yield [], Operator("W")
        yield [], Operator("n")
        for code, place in placed:
            wide = size * self._state["stretch"] / 100
            here = Matrix(wide, 0, 0, size, 0, self._state["rise"]) @ place @ back
            yield [], Operator("BT")
            yield [Name(self._state["font"]), 1], Operator("Tf")
            yield [*here.as_array()], Operator("Tm")
            yield [String(code)], Operator("Tj")
            yield [], Operator("ET")
        yield [], Operator("Q")

    def _placed(self, parts: Iterable[Any]) -> Iterator[tuple[bytes, Matrix]]:
        """Each glyph's code and where it stands."""
        state, font = self._state, self._fonts[self._state["font"]]
        length = 2 if "/DescendantFonts" in font else 1
        width = self._widths.setdefault(state["font"], widths(font))
        for part in parts:
            if not isinstance(part, String):
                self._advance(-float(part) / 1000 * state["size"])
                continue
            for at in range(0, len(bytes(part)), length):
                code = bytes(part)[at : at + length]
                yield code, self._at
                more = state["spacing"] + (state["wording"] if code == b" " else 0.0)
                self._advance(width(int.from_bytes(code, "big")) / 1000 * state["size"] + more)

    def _advance(self, by: float) -> None:
        self._at = self._at.translated(by * self._state["stretch"] / 100, 0)


def widths(font: Any) -> Callable[[int], float]:
    """The width of each code of a font, in thousandths of its size."""
    if "/DescendantFonts" in font:
        inner = font.DescendantFonts[0]
        found = dict(_listed([*inner.get("/W", [])]))
        return lambda code: found.get(code, float(inner.get("/DW", 1000)))
    if "/Widths" not in font:  # one of the fourteen that every viewer has
        known: list[float] = getFont(str(font.BaseFont)[1:]).widths
        return known.__getitem__
    first, named = int(font.FirstChar), [float(width) for width in font.Widths]
    return lambda code: named[code - first] if first <= code < first + len(named) else 0.0


def _listed(items: list[Any]) -> Iterator[tuple[int, float]]:
    while items:
        start, more = int(items.pop(0)), items.pop(0)
        if isinstance(more, Array):
            yield from ((start + at, float(width)) for at, width in enumerate(more))
        else:
            width = float(items.pop(0))
            yield from ((code, width) for code in range(start, int(more) + 1))
