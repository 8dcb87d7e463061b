"""One stack with analytics and optimizers on top; each test has a workspace of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest_asyncio

from burnish_analytics.app import run as run_analytics
from burnish_analytics.settings import AnalyticsSettings
from burnish_optimizer.app import main as run_optimizer
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared.bus.connect import connect
from burnish_shared.db.session import Database
from tests.embedded.secrets import KEK
from tests.embedded.stack import FAST, Caller, Stack, running_stack
from tests.embedded.superuser import as_superuser

OPTIMIZER: dict[str, Any] = {
    "score_interval_s": 0.05,
    "lease_s": 20,
    "renew_s": 5.0,
    "watch_interval_s": 0.2,
    "lost_after_s": 0.3,
    "claim_interval_s": 0.2,
}
ANALYTICS: dict[str, Any] = {
    "scores_interval_s": 0.05, "period_ms": 50, "join_interval_s": 0.2, "watch_interval_s": 0.2, "baseline_least": 20, "baseline_full": 40,
    "erasure_interval_s": 0.2, "recount_interval_s": 0.2, "detector_threshold": 3.0,
}  # fmt: skip

StartOptimizer = Callable[..., Awaitable["asyncio.Task[None]"]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server) as running, _analytics(running):
        yield running


@contextlib.asynccontextmanager
async def _analytics(stack: Stack) -> AsyncIterator[None]:
    stop = asyncio.Event()
    settings = AnalyticsSettings(
        database_url=stack.urls["analytics"], nats_url=stack.nats.url("analytics"), replica="a0", kek=KEK, **ANALYTICS
    )
    db = await Database.open(stack.urls["analytics"], application_name="test-analytics", max_size=8)
    bus = await connect(stack.nats.url("analytics"), service="analytics", replica="a0")
    task = asyncio.create_task(run_analytics(settings, db=db, bus=bus, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)
        await bus.close()
        await db.close()


@pytest_asyncio.fixture(loop_scope="session")
async def caller(stack: Stack) -> Caller:
    """An editor whose workspace has a prompt `answers`, labelled production, that says what it is told."""
    caller = await stack.caller(role="admin")
    await say(caller, "POST", "/v1/prompts", {"slug": "answers", "messages": ECHO, "model": "simulated/chat", "temperature": 0.0})
    await say(caller, "PUT", "/v1/prompts/answers/labels/production", {"version": 1})
    return caller


RUBRIC = 'must contain "parcel"\nat most 60 words'
DAY = {"limit_nusd": 10**9, "period": "day"}

ECHO = [{"role": "user", "content": "{{text}}"}]


async def say(caller: Caller, method: str, path: str, body: Any = None) -> Any:
    """The answer's body. Fails the test where it is no success."""
    answer = await caller(method, path, body)
    async with asyncio.timeout(60):
        while answer.status == 503 and path == "/v1/evaluators":  # No worker was ready yet to look at it: the answer asks to try again.
            await asyncio.sleep(int(answer.headers["retry-after"]))
            answer = await caller(method, path, body)
    assert answer.status < 300, (method, path, answer.status, answer.body)
    return answer.body


async def run_prompt(caller: Caller, text: str, **more: Any) -> str:
    """Runs the prompt once and returns the execution's id."""
    return str((await say(caller, "POST", "/v1/executions", {"prompt": "answers", "variables": {"text": text}, **more}))["id"])


async def scores_of(caller: Caller, execution_id: str, *, n: int = 1, timeout_s: float = 60) -> list[dict[str, Any]]:
    """The scores beside an execution, once there are n."""
    async with asyncio.timeout(timeout_s):
        while True:
            scores: list[dict[str, Any]] = (await caller("GET", f"/v1/executions/{execution_id}")).body.get("scores", [])
            if len(scores) >= n:
                return scores
            await asyncio.sleep(0.03)


@pytest_asyncio.fixture(loop_scope="session")
async def start_optimizer(stack: Stack) -> AsyncIterator[StartOptimizer]:
    """`await start_optimizer(replica="a")`; ended after the test."""
    started: list[tuple[asyncio.Task[None], asyncio.Event]] = []

    async def start(*, replica: str = "o0", **settings: Any) -> "asyncio.Task[None]":
        stop = asyncio.Event()
        made = OptimizerSettings(
            database_url=stack.urls["optimizer"], nats_url=stack.nats.url("optimizer"), replica=replica, **(FAST | OPTIMIZER | settings)
        )
        task = asyncio.create_task(run_optimizer(stop, made))
        started.append((task, stop))
        return task

    yield start
    for task, stop in started:
        stop.set()
        if not task.done():
            await asyncio.wait_for(task, 30)


async def live(caller: Caller, settings: dict[str, Any], *, name: str = "one", **rule: Any) -> tuple[str, str]:
    """Makes an evaluator and a live evaluation of it; returns the ids of both."""
    evaluator = await say(caller, "POST", "/v1/evaluators", {"name": name, "settings": settings})
    made = await say(caller, "POST", "/v1/live-evaluations", {"evaluator_id": evaluator["id"], **rule})
    return evaluator["id"], made["id"]


async def rows(stack: Stack, statement: str, *arguments: Any) -> list[asyncpg.Record]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return list(await connection.fetch(statement, *arguments))
