"""What the data means: one contract per table, and the project's facts as TOML.

Nothing here imports `pipelines`. The contracts are loaded on first use (`schemas.TABLES`), because
pyarrow takes longer to import than a build with nothing to do may last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schemas.relations import *  # noqa: F403

CONTRACT_VERSION = "2.0"


def __getattr__(name: str) -> Any:
    if not name.isupper():
        raise AttributeError(f"module 'schemas' has no attribute {name!r}")
    import schemas.relations

    found = globals()[name] = getattr(schemas.relations, name)  # from now on it is there
    return found
