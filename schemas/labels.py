"""The words for codes, in Dutch and English, from `labels.toml`: once, for views, site and spreadsheet."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("nl", "en")
IN_WORDS = ("Dutch", "English")


@cache
def load() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Section → code → its words, by `LANGUAGES`."""
    return tomllib.loads(Path(__file__).with_name("labels.toml").read_text(encoding="utf-8"))


@cache
def _of_columns() -> Mapping[str, str]:
    return tomllib.loads(Path(__file__).with_name("dutch.toml").read_text(encoding="utf-8"))


def dutch(column: str) -> str | None:
    """What a column of the published file is called in Dutch, if anything says so."""
    return _of_columns().get(column) or next(iter(load()["columns"].get(column, ())), None)


def sql(section: str, code: str, language: str) -> str:
    """The words for the codes that the SQL expression `code` gives; a code without words is itself."""
    at = LANGUAGES.index(language)
    cases = (f"WHEN {_literal(one)} THEN {_literal(words[at])}" for one, words in load()[section].items())
    return f"CASE {code} {' '.join(cases)} ELSE {code} END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
