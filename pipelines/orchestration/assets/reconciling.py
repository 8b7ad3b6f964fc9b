"""What does not add up in an edition: its rows and text → findings, which stop nothing."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import pyarrow as pa

import schemas
from pipelines import lake as snapshot
from pipelines import raw, versions
from pipelines import reconcile as reconciled
from pipelines import validate as validated
from pipelines.model import Document, SourceFile
from pipelines.orchestration import checks, metadata
from pipelines.orchestration.assets.common import (
    DOCUMENT,
    OWNERS,
    RECONCILED,
    SOURCE,
    TABLES,
    YEARS,
    Warehouse,
    spoken,
)
from schemas import registry

CONTRACT = "contract"
RULES = tuple(rule for rule in reconciled.RULES if not rule.across)
COUNTS = ("findings", "errors", "warnings", "statements", "mission_events", "unread_sentences")


@dg.asset(
    key=RECONCILED,
    partitions_def=YEARS,
    group_name="reconciled",
    kinds={"python"},
    owners=OWNERS,
    io_manager_key="stage",
    code_version=reconciled.rules_version(),
    ins={
        "source": dg.AssetIn(SOURCE, input_manager_key="stage"),
        "document": dg.AssetIn(DOCUMENT, input_manager_key="stage"),
        **{name: dg.AssetIn(key, input_manager_key="stage") for name, key in TABLES.items()},
    },
    check_specs=[
        dg.AssetCheckSpec(
            CONTRACT,
            asset=RECONCILED,
            blocking=True,
            partitions_def=YEARS,
            description=f"Types, nulls, values and keys of {', '.join(schemas.RECONCILED)}.",
        ),
        *(checks.rule_spec(RECONCILED, rule, YEARS) for rule in RULES),
    ],
    description="Every contradiction in the edition, with both sides and the smallest explanations; the "
    "figures and events that its text states. Nothing is changed, and nothing is kept back.",
)
def reconciled_asset(  # type: ignore[no-untyped-def]  # Dagster takes an annotation for the outputs' type
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    source: SourceFile,
    document: Document,
    **read: Any,
):
    year = int(context.partition_key)
    with spoken():
        known = registry.load()
        edition = raw.edition_of(raw.catalogue(warehouse.settings().raw), year)
        rows, content = warehouse.lake().standing(
            year, read, source=source, versions=versions.reading(edition)
        )
        found = snapshot.Found(
            _tables(reconciled.check(rows, known, document)),
            versions.rules(reconciled.rules_version()),
            content,
        )
    findings = found.tables["findings"].to_pylist()
    counts = found.counts
    return dg.MaterializeResult(
        value=found,
        metadata={
            **{name: counts[name] for name in COUNTS},
            "rules_version": found.rules_version,
            "all_findings": metadata.findings(findings),
            **metadata.source_of(source),
        },
        data_version=dg.DataVersion(f"{found.rules_version}-{content[:16]}"),
        check_results=[_kept(found.tables), *(checks.rule_result(RECONCILED, r, findings) for r in RULES)],
    )


def _tables(found: reconciled.Reconciliation) -> dict[str, pa.Table]:
    """What the rules gave, as the tables of the contracts."""
    rows = {
        "findings": found.findings,
        "statements": found.statements,
        "mission_events": found.mission_events,
        "unread_sentences": [{**row, "number": n} for n, row in enumerate(found.unread, start=1)],
    }
    return {name: contract.as_read().table(rows[name]) for name, contract in schemas.RECONCILED.items()}


def _kept(tables: Mapping[str, pa.Table]) -> dg.AssetCheckResult:
    failures = [
        failure
        for name, contract in schemas.RECONCILED.items()
        for failure in validated.contract_failures(contract.as_read(), tables[name])
    ]
    return checks.contract_result(RECONCILED, failures)
