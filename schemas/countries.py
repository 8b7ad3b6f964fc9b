"""The countries of the world: their codes (ISO 3166-1 alpha-2), names and outlines, from `world.json`."""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from schemas.registry_toml import comparable

WORLD: Mapping[str, Mapping[str, Any]] = json.loads(
    (Path(__file__).parent / "world.json").read_text(encoding="utf-8")
)
"""By code; read at once, since a reader of documents may open no file."""


def named(text: str) -> list[str]:
    """The codes of the countries that a text names, in Dutch or English, each once.

    Not of a name that is a word of another country's: `Congo` may be either.
    """
    codes, names = _names()
    return list(dict.fromkeys(codes[name] for name in names.findall(comparable(text)) if name in codes))


@cache
def _names() -> tuple[Mapping[str, str], re.Pattern[str]]:
    """The code of each name that no other country's holds, and what finds any name."""
    codes = {comparable(one[way]): code for code, one in WORLD.items() for way in ("nl", "en")}
    spaced = [(f" {name.replace('-', ' ')} ", code) for name, code in codes.items()]
    alone = {
        name: code
        for name, code in codes.items()
        if not any(f" {name} " in other and code != of for other, of in spaced)
    }
    longest = sorted(codes, key=len, reverse=True)
    return alone, re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b")
