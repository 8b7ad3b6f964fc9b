"""Source files: what is in `raw/`, which of it an edition is read from, and its bytes, hash checked.

Here belong the catalogue (`sources.toml`, authored), the lock (`sources.lock`, generated) and the
bytes kept by hash in the warehouse. What the bytes say is for `document`. This package is imported
by builds that find nothing to do, so it imports the standard library only.
"""

from pipelines.raw.catalogue import CATALOGUE, catalogue, edition_of
from pipelines.raw.files import NOTICE, NOTICE_LINES, add, choose, described, keep, read, scan, survey
from pipelines.raw.locked import LOCK, guarded, lock, lock_entries

__all__ = [
    "CATALOGUE",
    "LOCK",
    "NOTICE",
    "NOTICE_LINES",
    "add",
    "catalogue",
    "choose",
    "described",
    "edition_of",
    "guarded",
    "keep",
    "lock",
    "lock_entries",
    "read",
    "scan",
    "survey",
]
