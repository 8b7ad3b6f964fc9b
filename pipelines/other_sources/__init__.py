"""Figures of other public sources: raw/observations.csv and the UN's contributions, CSV → Arrow tables.

Here belongs how their files are read and kept. What must hold of their rows is in `schemas/public.py`.
A build with nothing to do imports this package: no pyarrow, no Pandera.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pipelines.other_sources import contributions, observations
from pipelines.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas.registry import Registry


def version(settings: Settings) -> str:
    """Hash of what they give now, 12 hexadecimal digits; a file published with another is made again."""
    digest = hashlib.sha256()
    for file in (settings.raw / observations.FILE, contributions.kept(settings.contributions)):
        data = file.read_bytes() if file is not None and file.is_file() else b""
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


def tables(settings: Settings, registry: Registry) -> dict[str, pa.Table]:
    """`observations` and `un_contributions`, every row keeping its contract.

    Raises SourceError, Problems or ContractError with the file and every failing line.
    """
    observed = observations.read(settings.raw, registry)
    counted = contributions.read(settings.contributions, registry)
    kept = contributions.kept(settings.contributions) or settings.contributions
    return {
        "observations": checked(observed, "observations", f"raw/{observations.FILE}"),
        "un_contributions": checked(counted, "un_contributions", str(kept)),
    }


def checked(table: pa.Table, name: str, file: str) -> pa.Table:
    """The same table, once every row keeps the contract of relation `name`; else ContractError."""
    import schemas
    from pipelines import validate

    failures = validate.contract_failures(schemas.PUBLIC[name], table)
    if failures:
        error = validate.refusal(failures, file)
        error.hint = "correct those lines of the file"
        raise error
    return table
