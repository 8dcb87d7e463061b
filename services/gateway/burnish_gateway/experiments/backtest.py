"""Backtests: inputs of a past week through other versions or models, on the batch lane (PRODUCT X1).

A backtest is a batch whose lines were taken from executions: forecast, cap, progress, pause and cancel are the batch's.
"""

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.batches import store as batches_store
from burnish_gateway.batches.make_batch import BatchTerms, Plan, make_batch, plan_lines
from burnish_gateway.batches.read_lines import Line
from burnish_gateway.deps import Gateway
from burnish_gateway.execution.order import CALLERS_PLACEHOLDER, Order
from burnish_gateway.experiments import backtest_store, store
from burnish_gateway.experiments.backtest_bodies import NewBacktest
from burnish_gateway.experiments.experiment import no_such_experiment
from burnish_gateway.registry import store as prompts_store
from burnish_gateway.registry.catalog import ResolvedVersion
from burnish_gateway.registry.prompt import no_such_prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, Conflict, Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.slug import parse_slug

APP: Final = "burnish.backtest"


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a backtest, as it is stored."""

    arm: str
    version: int
    model: str | None


@dataclass(frozen=True, slots=True)
class BacktestPlan:
    """A backtest that could begin. `left_out`: executions that cannot be asked again as they were, and why most of them."""

    prompt_id: UUID
    slug: str
    experiment_id: UUID | None
    arms: tuple[Arm, ...]
    since: datetime
    until: datetime
    found: int
    inputs: int
    left_out: int
    plan: Plan


async def plan_backtest(body: NewBacktest, *, gateway: Gateway, principal: Principal, request_id: str) -> BacktestPlan:
    """Chooses inputs, renders and prices every line. Raises NotFound, InvalidField, Conflict where nothing can be asked again."""
    slug, experiment_id, wanted = await _sides(body, gateway, principal)
    until = gateway.clock.now()
    since = until - timedelta(days=body.days)
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        found, rows = await backtest_store.past_inputs(tx, principal.workspace_id, slug, since=since, most=body.inputs)
        usual = await batches_store.usual_output(tx, principal.workspace_id)
    asked = [one for row in rows if (one := await _asked_then(row, slug, gateway=gateway, principal=principal)) is not None]
    if not asked:
        because = "there was no execution of it whose text is kept" if not rows else f"none of {len(rows)} executions can be asked again"
        raise Conflict(f"'{slug}' cannot be tested on its last {body.days} days: {because}.", param="days")
    first = await gateway.catalog.in_use(principal.workspace_id, slug, version=wanted[0].version)
    plan = await plan_lines(_lines(asked, wanted, slug), usual, gateway=gateway, principal=principal, request_id=request_id)
    if plan.invalid == len(plan.lines) and plan.first_error is not None:
        raise plan.first_error
    return BacktestPlan(first.prompt_id, slug, experiment_id, wanted, since, until, found, len(asked), len(rows) - len(asked), plan)


async def begin(tx: Tx, body: NewBacktest, planned: BacktestPlan, *, gateway: Gateway, principal: Principal) -> UUID:
    """Sets aside what it can cost, at most `max_cost_nusd`. Raises as a batch does: OutOfCredit, Suspended, …"""
    batch = BatchTerms(
        name=f"Backtest of {planned.slug}"[:200], endpoint="/v1/executions", max_cost_nusd=body.max_cost_nusd, metadata={"kind": "backtest"}
    )
    batch_id, backtest_id = await make_batch(tx, batch, planned.plan, gateway=gateway, principal=principal), new_uuid()
    arms = [{"arm": one.arm, "version": one.version, "model": one.model} for one in planned.arms]
    await backtest_store.insert(
        tx, principal.workspace_id, backtest_id=backtest_id, experiment_id=planned.experiment_id, prompt_id=planned.prompt_id,
        slug=planned.slug, arms=arms, window_from=planned.since, window_to=planned.until, inputs=planned.inputs, found=planned.found,
        batch_id=batch_id, created_by=principal.actor,
    )  # fmt: skip
    after = {"prompt": planned.slug, "arms": arms, "inputs": planned.inputs, "batch_id": str(batch_id)}
    await audit.note(tx, principal, action="experiment_backtest.started", kind="experiment_backtest", key=str(backtest_id), after=after)
    return backtest_id


async def _sides(body: NewBacktest, gateway: Gateway, principal: Principal) -> tuple[str, UUID | None, tuple[Arm, ...]]:
    """The slug, the experiment and what is compared: its arms, or versions by models. Raises NotFound."""
    if body.experiment_id is not None:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
            experiment = await store.find(tx, principal.workspace_id, body.experiment_id)
        if experiment is None:
            raise no_such_experiment()
        sides = []
        for arm in experiment.arms:
            label = arm.label or (experiment.label if arm.version is None else None)
            version = await gateway.catalog.in_use(
                principal.workspace_id, experiment.slug, label=None if arm.version else label, version=arm.version
            )
            sides.append(Arm(arm.arm, version.version, arm.model))
        return experiment.slug, experiment.experiment_id, tuple(sides)
    slug = parse_slug(body.prompt or "", param="prompt")
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        if await prompts_store.find_head(tx, principal.workspace_id, slug) is None:
            raise no_such_prompt(slug)
    versions = body.versions or [(await gateway.catalog.in_use(principal.workspace_id, slug)).version]
    for index, one in enumerate(body.versions or ()):
        await _there(gateway.catalog.in_use(principal.workspace_id, slug, version=one), param=f"versions[{index}]")
    for index, name in enumerate(body.models or ()):
        await _there(gateway.models.route(principal.workspace, name), param=f"models[{index}]")
    models: list[str | None] = list(body.models) if body.models else [None]
    sides = [Arm(f"v{version}" + (f" {model}" if model else ""), version, model) for version in versions for model in models]
    return slug, None, tuple(sides)


async def _there(found: Awaitable[Any], *, param: str) -> None:
    """Raises what it raises, naming the field of the body."""
    try:
        await found
    except BurnishError as error:
        error.param = param if error.param is not None else None
        raise


async def _asked_then(row: Record, slug: str, *, gateway: Gateway, principal: Principal) -> tuple[UUID, Order] | None:
    """The call as it was made: its variables, and what the caller's own messages were. None where it cannot be told from what is kept."""
    try:
        version = await gateway.catalog.in_use(principal.workspace_id, slug, version=row["version"])
        own = own_messages(version, row["variables"] or {}, row["messages"] or [])
    except Unavailable:
        raise
    except BurnishError:
        return None
    if own is None:
        return None
    order = Order(slug=slug, variables=row["variables"] or {}, messages=own or None, app=APP, takes_part=False)
    return row["execution_id"], order


def own_messages(
    version: ResolvedVersion, variables: Mapping[str, Any], messages: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]] | None:
    """What the caller sent beside the prompt: what stands behind its rendered messages. None where they differ from what was asked, as
    where a placeholder took the caller's messages in, or the text was masked."""
    if CALLERS_PLACEHOLDER in version.template.placeholders:
        return None
    rendered = [_plain(one) for one in version.template.render(variables).messages]
    kept = [_plain(one) for one in messages]
    return [dict(one) for one in messages[len(rendered) :]] if kept[: len(rendered)] == rendered else None


def _plain(message: Mapping[str, Any]) -> tuple[Any, Any]:
    return message.get("role"), message.get("content")


def _lines(asked: Sequence[tuple[UUID, Order]], arms: Sequence[Arm], slug: str) -> Iterator[Line]:
    """Each input by each arm: the custom id says which, and of what execution."""
    for number, (execution_id, order) in enumerate(asked, 1):
        for index, arm in enumerate(arms):
            yield Line(number, f"{index}:{execution_id}", replace(order, slug=slug, version=arm.version, model=arm.model))
