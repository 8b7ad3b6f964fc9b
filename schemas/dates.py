"""Dutch dates as they are printed: no more precise than that."""

import calendar
import datetime
from dataclasses import dataclass

# As a regular expression.
MONTH = "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
MONTHS = tuple(MONTH.split("|"))


@dataclass(frozen=True)
class PrintedDate:
    """A date; `month`, `day` and `quarter` (of a year, from 1) are None where they are not printed."""

    year: int
    month: int | None = None
    day: int | None = None
    quarter: int | None = None

    @property
    def first(self) -> datetime.date:
        """First day that it can mean. Raises ValueError if it is not in the calendar."""
        return datetime.date(
            self.year, self.month or 3 * (self.quarter or 1) - 2, 1 if self.day is None else self.day
        )

    @property
    def last(self) -> datetime.date:
        """Last day that it can mean. Raises ValueError if it is not in the calendar."""
        month = self.month or 3 * (self.quarter or 4)
        final = calendar.monthrange(self.year, month)[1]
        return datetime.date(self.year, month, final if self.day is None else self.day)

    @property
    def precision(self) -> str:
        """How exactly it is printed."""
        given = {"day": self.day, "month": self.month, "quarter": self.quarter}
        return next((name for name, number in given.items() if number is not None), "year")

    def __str__(self) -> str:
        if self.quarter:
            return f"Q{self.quarter} {self.year}"
        parts = [self.day, None if self.month is None else MONTHS[self.month - 1], self.year]
        return " ".join(str(part) for part in parts if part is not None)


def reduced(day: datetime.date, precision: str) -> str:
    """The day, month, quarter or year of a day, as ISO 8601 writes it: no more than `precision` says."""
    if precision == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return day.isoformat()[: {"day": 10, "month": 7}.get(precision, 4)]
