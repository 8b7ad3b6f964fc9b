"""Strict reading of the project's TOML files: wrong types and unknown keys are RegistryErrors."""

from __future__ import annotations

import datetime
import difflib
import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from schemas.errors import RegistryError

# Quotation marks and dashes that typesetters use for the same sign; characters without width.
_SAME = str.maketrans({**dict.fromkeys('‘’‚‛`´“”„"', "'"), **dict.fromkeys("‐‑‒–—―−", "-")})
OPEN = "?"
"""Written where a person has to say something; it never validates."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))


@lru_cache(16_384)  # a report's words are compared with many, again and again
def comparable(text: str) -> str:
    """`text` as it is compared: case, white space, quotation marks, dashes and ligatures aside."""
    plain = unicodedata.normalize("NFKC", text.translate(_INVISIBLE)).translate(_SAME).casefold()
    return re.sub(r"\s*([-/])\s*", r"\1", " ".join(plain.split()))


def is_open(value: object) -> bool:
    """Whether a value, or any value within it, is still to be filled in."""
    if isinstance(value, str):
        return bool(value.strip()) and not value.strip(" ?.…")
    if isinstance(value, Mapping):
        return any(is_open(one) for pair in value.items() for one in pair)
    return isinstance(value, list | tuple) and any(map(is_open, value))


def nearest(wanted: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The `count` entries of `known` most like `wanted`, nearest first; fewer if there are fewer."""
    by_key = {comparable(entry): entry for entry in known}
    keys = difflib.get_close_matches(comparable(wanted), by_key, n=count, cutoff=0.0)
    return [by_key[key] for key in keys]


def quoted(text: str) -> str:
    """A text as a TOML basic string, which YAML and JSON read too; what cannot be seen is escaped."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() or ord(c) > 0xFFFF else f"\\u{ord(c):04x}" for c in written)


class Entry:
    """One TOML table; every key must be asked for before `done`.

    `where` names the table in messages, such as `missions.toml, mission unifil`.
    """

    def __init__(self, values: Mapping[str, Any], file: str, where: str) -> None:
        self.values = values
        self.file = file
        self.where = where
        self._asked: set[str] = set()

    @classmethod
    def load(cls, path: Path) -> Entry:
        """The whole file; RegistryError where it is absent or not TOML."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")), str(path), "the file")
        except OSError as error:
            raise RegistryError(f"cannot be read: {error.strerror}", file=str(path)) from error
        except ValueError as error:
            raise RegistryError(f"is not TOML in UTF-8: {error}", file=str(path)) from error

    def error(self, message: str, key: str | None = None, hint: str | None = None) -> RegistryError:
        place = f"{self.where}, key {key}" if key else self.where
        return RegistryError(f"{place}: {message}", file=self.file, hint=hint)

    def named(self, where: str) -> Entry:
        """The same table under a better name."""
        self.where = where
        return self

    def text(self, key: str) -> str:
        value = self._get(key, str)
        if not value.strip():
            raise self.error("is empty", key)
        return str(value)

    def matching(self, key: str, pattern: re.Pattern[str], what: str) -> str:
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.error(f"{value!r} is not {what}", key)
        return value

    def sha256(self) -> str:
        """The document that an entry is of, by the hash of its bytes."""
        return self.matching("source_sha256", _SHA256, "64 hexadecimal digits")

    def text_or_none(self, key: str) -> str | None:
        self._asked.add(key)
        return self.text(key) if key in self.values else None

    def text_or_empty(self, key: str) -> str:
        """A text that may be empty, for a cell that is blank."""
        return str(self._get(key, str))

    def day_or_none(self, key: str) -> datetime.date | None:
        """A date without a time, or None where the key is absent."""
        self._asked.add(key)
        if key not in self.values:
            return None
        value = self._get(key, datetime.date)
        if isinstance(value, datetime.datetime):
            raise self.error("must be a date without a time", key)
        return datetime.date(value.year, value.month, value.day)

    def integer(self, key: str) -> int:
        return int(self._get(key, int))

    def integer_or_none(self, key: str) -> int | None:
        self._asked.add(key)
        return self.integer(key) if key in self.values else None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of different texts, none of them empty."""
        values = self._get(key, list)
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise self.error("must be a list of texts", key)
        if len(set(values)) < len(values):
            raise self.error("has an entry twice", key)
        return tuple(values)

    def texts_or_none(self, key: str) -> tuple[str, ...]:
        """The same, empty where the key is absent."""
        self._asked.add(key)
        return self.texts(key) if key in self.values else ()

    def one_of(self, key: str, allowed: Iterable[str]) -> str:
        value, choices = self.text(key), tuple(allowed)
        if value not in choices:
            raise self.error(
                f"{value!r} is unknown; the nearest is {nearest(value, choices, 1)[0]!r}",
                key,
                hint=f"use one of: {', '.join(choices)}",
            )
        return value

    def table(self, key: str) -> Entry:
        return Entry(self._get(key, dict), self.file, f"{self.where}, {key}")

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A table of texts, in the order of the file."""
        values = self._get(key, dict)
        if not all(isinstance(value, str) and value.strip() for value in values.values()):
            raise self.error("must map texts to texts", key)
        return tuple(values.items())

    def tables(self, key: str) -> list[Entry]:
        """An array of tables; empty where the key is absent."""
        self._asked.add(key)
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.error(f"must be an array of tables ([[{key}]])", key)
        return [Entry(value, self.file, f"{key} {number}") for number, value in enumerate(values, start=1)]

    def done(self) -> None:
        """Raises RegistryError where the table has a key that nothing asked for."""
        for key in self.values:
            if key not in self._asked:
                near = nearest(key, self._asked, 1)
                raise self.error(
                    "is unknown" + (f"; the nearest known key is {near[0]!r}" if near else ""),
                    key,
                    hint="correct the key, or remove it",
                )

    def _get(self, key: str, kind: type) -> Any:
        self._asked.add(key)
        if key not in self.values:
            raise self.error("is missing", key)
        value = self.values[key]
        if is_open(value):
            raise self.error(f"{value!r} is still to be filled in", key)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.error(f"must be of type {kind.__name__}, not {type(value).__name__}", key)
        return value
