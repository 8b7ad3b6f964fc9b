"""Source files: what is in `raw/`, which of it an edition is read from, and its bytes, hash checked.

Here belong the catalogue, the lock, and the bytes kept by hash in the warehouse. What the bytes say is for
`extract`. Builds that find nothing to do import this package: standard library only.
"""

from pipelines.raw.files import NOTICE, NOTICE_LINES, add, choose, describe, keep, read, scan, survey
from pipelines.raw.sources import CATALOGUE, LOCK, catalogue, edition_of, exclusively, lock, lock_entries

__all__ = ["CATALOGUE", "LOCK", "NOTICE", "NOTICE_LINES"]
__all__ += ["add", "choose", "describe", "keep", "read", "scan", "survey"]
__all__ += ["catalogue", "edition_of", "exclusively", "lock", "lock_entries"]
