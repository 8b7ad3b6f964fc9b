"""The figures of other public sources, read and held against their contracts.

Not a stage: it joins two of them (public, validated), as `pending` joins others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines import other_sources as public
from pipelines.other_sources import contributions, observations
from pipelines.settings import Settings
from schemas.errors import ContractError

if TYPE_CHECKING:
    import pyarrow as pa

    from schemas.registry import Registry


def version(settings: Settings) -> str:
    """Hash of what they give now; a published file made of anything else must be made again."""
    return public.version(settings.raw, settings.contributions)


def tables(settings: Settings, registry: Registry) -> dict[str, pa.Table]:
    """`observations` and `un_contributions`, every row keeping its contract.

    Raises SourceError, Problems or ContractError with the file and every failing line.
    """
    return {
        "observations": checked(
            observations.read(settings.raw, registry), "observations", "raw/observations.csv"
        ),
        "un_contributions": checked(
            contributions.read(settings.contributions, registry),
            "un_contributions",
            str(contributions.kept(settings.contributions) or settings.contributions),
        ),
    }


def checked(table: pa.Table, name: str, file: str) -> pa.Table:
    """The same table, once every row keeps the contract of relation `name`; else ContractError."""
    import schemas
    from pipelines import validate as validated

    found = validated.contract_failures(schemas.PUBLIC[name], table)
    if found:
        error: ContractError = validated.refusal(found, file)
        error.hint = "correct those lines of the file"
        raise error
    return table
