"""The map of the world and the names of its countries, from `schemas/world.json`.

Outlines are those of Natural Earth at 1:110 million, reduced to whole units of a plane of 1000 across; small
states have none. A map says in which countries missions are, and gives no figure: none is printed by country.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from schemas import countries

_AROUND = 45  # units around the countries that are shown


@dataclass(frozen=True)
class World:
    countries: Mapping[str, Mapping[str, Any]]

    @classmethod
    @cache
    def load(cls) -> "World":
        return cls(countries.WORLD)

    def outline(self, code: str) -> str:
        return str(self.countries.get(code, {}).get("outline", ""))

    def drawn(self, there: Collection[str]) -> dict[str, Any] | None:
        """The part of the world around some countries: the box, the outline of the others, and of each."""
        boxes = [self.countries[code]["box"] for code in there if self.outline(code)]
        if not boxes:
            return None
        left, top = (max(min(box[at] for box in boxes) - _AROUND, 0) for at in (0, 1))
        right, bottom = (max(box[at] for box in boxes) + _AROUND for at in (2, 3))
        others = "".join(self.outline(code) for code in self.countries if code not in there)
        return {
            "box": f"{left} {top} {right - left} {bottom - top}",
            "others": others,
            "there": {code: self.outline(code) for code in sorted(there) if self.outline(code)},
        }
