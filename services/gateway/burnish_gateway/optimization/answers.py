"""What callers are told about test runs, jobs and suggestions (PRODUCT, core payloads)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record
from pydantic import BaseModel, Field

from burnish_gateway.optimization.forecast import Forecast
from burnish_gateway.optimization.proposals import first_of, report_told
from burnish_gateway.optimization.start import JobPlan, Started, least_credits
from burnish_gateway.optimization.start_run import RunPlan
from burnish_shared.money import credits_text
from burnish_shared.proposals import counts_of

OF_A_CHAIN: Final = "Null: of a chain, whose steps name theirs."


class ForecastAnswer(BaseModel):
    """A guess from above; only what is used is paid."""

    evaluations: int
    cost_nusd: int
    credits: str
    fee_nusd: int = Field(
        default=0,
        description="Fixed fee of an optimization run by the plan; given back when there is no headroom or not enough data, or when "
        "it is cancelled before it begins.",
    )
    set_aside_nusd: int = Field(description="What is held back for it: the forecast and room for what is in flight; the cap where less.")


class StartedAnswer(BaseModel):
    id: UUID
    status: str = "pending"
    forecast: ForecastAnswer


class StartedRun(BaseModel):
    """One of the runs of a request."""

    id: UUID
    version: int
    model: str | None = Field(description=OF_A_CHAIN)
    forecast: ForecastAnswer


class StartedRunsAnswer(StartedAnswer):
    """`id` of the first run; `forecast` of all together."""

    group_id: UUID | None = Field(default=None, description="What the runs have in common; null for a single one.")
    runs: list[StartedRun] = Field(description="A run of each version by each model.")


class PlannedRun(BaseModel):
    version: int
    model: str | None = Field(description=OF_A_CHAIN)
    items: int
    forecast: ForecastAnswer


class ShortBudget(BaseModel):
    """A hard budget that lets less through now than the forecast: what runs into it ends there."""

    id: UUID
    name: str
    target_kind: str = Field(description="workspace | prompt")
    period: str = Field(description="day | month")
    left_nusd: int


SHORT_BUDGETS: Final = (
    "Hard budgets of the workspace and the prompt, or those of a chain's steps, with less left than the forecast, the tightest first."
)


class RunPlanAnswer(PlannedRun):
    """Test runs that could be started now: version and model of the first, items and forecast of all together."""

    runs: list[PlannedRun]
    short_budgets: list[ShortBudget] = Field(default_factory=list, description=SHORT_BUDGETS)


class LackingItems(BaseModel):
    """Of what there is too little for a search."""

    what: str = Field(description="train_items | validation_items | test_items")
    have: int
    needed: int


class JobPlanAnswer(BaseModel):
    """An optimization as it could be started now; a budget below the least is told here, and refused at the start."""

    base_version: int
    chain: "TunedChainAnswer | None" = None
    models: dict[str, str]
    counts: dict[str, int]
    forecast: ForecastAnswer
    least_evaluations: int | None = Field(description="With fewer it is refused. Null: the dataset is too small for any search.")
    least_credits: str | None = Field(description="A cap below this is refused.")
    lacking: list[LackingItems] = Field(
        default_factory=list,
        description="Not empty: started so it ends at once as `not_enough_data`, and costs nothing. Also where every look that proofs may "
        "take at these test items is spent: it then takes as many fresh ones as there are.",
    )
    short_budgets: list[ShortBudget] = Field(default_factory=list, description=SHORT_BUDGETS)


_WAITS_FOR = (
    "What it waits for while nobody works on it: free_place (others of this workspace are worked on) | optimizer (none of this workspace "
    "is: the service that does it is away, or busy with other workspaces). Or provider_limit: its newest call that ended was refused for "
    "now by the provider's limits (429), and is asked again after a wait"
)
_STARTS = ". It goes on by itself. Null where somebody works on it or will within seconds, in lists, and at the end."


class TestedChainAnswer(BaseModel):
    """The chain of a test run. `prompts`: what its steps run in it, as SLUG@VERSION; `models`: by which model."""

    __test__ = False

    slug: str
    prompts: dict[str, str]
    models: dict[str, str]


class TestRunAnswer(BaseModel):
    __test__ = False  # pytest takes the name for a test

    id: UUID
    status: str = Field(description="pending | running | paused | completed | failed | cancelled")
    waits_for: str | None = Field(default=None, description=_WAITS_FOR + _STARTS)
    group_id: UUID | None = Field(default=None, description="The runs that one request started: `GET /v1/test-runs?group_id=`.")
    prompt: str | None = Field(description="Null: a chain is tested.")
    chain: TestedChainAnswer | None = Field(default=None, description="What is tested in place of a prompt; `version` is the chain's.")
    version: int
    model: str | None = Field(description=OF_A_CHAIN)
    dataset_id: UUID
    dataset_version: int
    split: str
    repeats: int
    source: str = Field(default="dataset", description="dataset | test_cases (of the version: `dataset_id` is made of them)")
    judge: str | None = Field(default=None, description="The model that judges items with criteria; null: there are none.")
    compare_with: UUID | None = Field(default=None, description="The run whose answers `pairwise` evaluators compared with.")
    failed_of: UUID | None = Field(default=None, description="The run whose failed items these are; null: the whole split.")
    progress: dict[str, Any]
    metrics: dict[str, Any] | None = None
    confusion_matrix: dict[str, dict[str, int]] | None = None
    evaluators: list[dict[str, Any]] | None = Field(
        default=None, description="For each: n, mean_score, passed with its interval, and how many answers had no score."
    )
    failed_cases: list[dict[str, Any]] | None = None
    failed_cases_left_out: int | None = None
    cost_nusd: int | None = Field(default=None, description="Of the answers that are counted.")
    spent_nusd: int = Field(
        description="What it has taken from the workspace's credit, as the books say: with the calls of judges, and those that ended after "
        "it was cut short."
    )
    latency_ms: dict[str, int] | None = None
    partial_results: dict[str, Any] | None = Field(default=None, description="What had come when it failed, was cancelled, or so far.")
    error: dict[str, Any] | None = None
    failed_at: datetime | None = None
    simulated: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TunedChainAnswer(BaseModel):
    """The chain that a job tries its prompt in. `prompts`: what the steps run while the job is under way, as SLUG@VERSION."""

    slug: str
    version: int
    step: str
    prompts: dict[str, str]


class OptimizationAnswer(BaseModel):
    id: UUID
    status: str = Field(description="pending | running | completed | failed | cancelled")
    waits_for: str | None = Field(
        default=None, description=f"{_WAITS_FOR} | earlier_search (a prompt is searched for one after the other){_STARTS}"
    )
    prompt: str
    base_version: int
    chain: TunedChainAnswer | None = Field(
        default=None, description="Where the prompt is tried as a step of one: what is judged is its output."
    )
    dataset_id: UUID
    dataset_version: int
    method: str
    models: dict[str, str]
    budget: dict[str, int | None]
    seed: int
    progress: dict[str, Any] = Field(
        description="method, round, evaluations, spent_nusd (as the books say, however it ended), best (measured gain of the leader on the "
        "newest train items), and its curve so far."
    )
    outcome: str | None = Field(default=None, description="improved | no_improvement | not_enough_data | no_headroom")
    finish_reason: str | None = Field(
        default=None,
        description="Why it ended: proven_on_test, or with several models proven_then_out_of_budget, …_out_of_time, …_suspended, "
        "…_model_failed | not_proven_on_test | not_confirmed (no text won on validation) | nothing_to_gain (nothing that was tried did "
        "better, so it stopped early) | nothing_found | no_headroom | not_enough_data | too_few_test_items | test_looks_spent | "
        "out_of_budget | out_of_time | suspended | model_failed | cancelled. Null while it goes on, and where it failed.",
    )
    suggestion_id: UUID | None = None
    test: dict[str, Any] | None = None
    edits: list[dict[str, Any]] | None = Field(
        default=None,
        description="Proposals, each an edit or a whole text: chosen, alive, dropped, rejected (and why). The 50 that rank first; all of "
        "them, page by page: `GET /v1/optimizations/{id}/proposals`.",
    )
    edit_counts: dict[str, int] | None = Field(default=None, description="All proposals, by state; null in lists, and before it ended.")
    report: dict[str, Any] = Field(
        default_factory=dict,
        description="What it has to say beside its figures: notes, themes of comments with the edits that came of them, what was learned, "
        "metrics that could not be taken, and where there was too little data `lacking`: `what`, how many it has (`have`) and how many it "
        "takes at least (`needed`). Of a job for several models `models`: what came of each, `counts` of its proposals by state, and "
        "`main` of the one that `test` and `edits` are about; the proposals of each: `GET /v1/optimizations/{id}/proposals?model=`.",
    )
    search: dict[str, Any] | None = Field(default=None, description="How it was asked to search, complete; null in lists.")
    error: dict[str, Any] | None = None
    failed_at: datetime | None = None
    simulated: bool
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TestRunPage(BaseModel):
    __test__ = False

    data: list[TestRunAnswer]
    next_cursor: str | None


class OptimizationPage(BaseModel):
    data: list[OptimizationAnswer]
    next_cursor: str | None


def started_answer(started: Started) -> StartedAnswer:
    return StartedAnswer(
        id=started.id, forecast=_forecast(started.forecast, set_aside_nusd=started.set_aside_nusd, fee_nusd=started.fee_nusd)
    )


def started_runs_answer(started: Sequence[Started]) -> StartedRunsAnswer:
    """Of at least one run."""
    runs = [
        StartedRun(
            id=one.id, version=one.version or 0, model=one.model, forecast=_forecast(one.forecast, set_aside_nusd=one.set_aside_nusd)
        )
        for one in started
    ]
    return StartedRunsAnswer(id=started[0].id, group_id=started[0].group_id, forecast=_together([one.forecast for one in runs]), runs=runs)


def run_plans_answer(plans: Sequence[RunPlan]) -> RunPlanAnswer:
    """Of at least one run."""
    runs = [
        PlannedRun(
            version=plan.tested.version,
            model=plan.tested.model,
            items=plan.total,
            forecast=_forecast(plan.forecast, set_aside_nusd=plan.set_aside_nusd),
        )
        for plan in plans
    ]
    return RunPlanAnswer(
        version=runs[0].version,
        model=runs[0].model,
        items=sum(one.items for one in runs),
        forecast=_together([one.forecast for one in runs]),
        runs=runs,
    )


def job_plan_answer(plan: JobPlan) -> JobPlanAnswer:
    return JobPlanAnswer(
        base_version=plan.subject.version.version,
        models={"task": plan.task_model, "reflect": plan.reflect_model},
        chain=_chain(plan.search.model_dump(mode="json")),
        counts=plan.subject.dataset.counts,
        forecast=_forecast(plan.forecast, set_aside_nusd=plan.set_aside_nusd, fee_nusd=plan.fee_nusd),
        least_evaluations=plan.least_evaluations,
        least_credits=None if plan.least_evaluations is None else least_credits(plan.least_nusd),
    )


def _forecast(forecast: Forecast, *, set_aside_nusd: int, fee_nusd: int = 0) -> ForecastAnswer:
    return ForecastAnswer(
        evaluations=forecast.evaluations,
        cost_nusd=forecast.expected_nusd,
        credits=credits_text(forecast.expected_nusd),
        fee_nusd=fee_nusd,
        set_aside_nusd=set_aside_nusd,
    )


def _together(forecasts: Sequence[ForecastAnswer]) -> ForecastAnswer:
    cost_nusd = sum(one.cost_nusd for one in forecasts)
    return ForecastAnswer(
        evaluations=sum(one.evaluations for one in forecasts),
        cost_nusd=cost_nusd,
        credits=credits_text(cost_nusd),
        set_aside_nusd=sum(one.set_aside_nusd for one in forecasts),
    )


def test_run_answer(row: Record, *, in_full: bool = True) -> TestRunAnswer:
    """`in_full` False: without failed cases and matrix, for lists."""
    result: dict[str, Any] = row["result"] or {}
    is_complete = row["status"] == "completed"
    shown = {name: value for name, value in result.items() if in_full or name in ("metrics", "evaluators", "cost_nusd", "latency_ms")}
    return TestRunAnswer(
        id=row["test_run_id"],
        status="paused" if row["status"] in ("pending", "running") and row["paused_at"] is not None else row["status"],
        waits_for=row.get("waits_for"),
        prompt=row["slug"],
        chain=tested_chain(row["chain"]),
        source="dataset" if row["cases_digest"] is None else "test_cases",
        judge=row["judge_model"],
        progress={"done": row["done"], "total": row["total"]},
        failed_at=row["finished_at"] if row["status"] == "failed" else None,
        partial_results=shown if shown and not is_complete else None,
        **(shown if is_complete else {}),
        **{name: row[name] for name in _TEST_RUN_COLUMNS},
    )


def optimization_answer(row: Record, *, in_full: bool = True) -> OptimizationAnswer:
    """`in_full` False: without the edits and the curve, for lists."""
    return OptimizationAnswer(
        id=row["job_id"],
        waits_for=row.get("waits_for"),
        prompt=row["slug"],
        models={"task": row["task_model"], "reflect": row["reflect_model"]} | _judge(row["search"]),
        budget={"evaluations": row["budget_evaluations"], "nusd": row["budget_nusd"], "seconds": row["budget_seconds"]},
        edits=first_of(row["edits"]) if in_full else None,
        edit_counts=counts_of(row["edits"]) if in_full and row["edits"] is not None else None,
        report=report_told(row["report"], row["edits"]) if in_full else {},
        search=_told(row["search"]) if in_full else None,
        chain=_chain(row["search"]),
        progress={name: value for name, value in progress_of(row).items() if in_full or name != "curve"},
        failed_at=row["finished_at"] if row["status"] == "failed" else None,
        finish_reason="cancelled" if row["status"] == "cancelled" else row["finish_reason"],
        **{name: row[name] for name in _JOB_COLUMNS},
    )


def progress_of(row: Record) -> dict[str, Any]:
    """Of a job. What it counts itself is a moment ahead of the books while it goes on, and behind them for good where it was cut short."""
    progress: dict[str, Any] = row["progress"]
    return progress | {"spent_nusd": max(progress["spent_nusd"], row["spent_nusd"])}


def _judge(search: dict[str, Any]) -> dict[str, str]:
    return {"judge": search["judge_model"]} if search.get("judge_model") else {}


def tested_chain(chain: dict[str, Any] | None) -> TestedChainAnswer | None:
    """Without its form, which its version says."""
    if chain is None:
        return None
    prompts: dict[str, dict[str, Any]] = chain["prompts"]
    return TestedChainAnswer(
        slug=chain["slug"],
        prompts={step: f"{one['slug']}@{one['version']}" for step, one in prompts.items()},
        models={step: one["model"] for step, one in prompts.items()},
    )


def _chain(search: dict[str, Any]) -> TunedChainAnswer | None:
    chain = search.get("chain")
    if chain is None:
        return None
    prompts = {step: f"{one['slug']}@{one['version']}" for step, one in chain["prompts"].items()}
    return TunedChainAnswer(slug=chain["slug"], version=chain["version"], step=chain["step"], prompts=prompts)


def _told(search: dict[str, Any]) -> dict[str, Any]:
    """What was asked for, without what was not. A chain is told beside it, without its form, which its version says."""
    return {name: value for name, value in search.items() if value not in (None, [], {}) and name != "chain"}


_TEST_RUN_COLUMNS = (
    "group_id", "version", "model", "dataset_id", "dataset_version", "split", "repeats", "compare_with", "failed_of", "error", "simulated",
    "spent_nusd", "created_by", "created_at", "started_at", "finished_at",
)  # fmt: skip
_JOB_COLUMNS = (
    "status", "base_version", "dataset_id", "dataset_version", "method", "seed", "outcome", "suggestion_id",
    "test", "error", "simulated", "created_by", "created_at", "started_at", "finished_at",
)  # fmt: skip
