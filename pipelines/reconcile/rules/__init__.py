"""The rules in order. The docstring of each says what it compares and what it cannot know."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipelines.reconcile.edition import ERROR, INFO, WARN, Finding
from pipelines.reconcile.rules import across, figures, mandates, presence, sums


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the usual and worst severity of its findings, and what it compares (`doc`).

    `function` takes an edition; of a rule `across` editions, their published rows.
    `of_text`: it compares what running text says of persons, so sentences about them that no pattern
    understood are what it could not look at.
    """

    name: str
    severity: str
    function: Callable[..., Iterator[Finding]]
    doc: str
    across: bool = False
    of_text: bool = False

    def apply(self, subject: Any) -> Iterator[Finding]:
        """The findings with this rule's name and their severity."""
        for finding in self.function(subject):
            yield replace(finding, rule=self.name, severity=finding.severity or self.severity)


def _rule(
    function: Callable[..., Iterator[Finding]], severity: str, *, across: bool = False, of_text: bool = False
) -> Rule:
    return Rule(function.__name__, severity, function, inspect.getdoc(function) or "", across, of_text)


RULES: tuple[Rule, ...] = (
    _rule(sums.row_total, ERROR),
    _rule(sums.column_total, ERROR),
    _rule(sums.grand_total, ERROR),
    _rule(sums.subtotal, ERROR),
    _rule(figures.prose_total, ERROR, of_text=True),
    _rule(figures.prose_conflict, ERROR, of_text=True),
    _rule(figures.footnote_figure, ERROR, of_text=True),
    _rule(mandates.mandate_date, WARN),
    _rule(mandates.frame_after_end, WARN),
    _rule(figures.frame_narrative, WARN, of_text=True),
    _rule(figures.deployed_narrative, WARN, of_text=True),
    _rule(presence.coverage, WARN),
    _rule(presence.region_conflict, WARN),
    _rule(mandates.legal_basis_conflict, WARN),
    _rule(presence.reference_conflict, WARN),
    _rule(figures.claim_more_deployed_than_frame, INFO, of_text=True),
    _rule(presence.tag_geometry_disagreement, INFO),
    _rule(across.same_period, WARN, across=True),
    _rule(across.year_on_year, INFO, across=True),
    _rule(across.name_drift, INFO, across=True),
    _rule(across.succession, INFO, across=True),
    _rule(across.observation_outside_frame, WARN, across=True),
)
