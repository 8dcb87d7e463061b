"""What a suggestion's own evidence says of a guarded rollout of it (PRODUCT O6, X3). Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from burnish_shared.experiments.guardrails import USUAL
from burnish_shared.money import credits_text

COST: Final = "cost_nusd"


class Bound(Protocol):
    """A guardrail, as it is kept or as a body gives it."""

    @property
    def metric(self) -> str: ...
    @property
    def margin(self) -> float: ...
    @property
    def relative(self) -> bool: ...


def rollout_warning(evidence: Mapping[str, Any], guardrails: Sequence[Bound] | None = None) -> str | None:
    """Why the rollout will be taken back, where an answer cost more on the test items than the guardrail of cost allows; else None.

    `guardrails`: those of the rollout; None: the usual ones.
    """
    too_dear = costs_too_much(evidence, guardrails)
    if too_dear is None:
        return None
    return (
        f"{too_dear}: it will be taken back. Give rollout.guardrails with a wider {COST}, look for a cheaper text (a metric `cost`, or "
        "`tokens_most`), or move the label without a rollout."
    )


def costs_too_much(evidence: Mapping[str, Any], guardrails: Sequence[Bound] | None = None) -> str | None:
    """The same without what follows from it."""
    told = evidence.get("cost") or {}
    before, after = told.get("baseline_nusd"), told.get("candidate_nusd")
    bound = next((one for one in (USUAL if guardrails is None else guardrails) if one.metric == COST), None)
    if bound is None or not before or after is None:
        return None
    allowed = before * bound.margin if bound.relative else bound.margin
    if after - before <= allowed:
        return None
    most = f"{bound.margin:.0%}" if bound.relative else f"{credits_text(int(bound.margin))} credits"
    return (
        f"On the test items an answer cost {after / before - 1:.0%} more than before, and the guardrail {COST} lets a rollout cost "
        f"{most} more"
    )
