"""When an edition goes to parliament: the third Wednesday of May; and when it is late."""

import datetime
from collections.abc import Collection

TIMEZONE = "Europe/Amsterdam"
CRON = "0 15 * 5 3#3"  # third Wednesday of May, 15:00
HOUR = 15
DOSSIER = 29521  # of parliament, in which every edition known was sent: Dutch part in missions
PATIENCE = datetime.timedelta(weeks=1)

_MAY, _WEDNESDAY = 5, 2


def report_day(year: int) -> datetime.date:
    """The third Wednesday of May, on which the edition of that year goes to parliament."""
    first = datetime.date(year, _MAY, 1)
    return first + datetime.timedelta(days=(_WEDNESDAY - first.weekday()) % 7 + 14)


def latest(today: datetime.date) -> int:
    """The edition whose day came last."""
    return today.year if today >= report_day(today.year) else today.year - 1


def late(present: Collection[int], today: datetime.date) -> list[int]:
    """Editions missing a week after their day or later, from the newest one present to this year's.

    Nobody waits for one that is missing before it: a back-fill may leave it out.
    """
    first = max(present, default=today.year - 1) + 1
    return [y for y in range(first, today.year + 1) if today >= report_day(y) + PATIENCE]
