"""`/runs`, `/test-set` and `/metrics/summary`: test runs and their dataset in the words of the source systems."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from asyncpg import Record
from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.compat.source import bodies, store
from burnish_gateway.compat.source.caller import SourceEditor, SourceViewer
from burnish_gateway.datasets import store as datasets_store
from burnish_gateway.datasets.add_items import add_items, create_dataset
from burnish_gateway.datasets.dataset import Change
from burnish_gateway.datasets.item import NewItem
from burnish_gateway.deps import GatewayParts
from burnish_gateway.error_answer import PAID
from burnish_gateway.idempotency import run_once
from burnish_gateway.optimization.bodies import TestRunBody
from burnish_gateway.optimization.start_run import start_test_run
from burnish_gateway.turns_store import take_turns
from burnish_gateway.wire import json_response, make_router
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound
from burnish_shared.slug import parse_slug

router = make_router("optimization")
test_set_router = make_router("datasets")

TEST_SET: Final = "test_set"
"""The dataset of that name is these systems' one test set; the newest where there are several."""

SPLITS: Final = ("test", "validation", "train")
"""A run goes over the first of these that holds anything."""


class StartedSourceRun(BaseModel):
    id: str
    prompt_id: str
    status: str = "running"
    created_at: datetime | None = None


class CategoryStats(BaseModel):
    correct: int
    total: int
    accuracy: float


class RunMetrics(BaseModel):
    overall_accuracy: float
    correct: int
    total: int
    category_stats: dict[str, CategoryStats]


class RunResult(BaseModel):
    test_id: str
    ticket: str
    expected: str
    predicted: str | None
    correct: bool


class FailedCase(BaseModel):
    test_id: str
    ticket: str
    expected: str
    predicted: str | None


class SourceRun(BaseModel):
    """`error`, `partial_results` and `failed_at` of one that failed."""

    id: str
    prompt_id: str
    created_at: datetime
    completed_at: datetime | None
    status: str = Field(description="running | completed | failed | cancelled")
    metrics: RunMetrics | None
    simulated: bool
    progress: dict[str, int]


class SourceRunDetail(SourceRun):
    confusion_matrix: dict[str, dict[str, int]]
    results: list[RunResult]
    failed_cases: list[FailedCase]
    error: str | None = None
    partial_results: list[RunResult] | None = None
    failed_at: datetime | None = None


class TestCase(BaseModel):
    __test__ = False

    test_id: str
    ticket: str
    expected: str


class TestSetAnswer(BaseModel):
    __test__ = False

    dataset_id: UUID
    added: int
    total: int


class PromptSummary(BaseModel):
    prompt_id: str
    name: str
    runs: int
    latest_run: str
    version: int
    model: str
    overall_accuracy: float
    correct: int
    total: int
    category_stats: dict[str, CategoryStats]
    completed_at: datetime | None
    simulated: bool


class MetricsSummary(BaseModel):
    """The newest completed run of each prompt, the most accurate first. `/v1/test-runs/summary` says which differences may be chance."""

    prompts: list[PromptSummary]
    best_prompt_id: str | None
    total_runs: int


@router.post(
    "/runs", status_code=202, response_model=StartedSourceRun, responses=PAID, summary="Start a test run, as the source system does"
)
async def start_run(
    request: Request,
    principal: SourceEditor,
    gateway: GatewayParts,
    body: bodies.NewRun | None = None,
    prompt_id: Annotated[str | None, Query(max_length=63, description="Where it does not stand in the body.")] = None,
) -> Response:
    """Of the version that `production` names, over the test split of the dataset `test_set`. Native: `POST /v1/test-runs`."""
    named = (body.prompt_id if body else None) or prompt_id
    if not named:
        raise InvalidField("prompt_id: is needed, in the body or in the query.", param="prompt_id")
    slug = parse_slug(named, param="prompt_id")

    async def work(tx: Tx) -> StartedSourceRun:
        dataset_id, split = await _test_set(tx, principal)
        started = await start_test_run(tx, principal, TestRunBody.model_construct(prompt=slug, dataset_id=dataset_id, split=split))
        now = gateway.clock.now()
        name = await store.name_run(tx, principal.workspace_id, slug=slug, prefix=f"{slug}_{now:%Y%m%d}_", test_run_id=started.id)
        asked = {"prompt": slug, "version": started.version, "model": started.model, "split": split, "name": name}
        await audit.note(tx, principal, action="test_run.started", kind="test_run", key=str(started.id), after=asked)
        return StartedSourceRun(id=name, prompt_id=slug, created_at=now)

    answer = await run_once(gateway, request, principal, status=202, work=work)
    gateway.relay.wake()
    return answer


@router.get("/runs", response_model=list[SourceRun], summary="Test runs, as the source system lists them")
async def list_runs(
    principal: SourceViewer, gateway: GatewayParts, prompt_id: Annotated[str | None, Query(max_length=63)] = None
) -> Response:
    """A bare list, the newest first, at most 200: those that were started here. Native: `GET /v1/test-runs`."""
    slug = None if prompt_id is None else parse_slug(prompt_id, param="prompt_id")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.list_runs(tx, principal.workspace_id, slug=slug)
    return json_response([SourceRun(**_run(row)).model_dump(mode="json") for row in rows])


@router.get("/runs/{id}", response_model=SourceRunDetail, summary="A test run, as the source system shows it")
async def read_run(id: str, principal: SourceViewer, gateway: GatewayParts) -> Response:
    """By its name, `{prompt}_{date}_{nnn}`. Poll it until `status` is no longer `running`. Native: `GET /v1/test-runs/{id}`."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        row = None if "\x00" in id else await store.run_named(tx, principal.workspace_id, id[:200])
        if row is None:
            raise NotFound("There is no test run of this name in this workspace.", param="id")
        answered = await store.results_of(tx, principal.workspace_id, row["test_run_id"])
    return json_response(_detail(row, answered))


@test_set_router.get("/test-set", response_model=list[TestCase], summary="The test set, as the source system shows it")
async def read_test_set(principal: SourceViewer, gateway: GatewayParts) -> Response:
    """A bare list of what a run goes over. [] where there is no dataset `test_set`. Native: `GET /v1/datasets/{id}/items`."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        dataset_id = await store.newest_dataset(tx, principal.workspace_id, TEST_SET)
        rows: Sequence[Record] = []
        if dataset_id is not None:
            split = await _split_of(tx, principal, dataset_id)
            rows = await store.items_of(tx, principal.workspace_id, dataset_id, split=split or SPLITS[0])
    return json_response([_case(row).model_dump(mode="json") for row in rows])


@test_set_router.post("/test-set", response_model=TestSetAnswer, summary="Add to the test set")
async def add_to_test_set(request: Request, body: bodies.TestSet, principal: SourceEditor, gateway: GatewayParts) -> Response:
    """All into the test split; what is there already stays as it is. Native: `POST /v1/datasets`."""
    items = [
        NewItem(
            input=one.ticket or one.text or "", expected=one.answer, split="test",
            metadata={"test_id": given} if (given := one.test_id or one.id) else {},
        )
        for one in body.items
    ]  # fmt: skip
    unique = list({one.content_hash: one for one in reversed(items)}.values())[::-1]

    async def work(tx: Tx) -> TestSetAnswer:
        await take_turns(tx, principal.workspace_id, "test_set")
        dataset_id = await store.newest_dataset(tx, principal.workspace_id, TEST_SET)
        change = Change(principal.actor, "uploaded")
        if dataset_id is None:
            added = await create_dataset(tx, principal.workspace_id, TEST_SET, unique, change=change)
        else:
            added = await add_items(tx, principal.workspace_id, dataset_id, unique, change=change)
        key = str(added.dataset.dataset_id)
        await audit.note(tx, principal, action="dataset.items.added", kind="dataset", key=key, after={"added": added.added})
        return TestSetAnswer(dataset_id=added.dataset.dataset_id, added=added.added, total=sum(added.dataset.counts.values()))

    return await run_once(gateway, request, principal, status=200, work=work)


@router.get("/metrics/summary", response_model=MetricsSummary, summary="Prompts compared, as the source system does")
async def metrics_summary(principal: SourceViewer, gateway: GatewayParts) -> Response:
    """Native: `GET /v1/test-runs/summary`, with intervals."""
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        rows = await store.newest_completed(tx, principal.workspace_id)
        counts = await store.run_counts(tx, principal.workspace_id)
    prompts = sorted((_summary(row, counts) for row in rows), key=lambda one: (-one.overall_accuracy, one.prompt_id))
    best = prompts[0].prompt_id if prompts else None
    return json_response(MetricsSummary(prompts=prompts, best_prompt_id=best, total_runs=sum(counts.values())))


async def _test_set(tx: Tx, principal: Principal) -> tuple[UUID, Any]:
    dataset_id = await store.newest_dataset(tx, principal.workspace_id, TEST_SET)
    split = None if dataset_id is None else await _split_of(tx, principal, dataset_id)
    if dataset_id is None or split is None:
        raise NotFound("There is no test set yet: POST /test-set, or import `test_set.json`.", param="test_set")
    return dataset_id, split


async def _split_of(tx: Tx, principal: Principal, dataset_id: UUID) -> str | None:
    dataset = await datasets_store.find_dataset(tx, principal.workspace_id, dataset_id)
    return None if dataset is None else next((one for one in SPLITS if dataset.counts[one]), None)


def _run(row: Record) -> dict[str, Any]:
    status = {"pending": "running"}.get(row["status"], row["status"])
    metrics = (row["result"] or {}).get("metrics")
    return {
        "id": row["name"], "prompt_id": row["slug"], "created_at": row["created_at"], "status": status, "simulated": row["simulated"],
        "completed_at": row["finished_at"] if status == "completed" else None, "progress": {"done": row["done"], "total": row["total"]},
        "metrics": _metrics(metrics) if metrics and status == "completed" else None,
    }  # fmt: skip


def _metrics(given: dict[str, Any]) -> RunMetrics:
    stats = {
        name: CategoryStats(correct=one["correct"], total=one["total"], accuracy=one["accuracy"])
        for name, one in given["category_stats"].items()
    }
    return RunMetrics(
        overall_accuracy=given["overall_accuracy"] or 0.0, correct=given["correct"], total=given["total"], category_stats=stats
    )  # fmt: skip


def _detail(row: Record, answered: Sequence[Record]) -> SourceRunDetail:
    told = _run(row)
    is_over = told["status"] in ("failed", "cancelled")
    results = [_result(one) for one in answered if one["output"] is not None or not is_over]
    failed = [one for one in results if not one.correct]
    return SourceRunDetail(
        **told, confusion_matrix=(row["result"] or {}).get("confusion_matrix") or {}, results=results,
        failed_cases=[FailedCase(**one.model_dump(exclude={"correct"})) for one in failed],
        error=(row["error"] or {}).get("message") if is_over else None, partial_results=results if is_over else None,
        failed_at=row["finished_at"] if told["status"] == "failed" else None,
    )  # fmt: skip


def _result(row: Record) -> RunResult:
    case = _case(row)
    return RunResult(
        test_id=case.test_id, ticket=case.ticket, expected=case.expected, predicted=row["output"], correct=bool(row["score"])
    )  # fmt: skip


def _case(row: Record) -> TestCase:
    own = (row["metadata"] or {}).get("test_id")
    is_named = isinstance(own, (str, int, float)) and not isinstance(own, bool) and own != ""
    return TestCase(test_id=str(own if is_named else row["item_id"]), ticket=store.text_of_input(row["input"]), expected=row["expected"])


def _summary(row: Record, counts: dict[str, int]) -> PromptSummary:
    metrics = _metrics(row["result"]["metrics"])
    return PromptSummary(
        prompt_id=row["slug"], name=row["title"], runs=counts.get(row["slug"], 0), latest_run=row["name"] or str(row["test_run_id"]),
        version=row["version"], model=row["model"], completed_at=row["finished_at"], simulated=row["simulated"],
        **metrics.model_dump(),
    )  # fmt: skip
