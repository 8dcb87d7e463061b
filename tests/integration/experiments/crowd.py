"""Simulated users of one experiment: seeded, given to arms by its own key and ranges, counted by analytics' own tables, watched by the
optimizer's own look, and led by the gateway's own orders. Time is the test's."""

import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from burnish_analytics.core.rollup import COST, SATISFACTION, SUCCESSES, Deltas, Experiment
from burnish_analytics.io.rollup_store import add_deltas
from burnish_gateway.experiments import orders_store
from burnish_gateway.experiments.follow_orders import OrderFollower
from burnish_optimizer.conclude_experiment import conclude_experiment
from burnish_optimizer.core.experiment_orders import Order
from burnish_optimizer.io import experiments_store
from burnish_optimizer.refresh_percentiles import refresh_percentiles
from burnish_shared.clock import SetClock, SystemClock
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Database, Tx
from burnish_shared.experiments.assign import Allocation, bucket_of
from burnish_webhooks.fan_out import fan_out
from tests.embedded.stack import Caller, Stack

OBEYING: Final = ContextVar("OBEYING", default=False)


@contextmanager
def led_by_the_test() -> Iterator[None]:
    """The loop of the gateway in this process finds no orders meanwhile: it would carry them out at times of its own."""
    found = orders_store.list_due

    async def list_due(tx: Tx, *, most: int) -> list[tuple[UUID, UUID]]:
        return await found(tx, most=most) if OBEYING.get() else []

    with patch.object(orders_store, "list_due", list_due):
        yield


class _NoRelay:
    def wake(self) -> None:
        """Events stay in the outbox, where the test reads them."""


@dataclass
class Crowd:
    """`answer` brings users, `look` looks once and has carried out what was ordered."""

    caller: Caller
    experiment_id: UUID
    gateway: Database
    optimizer: Database
    analytics: Database
    webhooks: Database
    dice: random.Random
    clock: SetClock
    came: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def workspace_id(self) -> UUID:
        return self.caller.workspace.workspace_id

    async def answer(self, n: int, satisfied: Mapping[str, float], *, lost: Mapping[str, float] | None = None, cost: int = 0) -> None:
        """`n` new users, one answer and one thumb each. `lost`: arm → part of its users that never arrive."""
        row = await self.row("epoch, hash_key")
        [at] = await self.rows("SELECT ranges FROM experiment_epochs WHERE experiment_id = $1 AND epoch = $2", row["epoch"])
        allocation, deltas = Allocation.of(at["ranges"]), Deltas()
        for _ in range(n):
            self.came += 1
            unit = f"user:{self.came}"
            arm = allocation.arm_at(bucket_of(row["hash_key"], unit))
            if arm is None or self.dice.random() < (lost or {}).get(arm, 0.0):
                continue
            part = Experiment(self.workspace_id, self.experiment_id, row["epoch"], arm, unit)
            deltas.add_observation(part, SUCCESSES, 1, Decimal(1))
            deltas.add_observation(part, SATISFACTION, 1, Decimal(self.dice.random() < satisfied[arm]))
            if cost:
                deltas.add_observation(part, COST, 1, Decimal(self.dice.randint(cost // 2, cost)))
        async with self.analytics.unit_of_work(workspaces={self.workspace_id}) as tx:
            await add_deltas(tx, deltas)

    async def look(self, *, after: timedelta = timedelta(0)) -> Order | None:
        """One look, `after` later; what was ordered is carried out before it returns."""
        self.clock.at = max(self.clock.at, SystemClock().now()) + after
        async with self.optimizer.unit_of_work() as tx:
            claims = await experiments_store.claim(tx, worker="test", lease_s=60, most=1000)
        order = None
        for one in claims:
            if one.experiment_id == self.experiment_id:
                order = await conclude_experiment(one, db=self.optimizer, clock=self.clock, next_look_s=0.0)
                await refresh_percentiles(one, db=self.optimizer)  # as the watch does beside its looks; shown from the next one on
            else:
                async with self.optimizer.unit_of_work(workspace=one.workspace_id) as tx:
                    await experiments_store.put_off(tx, one, next_look_s=3600)
        if order is not None:
            await self.obey()
        watch = await self.rows("SELECT result FROM experiment_watch WHERE experiment_id = $1")
        self.said.append(watch[0]["result"]["sentence"])
        return order

    async def obey(self) -> int:
        """What the gateway's loop does, at the time of the test. Returns how many orders were carried out."""
        began = OBEYING.set(True)
        try:
            return await OrderFollower(self.gateway, self.clock, _NoRelay()).turn()  # type: ignore[arg-type]
        finally:
            OBEYING.reset(began)

    async def row(self, columns: str) -> Any:
        return (await self.rows(f"SELECT {columns} FROM experiments WHERE experiment_id = $1"))[0]

    async def rows(self, sql: str, *more: Any) -> list[Any]:
        """`$1` is the experiment."""
        async with self.gateway.unit_of_work(workspace=self.workspace_id) as tx:
            return list(await tx.fetch(sql, self.experiment_id, *more))

    async def label(self) -> int:
        """The version that production names."""
        sql = "SELECT l.version FROM prompt_labels l JOIN experiments e USING (workspace_id, prompt_id, label) WHERE e.experiment_id = $1"
        return int((await self.rows(sql))[0]["version"])

    async def events(self) -> list[Event]:
        """Of this experiment, oldest first."""
        async with self.webhooks.unit_of_work() as tx:
            rows = await tx.fetch("SELECT body FROM outbox WHERE service = 'gateway' ORDER BY outbox_id")
        told = [Event.model_validate_json(bytes(row["body"])) for row in rows if b'"experiment.' in bytes(row["body"])]
        return [one for one in told if one.object_id == str(self.experiment_id) and one.type.startswith("experiment.")]

    async def told(self) -> list[str]:
        """Types of events, each of which has an audit entry and goes to an endpoint that asked for them."""
        events = await self.events()
        types: list[str] = [one.type for one in events]
        entries = (await self.caller("GET", "/v1/audit?object_kind=experiment&limit=100")).body["data"]
        noted = [one["action"] for one in entries if one["object_id"] == str(self.experiment_id)]
        assert sorted(set(types)) == sorted({one for one in noted if one != "experiment.created"}), (types, noted)
        endpoint = await self.caller("POST", "/v1/webhooks/endpoints", {"url": "https://example.com/hook", "events": sorted(set(types))})
        assert endpoint.status == 201, endpoint.body
        await fan_out(events, db=self.webhooks, base_url="https://burnish.example")
        sent = await self.rows("SELECT event_type, body FROM webhook_deliveries WHERE object_id = $1::uuid::text ORDER BY event_id")
        assert sorted(row["event_type"] for row in sent) == sorted(types)
        assert all(json.loads(bytes(row["body"]))["data"]["experiment_id"] == str(self.experiment_id) for row in sent)
        return types


@asynccontextmanager
async def crowd(stack: Stack, caller: Caller, experiment: str, *, seed: int) -> AsyncIterator[Crowd]:
    """Around an experiment that runs."""
    roles = ("gateway", "optimizer", "analytics", "webhooks")
    opened = [await Database.open(stack.urls[one], application_name=f"crowd-{one}", max_size=2) for one in roles]
    try:
        gateway, optimizer, analytics, webhooks = opened
        dice, clock = random.Random(seed), SetClock(SystemClock().now())
        # Who is in which arm follows from the seed too.
        async with gateway.unit_of_work(workspace=caller.workspace.workspace_id) as tx:
            await tx.execute("UPDATE experiments SET hash_key = $2 WHERE experiment_id = $1", UUID(experiment), UUID(int=seed))
        with led_by_the_test():
            yield Crowd(caller, UUID(experiment), gateway, optimizer, analytics, webhooks, dice, clock)
    finally:
        for one in opened:
            await one.close()
