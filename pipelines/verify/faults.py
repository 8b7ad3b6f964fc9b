"""What a verification finds: what is wrong, where, and between which verifications it came to be."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is not as it was recorded, and where.

    `found_at` is when a verification first found something wrong there, `sound_at` when the one
    before it did not, UTC; None stands for this verification, and for none.
    """

    where: str
    what: str
    sound_at: datetime.datetime | None = None
    found_at: datetime.datetime | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    @property
    def since(self) -> str:
        """Since when, in words."""
        found = f"found first on {self.found_at:%Y-%m-%d %H:%M} UTC" if self.found_at else "found now"
        if self.sound_at is None:
            return f"{found}, by the first verification there is"
        return f"{found}, sound on {self.sound_at:%Y-%m-%d %H:%M} UTC"


def dated(fault: Fault, earlier: Sequence[tuple[datetime.datetime, str]]) -> Fault:
    """The fault with its times; `earlier` are the verifications before this one, oldest first."""
    found_at = None
    for moment, result in reversed(earlier):
        if not any(line.startswith(f"{fault.where}: ") for line in result.splitlines()):
            return Fault(fault.where, fault.what, moment, found_at)
        found_at = moment
    return Fault(fault.where, fault.what, None, found_at)


def named(year: int, vintage: int) -> str:
    """A vintage as a place."""
    return f"edition {year}, vintage {vintage}"
