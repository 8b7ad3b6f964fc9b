"""Asset checks from the contracts: what blocks a year from the lake, and what only warns.

Our own factory, because dagster-pandera takes no Arrow tables and drops the failing rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pipelines.orchestration import metadata
from pipelines.reconcile import Rule
from pipelines.validate import Failure
from schemas.contract import Contract

CONTRACT = "contract"
ROW_COUNTS = "row_counts"
ROW_COUNT_DROP = 0.5


def contract_spec(
    key: dg.AssetKey, contract: Contract, years: dg.PartitionsDefinition[str] | None
) -> dg.AssetCheckSpec:
    """The blocking check of one relation against its contract, per year where there are years."""
    return dg.AssetCheckSpec(
        CONTRACT,
        asset=key,
        blocking=True,
        partitions_def=years,
        description=f"Types, nulls, values, key ({', '.join(contract.key)}), references and row rules of "
        f"`{contract.name}`. A row that fails keeps the edition out of the lake.",
    )


def contract_result(key: dg.AssetKey, failures: Sequence[Failure]) -> dg.AssetCheckResult:
    """The outcome for one relation, with every failing row as a table."""
    columns = ("check", "column", "row_key", "value", "source_line")
    rows = [{name: getattr(failure, name) for name in columns} for failure in failures]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CONTRACT,
        passed=not failures,
        description="every row keeps the contract" if not failures else "\n".join(str(f) for f in failures),
        metadata={"failing_rows": metadata.records(rows, columns), "failures": len(failures)},
    )


def row_counts_spec(key: dg.AssetKey, years: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
    """The warning on a vintage that has far fewer rows than the one before it."""
    return dg.AssetCheckSpec(
        ROW_COUNTS,
        asset=key,
        blocking=False,
        partitions_def=years,
        description="Rows per table against the previous vintage of the edition; a table that lost more "
        "than half of its rows is worth a look.",
    )


def row_counts_result(
    key: dg.AssetKey, now: Mapping[str, int], before: Mapping[str, int] | None
) -> dg.AssetCheckResult:
    """Compares row counts per table; passes where there is nothing to compare with."""
    rows = [
        {"table": name, "rows": count, "previous_vintage": (before or {}).get(name)}
        for name, count in now.items()
    ]
    shrunk = [
        name for name, count in (before or {}).items() if count and now.get(name, 0) < count * ROW_COUNT_DROP
    ]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ROW_COUNTS,
        passed=not shrunk,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"far fewer rows than before: {', '.join(shrunk)}"
        if shrunk
        else "no table shrank by half",
        metadata={"rows": metadata.records(rows, ("table", "rows", "previous_vintage"))},
    )


def rule_spec(key: dg.AssetKey, rule: Rule, years: dg.PartitionsDefinition[str] | None) -> dg.AssetCheckSpec:
    """The warning of one rule of reconciliation: what it finds stops nothing, and changes nothing."""
    return dg.AssetCheckSpec(rule.name, asset=key, blocking=False, partitions_def=years, description=rule.doc)


def rule_result(key: dg.AssetKey, rule: Rule, findings: Sequence[Mapping[str, Any]]) -> dg.AssetCheckResult:
    """What one rule found, of the findings of all rules, with both sides and their lines as a table."""
    own = [finding for finding in findings if finding["rule"] == rule.name]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=rule.name,
        passed=not own,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(own)} found" if own else "nothing found",
        metadata={"count": len(own), "findings": metadata.findings(own)},
    )
