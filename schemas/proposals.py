"""Entries for the project's TOML files that answer what a document leaves open.

A refusal that data can answer carries them (`JvomError.proposals`); `jvom onboard` collects them. Here are
their form and their text; what is proposed is said where it is refused. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.registry_toml import OPEN, is_open, quoted

FILES = {
    "mission": "missions.toml",
    "spelling": "missions.toml",
    "relation": "missions.toml",
    "region": "missions.toml",
    "word": "header_words.toml",
    "absent": "layouts.toml",
    "layout": "layouts.toml",
    "cell": "readings.toml",
    "reading": "readings.toml",
}
"""Which file of schemas/ holds the entries of a kind; a kind is the name of an array of tables."""


@dataclass(frozen=True)
class Proposal:
    """One entry: the table `[[kind]]`, its keys and values, `"?"` where a person has to say.

    `question` names what is open, the same in every message about it; `note` says what the entry rests on.
    `others` are other entries that would answer the question, the next best first. `assumed` gives values to
    go on reading with while the question is open; they are never recorded. `rests_on` is another question
    whose answer these values take for granted.
    """

    kind: str
    values: Mapping[str, Any]
    question: str
    note: str = ""
    others: tuple[Proposal, ...] = ()
    assumed: Mapping[str, Any] | None = None
    rests_on: str = ""

    @property
    def is_open(self) -> bool:
        """Whether a person has to say something before the entry validates."""
        return is_open(self.values)

    @property
    def provisional(self) -> dict[str, Any]:
        """The values to go on reading with; what is assumed to be None is left out."""
        values = {**self.values, **(self.assumed or {})}
        return {key: value for key, value in values.items() if value is not None}

    @property
    def toml(self) -> str:
        """The entry as text to append."""
        return "\n".join([f"[[{self.kind}]]", *_lines(self.values)])

    def of(self, document: Mapping[str, Any]) -> Proposal:
        """The entry with the edition and document that it is of, where its kind is of one document."""
        known = document if self.kind in ("cell", "reading") else {}
        others = tuple(other.of(document) for other in self.others)
        return replace(self, values={**known, **self.values}, others=others)

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "others": [other.as_json() for other in self.others]}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Proposal:
        """The proposal that `as_json` wrote. Raises KeyError, TypeError or ValueError on anything else."""
        others = tuple(cls.from_json(other) for other in content["others"])
        made = cls(**{**content, "others": others})
        texts = (made.kind, made.question, made.note, made.rests_on)
        if made.kind not in FILES or not all(isinstance(text, str) for text in texts):
            raise ValueError("not a proposal")
        return made


def text(proposals: Sequence[Proposal]) -> str:
    """Entries as a file to review: what each answers above it, other ways to answer it behind `#`."""
    return "\n\n".join("\n".join(_reviewed(one)) for one in proposals) + "\n"


def _reviewed(one: Proposal) -> Iterator[str]:
    yield from _comment(one.question + (f": {one.note}" if one.note else ""))
    if one.is_open:
        yield f'# Fill in every "{OPEN}".'
    yield one.toml
    for other in one.others:
        yield from _comment("or, in its place" + (f", {other.note}" if other.note else "") + ":")
        yield from _comment(other.toml)


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}".rstrip() for line in text.splitlines())


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(name)} = {toml_value(value)}" for name, value in values.items())


def toml_value(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {toml_value(one)}' for key, one in value.items())} }}"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return str(value)


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if plain else quoted(name)
