"""What the data is as a whole: title, description, licence and publisher, from `dataset.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Licence:
    """A licence by its SPDX name, its title, and the address of its text."""

    name: str
    title: str
    address: str


@dataclass(frozen=True)
class Publisher:
    """Who publishes; `contact` is an address, or empty."""

    name: str
    contact: str


@dataclass(frozen=True)
class Dataset:
    """The data as a whole; `title`, `description` and `keywords` by language."""

    name: str
    title: Mapping[str, str]
    description: Mapping[str, str]
    keywords: Mapping[str, tuple[str, ...]]
    licence: Licence
    code_licence: Licence
    publisher: Publisher


@cache
def load() -> Dataset:
    """The declaration in `dataset.toml`; KeyError or TypeError where it lacks something."""
    declared = tomllib.loads(Path(__file__).with_name("dataset.toml").read_text(encoding="utf-8"))
    return Dataset(
        name=declared["name"],
        title=declared["title"],
        description=declared["description"],
        keywords={language: tuple(declared[f"keywords_{language}"]) for language in ("nl", "en")},
        licence=Licence(**declared["licence"]),
        code_licence=Licence(**declared["code_licence"]),
        publisher=Publisher(**declared["publisher"]),
    )
