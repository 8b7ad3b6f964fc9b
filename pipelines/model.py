"""What passes from one stage to the next: frozen dataclasses, and nothing that does anything.

Every stage may import this module; it imports no stage.
"""

import datetime
import re
from dataclasses import dataclass
from typing import Literal

SourceFormat = Literal["text", "pdf", "docx"]
Fidelity = Literal["official file", "full text", "abridged"]

# A printed page number, alone on its line: it numbers pages and is not text of the report.
PAGE_NUMBER = re.compile(r"\s*pagina (?P<page>\d{1,4}) van (?P<pages>\d{1,4})\s*", re.IGNORECASE)
TYPED_RULE = re.compile(r"\s*(?:([-=_–—─━])\1{3,}\s*)+")  # a line of dashes, as a typewriter draws it


@dataclass(frozen=True)
class Edition:
    """What the catalogue (`raw/sources.toml`) knows of an edition; unknown is None."""

    edition_year: int
    title: str | None = None
    period_start: datetime.date | None = None
    period_end: datetime.date | None = None
    date_sent: datetime.date | None = None
    kamerstuk: str | None = None
    source_url: str | None = None


@dataclass(frozen=True)
class SourceFile:
    """One file of an edition: `path` as shown to users, relative to the project or warehouse."""

    edition_year: int
    path: str
    sha256: str
    bytes: int
    format: SourceFormat
    fidelity: Fidelity


@dataclass(frozen=True)
class Line:
    """One line of a document: `text` without its line end, `page` from 1.

    `number` counts from 1 through the whole document. In a PDF `on_page` counts from 1 in reading order
    on the page; what users see is `shown`.
    """

    number: int
    page: int
    text: str
    on_page: int | None = None

    @property
    def shown(self) -> int:
        """The number that users, cells and errors give: on its page in a PDF, else in the file."""
        return self.number if self.on_page is None else self.on_page


@dataclass(frozen=True)
class Document:
    """A document as lines with places; nothing in it is interpreted.

    `page_labels[page - 1]` is the page number that the report prints or implies, else None.
    """

    path: str
    sha256: str
    format: SourceFormat
    lines: tuple[Line, ...]
    page_labels: tuple[str | None, ...]

    def label(self, page: int) -> str | None:
        return self.page_labels[page - 1]


@dataclass(frozen=True)
class Versions:
    """What a reading depends on besides the document: three hashes of 12 hexadecimal digits."""

    code: str
    registry: str
    declarations: str


@dataclass(frozen=True)
class EditionState:
    """The newest vintage of an edition, and what it is known by: a row of the relation `edition_state`.

    `versions` are all that gave these rows from this file, the vintage's own first and the last to read
    it again last; for a restored one also all by which the edition was read before. `seen` holds the
    SHA-256 of every file that the edition was ever read from, `rules` the version of the rules that were
    the last to look for contradictions, `confirmed_at` the newest time written about the vintage, UTC.
    """

    vintage: int
    cause: str
    source: SourceFile
    content_hash: str
    versions: tuple[Versions, ...]
    seen: frozenset[str]
    rules: str | None
    confirmed_at: datetime.datetime

    @property
    def decided_by_hand(self) -> bool:
        """Whether somebody withdrew or restored the edition and nothing else has come since."""
        return self.cause in ("withdrawn", "restored")


@dataclass(frozen=True)
class Recorded:
    """Outcome of recording an edition; `written` is False where no vintage came of it.

    `reconciled` says that rules which had not looked at that vintage were the last to do so now.
    """

    edition_year: int
    vintage: int
    cause: str
    reason: str
    snapshot_id: int
    written: bool
    reconciled: bool = False


@dataclass(frozen=True)
class StoredFile:
    """A data file of the lake as the record has it; size and hash are None for remote data."""

    path: str
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class Evidence:
    """One snapshot of the lake: its commit, and the files that it added."""

    snapshot_id: int
    committed_at: str
    author: str | None
    message: str | None
    files: tuple[StoredFile, ...]
