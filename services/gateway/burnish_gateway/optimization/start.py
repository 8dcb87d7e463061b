"""Start an optimization job: check what is named, set credit aside, write the row, wake the optimizer. One transaction."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from burnish_gateway.access.principal import Principal
from burnish_gateway.datasets import store as datasets_store
from burnish_gateway.datasets.dataset import Dataset, check_unarchived, no_such_dataset
from burnish_gateway.datasets.from_feedback import dataset_of_feedback
from burnish_gateway.datasets.from_test_cases import dataset_of_cases
from burnish_gateway.generations.choose import start_of
from burnish_gateway.optimization import store
from burnish_gateway.optimization.ask_for_search import asked_search
from burnish_gateway.optimization.bodies import BudgetBody, OptimizationBody
from burnish_gateway.optimization.fit import check_fit, variables_of
from burnish_gateway.optimization.forecast import (
    PROPOSING,
    Forecast,
    Judging,
    Sizes,
    forecast_job,
    least_nusd,
    with_judges,
    with_steps,
)
from burnish_gateway.optimization.items_of_run import check_searchable
from burnish_gateway.optimization.pin_snippets import pin_snippets
from burnish_gateway.optimization.plan_chain import ChainPlan, plan_chain
from burnish_gateway.optimization.prices import dearest_of, price_of
from burnish_gateway.optimization.wake import wake
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.prompt import Prompt, Version, check_not_archived, no_such_prompt
from burnish_shared import subjects
from burnish_shared.contracts.evaluators import models_of
from burnish_shared.contracts.searches import Search
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, OutOfCredit, Suspended
from burnish_shared.ids import new_uuid
from burnish_shared.money import MAX_AMOUNT_NUSD, NUSD_PER_CREDIT, credits_text
from burnish_shared.search_budget import evaluations_to_begin
from burnish_shared.slug import LATEST, PRODUCTION, parse_label, parse_slug

DEFAULT_REFLECT = "simulated/writer"
"""Where the task's model is simulated and nothing else is said. For real models the task's model proposes."""


@dataclass(frozen=True, slots=True)
class Started:
    id: UUID
    forecast: Forecast
    set_aside_nusd: int
    fee_nusd: int = 0
    version: int | None = None
    model: str | None = None
    group_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is worked on, as it stands now. `cases_digest`: of the version's own test cases, where the dataset is made of them."""

    prompt: Prompt
    version: Version
    dataset: Dataset
    sizes: Sizes
    cases_digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class JobPlan:
    """An optimization that could begin now, but for its budget (`check_budget`). `least_evaluations` None: the dataset is too small."""

    subject: Subject
    search: Search
    task_model: str
    reflect_model: str
    forecast: Forecast
    set_aside_nusd: int
    least_evaluations: int | None
    least_nusd: int
    fee_nusd: int
    begin: tuple[UUID, int] | None

    @property
    def asked(self) -> list[tuple[UUID, int]]:
        """Prompts and versions that it runs: the searched one, and those of the other steps of its chain."""
        others = self.search.chain.prompts.values() if self.search.chain else ()
        own = (self.subject.prompt.prompt_id, self.subject.version.version)
        return list(dict.fromkeys([own, *((one.prompt_id, one.version) for one in others)]))


async def plan_optimization(tx: Tx, principal: Principal, body: OptimizationBody) -> JobPlan:
    """What it would be and cost; a budget that is too small is told and not refused. Raises NotFound, InvalidField.

    With `source: feedback` its dataset is made, or gets what was said since.
    """
    chain = None if body.chain is None else await plan_chain(tx, principal, body.chain, body=body)
    version = body.version if chain is None else chain.base_version
    subject = await subject_of(tx, principal, slug=body.prompt, version=version, label=None, dataset_id=body.dataset_id, chain=chain)
    own_model = chain.model if chain else None
    task_model = body.models.task or own_model or subject.version.content.model
    reflect_model = body.models.reflect or (DEFAULT_REFLECT if task_model.startswith("simulated/") else task_model)
    asked = await asked_search(
        tx,
        principal.workspace_id,
        body,
        prompt=subject.prompt,
        version=subject.version,
        task_model=task_model,
        dataset_id=subject.dataset.dataset_id,
        chain=chain.search if chain else None,
    )
    await check_searchable(tx, principal.workspace_id, subject.dataset, metrics=body.metrics, method=body.method)
    task = await dearest_of(tx, principal, task_model, body, asked=subject.version.content.spec)
    reflect = await price_of(tx, principal, reflect_model, param="models.reflect")
    if body.models.judge is not None:
        await price_of(tx, principal, body.models.judge, param="models.judge")
    sizes = subject.sizes.of_candidates(asked.search, method=body.method)
    forecast = forecast_job(sizes, evaluations=body.budget.evaluations, task=task, reflect=reflect if body.method in PROPOSING else None)
    judges = [
        Judging.of(one, price=await price_of(tx, principal, model, param="models.judge"))
        for one in asked.judges
        for model in models_of(one)
    ]
    steps = chain.steps if chain else []
    forecast = with_steps(with_judges(forecast, subject.sizes, judges), subject.sizes, steps)
    counts = subject.dataset.counts
    least = evaluations_to_begin(
        train_items=counts["train"],
        validation_items=counts["validation"],
        test_items=counts["test"],
        test_least=asked.search.min_samples,
    )
    searches = 1 + len(asked.search.models)
    return JobPlan(
        subject=subject,
        search=asked.search,
        task_model=task_model,
        reflect_model=reflect_model,
        forecast=forecast,
        set_aside_nusd=min(forecast.aside_nusd, _cap_nusd(body.budget), MAX_AMOUNT_NUSD),
        least_evaluations=None if least is None else least * searches,
        least_nusd=0 if least is None else least_nusd(sizes, evaluations=least * searches, task=task, steps=steps),
        fee_nusd=principal.workspace.optimization_fee_nusd,
        begin=await start_of(tx, principal.workspace_id, body.start, prompt_id=subject.prompt.prompt_id),
    )


async def try_plan(tx: Tx, principal: Principal, body: OptimizationBody) -> JobPlan:
    """The same, and nothing is made. Raises NotFound, InvalidField."""
    await store.begin_trial(tx)
    plan = await plan_optimization(tx, principal, body)
    await store.take_back_trial(tx)
    return plan


async def start_optimization(tx: Tx, principal: Principal, body: OptimizationBody) -> Started:
    """Raises NotFound, InvalidField, OutOfCredit."""
    check_budget(plan := await plan_optimization(tx, principal, body), body.budget)
    subject, job_id = plan.subject, new_uuid()
    line_id, number = plan.begin or (None, None)
    account_id = await fund_run(tx, principal, plan.set_aside_nusd, reference=job_id)
    fee_nusd = await _charged_fee_nusd(tx, principal, job_id)
    await store.insert_job(
        tx,
        job_id=job_id,
        workspace_id=principal.workspace_id,
        prompt_id=subject.prompt.prompt_id,
        slug=subject.prompt.slug,
        base_version=subject.version.version,
        dataset_id=subject.dataset.dataset_id,
        dataset_version=subject.dataset.version,
        method=body.method,
        search=plan.search.stored(),
        task_model=plan.task_model,
        reflect_model=plan.reflect_model,
        seed=secrets.randbelow(2**31) if body.seed is None else body.seed,
        budget_evaluations=body.budget.evaluations,
        budget_nusd=plan.set_aside_nusd,
        budget_seconds=body.budget.seconds,
        funding_account_id=account_id,
        start_line_id=line_id,
        start_number=number,
        created_by=principal.actor,
        snippets=await pin_snippets(tx, principal.workspace_id, plan.asked),
    )
    await wake(tx, subjects.OPTIMIZATIONS_REQUESTED, job_id, workspace_id=principal.workspace_id)
    return Started(job_id, plan.forecast, plan.set_aside_nusd, fee_nusd)


async def subject_of(
    tx: Tx,
    principal: Principal,
    *,
    slug: str,
    version: int | None,
    label: str | None,
    dataset_id: UUID | None,
    chain: ChainPlan | None = None,
    of_cases: bool = False,
) -> Subject:
    """The version that is named (production, else the newest, where none is), and a dataset that fits it, or its chain.

    `dataset_id` None: its test cases (`of_cases`), else what people said of the prompt. Raises NotFound, InvalidField, and Conflict for an
    archived prompt.
    """
    name = parse_slug(slug, param="prompt")
    if (head := await prompts_store.find_head(tx, principal.workspace_id, name)) is None:
        raise no_such_prompt(name)
    check_not_archived(head.prompt)
    wanted = None if label is None else parse_label(label)
    if wanted is None and version is None:
        wanted = PRODUCTION if PRODUCTION in head.labels else LATEST
    number, _ = head.named(label=wanted, version=version)
    found = await prompts_store.find_version(tx, principal.workspace_id, head.prompt.prompt_id, number)
    if found is None:
        raise no_such_prompt(name, version=number)
    digest = None
    if of_cases:
        dataset_id, digest = await dataset_of_cases(tx, principal.workspace_id, head.prompt, found, author=principal.actor)
    elif dataset_id is None:
        variables = variables_of(found)
        dataset_id = await dataset_of_feedback(tx, principal.workspace_id, head.prompt, variables=variables, author=principal.actor)
    dataset = await datasets_store.hold_dataset(tx, principal.workspace_id, dataset_id)
    longest = await store.longest_input(tx, principal.workspace_id, dataset_id)
    if dataset is None or longest is None:
        raise no_such_dataset()
    check_unarchived(dataset)
    if chain is None:
        check_fit(found, longest[1])
    else:
        chain.check_fit(longest[1])
    sizes = Sizes.of(found.content.fields(), longest_input=longest[0], longest_expected=longest[2])
    return Subject(head.prompt, found, dataset, sizes, digest)


def _cap_nusd(budget: BudgetBody) -> int:
    return MAX_AMOUNT_NUSD if budget.credits is None else max(1, round(budget.credits * NUSD_PER_CREDIT))


def check_budget(plan: JobPlan, budget: BudgetBody, *, within: str = "") -> None:
    """Refuses what could not begin. A dataset that is too small for any budget is not refused here: the job says so.

    `within`: where the budget stands in the body, for `param`.
    """
    least = plan.least_evaluations
    if least is None:
        return
    if budget.evaluations < least:
        counts = plan.subject.dataset.counts
        raise InvalidField(
            f"{budget.evaluations} evaluations are too few to begin: with {counts['validation']} validation and {counts['test']} test "
            f"items it takes at least {least}. Raise the budget, or use a smaller dataset.",
            param=f"{within}budget.evaluations",
            details={"least": least},
        )
    if _cap_nusd(budget) < plan.least_nusd:
        enough = least_credits(plan.least_nusd)
        raise InvalidField(
            f"The cap is too low to begin: {least} evaluations, the least for this dataset, may cost {enough} credits. "
            "Set budget.credits to at least that, or leave it out; what is not used comes back.",
            param=f"{within}budget.credits",
            details={"least": enough},
        )


def least_credits(amount_nusd: int) -> str:
    """In credits, rounded up."""
    return credits_text(amount_nusd + NUSD_PER_CREDIT // 10_000)


async def fund_run(tx: Tx, principal: Principal, amount_nusd: int, *, reference: UUID) -> int:
    """The account from which a test run or a job is paid. Raises Suspended, OutOfCredit."""
    if principal.workspace.suspended_at is not None:
        raise Suspended("This workspace is suspended; ask its operator.")
    account_id = await store.fund(
        tx, principal.workspace_id, credit_account_id=principal.workspace.credit_account_id, amount_nusd=amount_nusd, reference=reference
    )
    if account_id is None:
        wanted = -(-amount_nusd // NUSD_PER_CREDIT)
        raise OutOfCredit(
            f"This would set {wanted} credits aside, and the workspace has less. Lower the budget, or add credit.", param="budget"
        )
    return account_id


async def _charged_fee_nusd(tx: Tx, principal: Principal, job_id: UUID) -> int:
    """The plan's fixed fee of a run, taken with the job's row; it comes back when the search does not begin, or fails by our fault."""
    fee_nusd = principal.workspace.optimization_fee_nusd
    taken = await store.charge_fee(
        tx, principal.workspace_id, credit_account_id=principal.workspace.credit_account_id, amount_nusd=fee_nusd, job_id=job_id
    )
    if not taken:
        raise OutOfCredit(
            f"An optimization run costs a fee of {credits_text(fee_nusd)} credits, and the workspace has less. Add credit.",
            details={"needed_nusd": fee_nusd},
        )
    return fee_nusd
