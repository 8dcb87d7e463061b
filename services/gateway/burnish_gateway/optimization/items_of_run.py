"""Which items a test run asks about, and who judges those that have criteria."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets import from_test_cases_store
from burnish_gateway.datasets.dataset import Dataset
from burnish_gateway.optimization import store
from burnish_shared.contracts.evaluators import EvaluatorSettings, LlmJudge, needs_expected
from burnish_shared.contracts.searches import Metric
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.judged_cases import Judged, judge_by

JUDGED_WITHOUT: Final = frozenset({"relevance", "coherence"})
"""Metrics that say of any answer whether it is good, with or without a right one."""

SIMULATED_JUDGE = "simulated/judge"
"""Where the model that answers is simulated and nothing else is said. A real model judges itself."""


async def check_comparable(tx: Tx, principal: Principal, run_id: UUID, *, param: str, dataset_id: UUID, split: str) -> None:
    """Raises NotFound, InvalidField: another dataset or split has other items."""
    run = await store.find_run(tx, principal.workspace_id, "test_run", run_id)
    if run is None:
        raise NotFound(f"{param}: there is no test run of this id.", param=param)
    if run["status"] != "completed" or run["dataset_id"] != dataset_id or run["split"] != split:
        raise InvalidField(f"{param}: must be a completed test run on the same split of this dataset.", param=param)


async def failed_items(tx: Tx, principal: Principal, run_id: UUID | None, *, dataset_id: UUID, split: str) -> list[UUID] | None:
    """None: not asked for. Raises NotFound, InvalidField where there is nothing that failed."""
    if run_id is None:
        return None
    await check_comparable(tx, principal, run_id, param="failed_of", dataset_id=dataset_id, split=split)
    found = await store.failed_items(tx, principal.workspace_id, run_id)
    if not found:
        raise InvalidField("failed_of: nothing failed in this test run, or its answers are not kept any more.", param="failed_of")
    return found


def check_judged(open_items: int, evaluators: Sequence[EvaluatorSettings], *, has_other: bool) -> None:
    """Raises InvalidField where nothing would say whether an answer to an item without a right answer is good. `has_other`: another run's
    answers are compared with."""
    if not open_items or not all(needs_expected(one, has_other=has_other) for one in evaluators):
        return
    have = "1 item has" if open_items == 1 else f"{open_items:,} items have"
    but = (
        "an evaluator that needs none, such as an llm_judge" if not evaluators else "one that needs none: these compare with a right answer"
    )
    raise InvalidField(
        f"evaluators: {have} no right answer, so nothing would say whether an answer is good. Name {but}; or "
        "give these items a right answer in their dataset.",
        param="evaluators",
    )


async def check_searchable(tx: Tx, workspace_id: UUID, dataset: Dataset, *, metrics: Sequence[Metric], method: str) -> None:
    """Raises InvalidField where items have no right answer, and nothing with a weight would say whether an answer to them is good; and
    where a method shows right answers, and there are none to show."""
    open_items = await store.open_items(tx, workspace_id, dataset.dataset_id, split=None)
    if not open_items:
        return
    named = [one.evaluator_id for one in metrics if one.counts and one.evaluator_id is not None]
    judging = [one for one in await store.settings_of(tx, named) if not needs_expected(one, has_other=False)]
    if not judging and not any(one.counts and one.metric in JUDGED_WITHOUT for one in metrics):
        raise InvalidField(
            f"metrics: {open_items:,} of the {sum(dataset.counts.values()):,} items of this dataset have no right answer, so nothing would "
            "say whether an answer to them is good. Give a weight to relevance or coherence (with models.judge), or to an evaluator that "
            "needs no right answer, such as an llm_judge.",
            param="metrics",
        )
    if method == "few_shot" and open_items == sum(dataset.counts.values()):
        raise InvalidField(
            "method: few_shot shows items with their right answers as examples, and no item of this dataset has one.", param="method"
        )


async def judge_of_criteria(
    tx: Tx, workspace_id: UUID, dataset_id: UUID, *, split: str, asked: str | None, model: str | None
) -> LlmJudge | None:  # fmt: skip
    """Who judges the items that have criteria, by the longest of them. None: no item has any. `model`: what answers; None: a
    chain does.

    Raises InvalidField for a judge that nothing needs, and for a chain without one where items have criteria.
    """
    criteria = Judged.of({"criteria": await from_test_cases_store.longest_criteria(tx, workspace_id, dataset_id, split=split)}).criteria
    if not criteria:
        if asked is not None:
            raise InvalidField("judge: nothing that is asked about has criteria to be judged by; leave it out.", param="judge")
        return None
    if asked is not None:
        return judge_by(criteria, model=asked)
    if model is None:
        raise InvalidField("judge: some items have criteria, and a chain is no one model; name the model that judges.", param="judge")
    return judge_by(criteria, model=SIMULATED_JUDGE if model.startswith("simulated/") else model)
