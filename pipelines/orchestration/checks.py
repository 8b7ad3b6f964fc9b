"""Asset checks: contracts block a year from the lake; row counts and the rules of reconciliation only warn.

dagster-pandera is not used: it takes no Arrow tables and drops the failing rows.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import validate
from pipelines.orchestration import metadata
from pipelines.reconcile import Rule
from pipelines.validate import Failure
from schemas.contract import Contract

Years = dg.PartitionsDefinition[str] | None

CONTRACT = "contract"
ROW_COUNTS = "row_counts"
ROW_COUNT_DROP = 0.5


def _spec(
    name: str, key: dg.AssetKey, years: Years, description: str, *, blocking: bool = False
) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name, asset=key, blocking=blocking, partitions_def=years, description=description
    )


def contract_spec(key: dg.AssetKey, contract: Contract, years: Years) -> dg.AssetCheckSpec:
    text = (
        f"Types, nulls, values, key ({', '.join(contract.key)}), references and row rules of "
        f"`{contract.name}`. A row that fails keeps the edition out of the lake."
    )
    return _spec(CONTRACT, key, years, text, blocking=True)


def contract_result(key: dg.AssetKey, failures: Sequence[Failure]) -> dg.AssetCheckResult:
    """The outcome for one relation, with every failing row as a table."""
    columns = ("check", "column", "row_key", "value", "source_line")
    rows = [{name: getattr(failure, name) for name in columns} for failure in failures]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=CONTRACT,
        passed=not failures,
        description="every row keeps the contract" if not failures else "\n".join(map(str, failures)),
        metadata={"failing_rows": metadata.records(rows, columns), "failures": len(failures)},
    )


def reconciled_spec(key: dg.AssetKey, years: Years) -> dg.AssetCheckSpec:
    """The check of what the rules give for one edition: findings, statements, events together."""
    text = f"Types, nulls, values and keys of {', '.join(schemas.RECONCILED)}."
    return _spec(CONTRACT, key, years, text, blocking=True)


def reconciled_result(key: dg.AssetKey, tables: Mapping[str, pa.Table]) -> dg.AssetCheckResult:
    failures = [
        failure
        for name, contract in schemas.RECONCILED.items()
        for failure in validate.contract_failures(contract.as_read(), tables[name])
    ]
    return contract_result(key, failures)


def row_counts_spec(key: dg.AssetKey, years: Years) -> dg.AssetCheckSpec:
    text = (
        "Rows per table against the previous vintage of the edition; a table that lost more "
        "than half of its rows is worth a look."
    )
    return _spec(ROW_COUNTS, key, years, text)


def row_counts_result(
    key: dg.AssetKey, now: Mapping[str, int], before: Mapping[str, int] | None
) -> dg.AssetCheckResult:
    """Compares row counts per table; passes if there is no previous vintage."""
    previous = before or {}
    rows = [
        {"table": name, "rows": count, "previous_vintage": previous.get(name)} for name, count in now.items()
    ]
    shrunk = [name for name, count in previous.items() if count and now.get(name, 0) < count * ROW_COUNT_DROP]
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


def rule_spec(key: dg.AssetKey, rule: Rule, years: Years) -> dg.AssetCheckSpec:
    """The warning of one rule of reconciliation: its findings stop nothing and change nothing."""
    return _spec(rule.name, key, years, rule.doc)


def rule_result(key: dg.AssetKey, rule: Rule, findings: Sequence[Mapping[str, Any]]) -> dg.AssetCheckResult:
    """Those of `findings` that are this rule's, with both sides and their lines as a table."""
    of_rule = [finding for finding in findings if finding["rule"] == rule.name]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=rule.name,
        passed=not of_rule,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(of_rule)} found" if of_rule else "nothing found",
        metadata={"count": len(of_rule), "findings": metadata.findings(of_rule)},
    )
