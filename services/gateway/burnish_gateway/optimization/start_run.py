"""Start test runs of a prompt or a chain: check what is named, set credit aside, write the row, wake the optimizer. One transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets import store as datasets_store
from burnish_gateway.datasets.dataset import Dataset, check_unarchived, no_such_dataset
from burnish_gateway.datasets.from_test_cases import CASES_SPLIT
from burnish_gateway.datasets.item import Split, split_named
from burnish_gateway.optimization import store
from burnish_gateway.optimization.bodies import TestRunBody
from burnish_gateway.optimization.forecast import Forecast, Judging, Sizes, Stepping, forecast_test_run, with_judges, with_steps
from burnish_gateway.optimization.given_tokens import tokens_of_given
from burnish_gateway.optimization.items_of_run import check_comparable, check_judged, failed_items, judge_of_criteria
from burnish_gateway.optimization.pin_snippets import pin_snippets
from burnish_gateway.optimization.plan_chain import check_items_fit, plan_whole_chain
from burnish_gateway.optimization.prices import price_of
from burnish_gateway.optimization.start import Started, fund_run, subject_of
from burnish_gateway.optimization.wake import wake
from burnish_shared import subjects
from burnish_shared.contracts.evaluators import models_of
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.ids import new_uuid
from burnish_shared.money import MAX_AMOUNT_NUSD
from burnish_shared.tokens import tokens_in_text


@dataclass(frozen=True, slots=True)
class Tested:
    """What a run is of. `columns`: of its row; `asked`: prompts and versions that it runs. `model` None: of a chain, whose
    `steps` name theirs. `prompt_ids`: whose budgets count.

    `spec`: what a version of a prompt is asked with.
    """

    columns: Mapping[str, Any]
    asked: list[tuple[UUID, int]]
    version: int
    model: str | None
    prompt_ids: list[UUID]
    dataset: Dataset
    sizes: Sizes
    spec: Mapping[str, Any]
    steps: list[Stepping]


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A test run that could begin now. `total`: answers that it takes; `item_ids` None: of the whole split. `open_ended`: some
    items have no right answer."""

    tested: Tested
    split: Split
    total: int
    item_ids: list[UUID] | None
    evaluator_ids: list[UUID]
    judge_model: str | None
    forecast: Forecast
    set_aside_nusd: int
    open_ended: bool


async def plan_test_run(tx: Tx, principal: Principal, body: TestRunBody) -> RunPlan:
    """What it would be and cost. The test cases of a version are a dataset afterwards. Raises NotFound, InvalidField."""
    split = split_named(body.split) or CASES_SPLIT
    tested = await _tested_prompt(tx, principal, body) if body.chain is None else await _tested_chain(tx, principal, body, body.chain)
    dataset_id = tested.dataset.dataset_id
    item_ids = await failed_items(tx, principal, body.failed_of, dataset_id=dataset_id, split=split)
    total = (tested.dataset.counts[split] if item_ids is None else len(item_ids)) * body.repeats
    if total == 0:
        raise InvalidField(f"The dataset has no {split} items.", param="split")
    forecast = await _forecast(tx, principal, tested, answers=total)

    evaluator_ids = [*dict.fromkeys(body.evaluators)]
    if missing := await store.missing_evaluators(tx, evaluator_ids):
        raise NotFound(f"evaluators: there is no evaluator {missing[0]}, or it is archived.", param="evaluators")
    if body.compare_with is not None:
        await check_comparable(tx, principal, body.compare_with, param="compare_with", dataset_id=dataset_id, split=split)
    open_items = await store.open_items(tx, principal.workspace_id, dataset_id, split=split, item_ids=item_ids)
    evaluators = await store.settings_of(tx, evaluator_ids)
    check_judged(open_items, evaluators, has_other=body.compare_with is not None)
    judges = [
        Judging.of(settings, price=await price_of(tx, principal, judge, param="evaluators"))
        for settings in evaluators
        for judge in models_of(settings)
    ]
    by_criteria = await judge_of_criteria(tx, principal.workspace_id, dataset_id, split=split, asked=body.judge, model=tested.model)
    if by_criteria is not None:
        judges.append(Judging.of(by_criteria, price=await price_of(tx, principal, by_criteria.model, param="judge")))
    forecast = with_judges(forecast, tested.sizes, judges)
    judge, aside_nusd = by_criteria.model if by_criteria else None, min(forecast.aside_nusd, MAX_AMOUNT_NUSD)
    return RunPlan(tested, split, total, item_ids, evaluator_ids, judge, forecast, aside_nusd, open_ended=open_items > 0)


async def start_test_runs(tx: Tx, principal: Principal, body: TestRunBody) -> list[Started]:
    """A run of each version by each model, which belong together where there are several; all of them or none.

    Raises NotFound, InvalidField, OutOfCredit.
    """
    each = body.each()
    group_id = new_uuid() if len(each) > 1 else None
    return [await start_test_run(tx, principal, one, group_id=group_id) for one in each]


async def start_test_run(tx: Tx, principal: Principal, body: TestRunBody, *, group_id: UUID | None = None) -> Started:
    """The run of one version, of a prompt by one model. Raises NotFound, InvalidField, OutOfCredit."""
    plan = await plan_test_run(tx, principal, body)
    tested, run_id = plan.tested, new_uuid()
    account_id = await fund_run(tx, principal, plan.set_aside_nusd, reference=run_id)
    await store.insert_test_run(
        tx,
        test_run_id=run_id,
        workspace_id=principal.workspace_id,
        version=tested.version,
        model=tested.model,
        dataset_id=tested.dataset.dataset_id,
        dataset_version=tested.dataset.version,
        split=plan.split,
        repeats=body.repeats,
        evaluator_ids=plan.evaluator_ids,
        judge_model=plan.judge_model,
        open_ended=plan.open_ended,
        compare_with=body.compare_with,
        failed_of=body.failed_of,
        item_ids=plan.item_ids,
        group_id=group_id,
        total=plan.total,
        funding_account_id=account_id,
        created_by=principal.actor,
        snippets=await pin_snippets(tx, principal.workspace_id, tested.asked),
        **tested.columns,
    )
    await wake(tx, subjects.TEST_RUNS_REQUESTED, run_id, workspace_id=principal.workspace_id)
    return Started(run_id, plan.forecast, plan.set_aside_nusd, version=tested.version, model=tested.model, group_id=group_id)


async def _tested_prompt(tx: Tx, principal: Principal, body: TestRunBody) -> Tested:
    subject = await subject_of(
        tx,
        principal,
        slug=body.prompt or "",
        version=body.version,
        label=body.label,
        dataset_id=body.dataset_id,
        of_cases=body.source is not None,
    )
    prompt, version = subject.prompt, subject.version
    return Tested(
        columns={"prompt_id": prompt.prompt_id, "slug": prompt.slug, "cases_digest": subject.cases_digest},
        asked=[(prompt.prompt_id, version.version)],
        version=version.version,
        model=body.models[0] if body.models else version.content.model,
        prompt_ids=[prompt.prompt_id],
        dataset=subject.dataset,
        sizes=subject.sizes,
        spec=version.content.spec,
        steps=[],
    )


async def _tested_chain(tx: Tx, principal: Principal, body: TestRunBody, name: str) -> Tested:
    """Raises NotFound, Conflict for what is archived, InvalidField."""
    whole = await plan_whole_chain(tx, principal, name, version=body.version, label=body.label)
    if body.dataset_id is None:
        raise InvalidField("dataset_id: a chain is tested over a dataset.", param="dataset_id")
    dataset = await datasets_store.hold_dataset(tx, principal.workspace_id, body.dataset_id)
    longest = await store.longest_input(tx, principal.workspace_id, body.dataset_id)
    if dataset is None or longest is None:
        raise no_such_dataset()
    check_unarchived(dataset)
    check_items_fit(whole.chain, longest[1])
    cap = max((one.sizes.output_cap for one in whole.steps), default=0)
    return Tested(
        columns={"chain_id": whole.tested.chain_id, "chain": whole.tested.model_dump(mode="json")},
        asked=list(dict.fromkeys((one.prompt_id, one.version) for one in whole.tested.prompts.values())),
        version=whole.tested.version,
        model=None,
        prompt_ids=[*dict.fromkeys(one.prompt_id for one in whole.tested.prompts.values())],
        dataset=dataset,
        sizes=Sizes(0, tokens_of_given(longest[0]), cap, tokens_in_text(longest[2])),
        spec={},
        steps=whole.steps,
    )


async def _forecast(tx: Tx, principal: Principal, tested: Tested, *, answers: int) -> Forecast:
    """Without judges. Of a chain each step is counted in full, also one that only stands in for another. Raises InvalidField."""
    if tested.model is None:
        return with_steps(Forecast(answers, 0, 1), tested.sizes, tested.steps)
    price = await price_of(tx, principal, tested.model, param="models", asked=tested.spec)
    return forecast_test_run(tested.sizes, evaluations=answers, price=price)
