"""How far `jvom onboard` is with a small edition of a year that the registry does not know."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipelines import raw
from pipelines.extract import onboarding
from pipelines.model import Edition
from schemas.registry import Facts

FACTS = Facts.of(onboarding.FOLDER)


def examine(data: bytes, entries: Iterable[tuple[str, Any]] = (), *, year: int = 2023) -> onboarding.State:
    """How far an edition is, with entries laid over the registry."""
    source = raw.describe(data, year, "new.pdf")
    reviewed = onboarding.Reviewed(complete=tuple(entries))
    return onboarding.examine(data, source, Edition(year), FACTS, reviewed)[0]


def filled(proposal: Any, answers: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A proposal as an entry, its question marks filled in by key."""
    values = {key: answers[key] if value == "?" else value for key, value in proposal.values.items()}
    return proposal.kind, values


def written(folder: Path, data: bytes) -> Path:
    file = folder / "new.pdf"
    file.write_bytes(data)
    return file
