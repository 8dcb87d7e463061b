"""Carries out what the optimizer decided of experiments: the gateway owns experiments and labels, and nobody else changes them.

An order was made for an experiment as it was seen (its revision). Whoever changed it meanwhile, a person above all, wins: the order is
outdated then, and the optimizer looks anew. Taken under a lock and done in one transaction, so two gateways carry it out once.
"""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from burnish_gateway.experiments import announce, lifecycle, orders_store, store
from burnish_gateway.experiments.experiment import Experiment
from burnish_gateway.experiments.lifecycle import OPTIMIZER
from burnish_gateway.experiments.orders_store import Order
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_shared.bus.relay import Relay
from burnish_shared.clock import Clock
from burnish_shared.contracts.experiments import Verdict
from burnish_shared.db.session import UNAVAILABLE, Database, Tx
from burnish_shared.errors import BurnishError, Busy, Unavailable
from burnish_shared.in_step import in_step

log = structlog.get_logger("burnish.gateway")

AT_ONCE: Final = 50


@dataclass(slots=True)
class OrderFollower:
    """`interval_s`: how long an order may wait at most where nothing is wrong."""

    db: Database
    clock: Clock
    relay: Relay
    interval_s: float = 1.0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                await self.turn()
            except (Unavailable, *UNAVAILABLE) as error:
                log.warning("experiment_orders.put_off", error=str(error) or type(error).__name__)
            await asyncio.sleep(in_step(self.interval_s))

    async def turn(self) -> int:
        """Everything that waits. Returns how many were carried out here."""
        async with self.db.unit_of_work(read_only=True, one_statement=True) as tx:
            due = await orders_store.list_due(tx, most=AT_ONCE)
        done = 0
        for workspace_id, order_id in due:
            done += await self._follow(workspace_id, order_id)
        if done:
            self.relay.wake()
        return done

    async def _follow(self, workspace_id: UUID, order_id: UUID) -> int:
        """The edge of an order: what the rules refuse is written down, so that it is not tried for ever, and one that nobody can read
        keeps no other workspace from theirs."""
        about = {"order_id": str(order_id), "workspace_id": str(workspace_id)}
        try:
            return await self._carry_out(workspace_id, order_id)
        except Busy:
            return 0
        except (Unavailable, *UNAVAILABLE):
            raise
        except BurnishError as error:
            log.warning("experiment_orders.refused", **about, code=error.code)
            refused = error.message
        except Exception:
            BACKGROUND_FAILED.labels("experiment_orders").inc()
            log.exception("experiment_orders.failed", **about)
            refused = "something went wrong on our side; it has been logged."
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            order = await orders_store.take(tx, workspace_id, order_id)
            if order is not None:
                await orders_store.settle(tx, workspace_id, order, outcome=f"refused: {refused}"[:2000])
        return 0

    async def _carry_out(self, workspace_id: UUID, order_id: UUID) -> int:
        async with self.db.unit_of_work(workspace=workspace_id) as tx:
            order = await orders_store.take(tx, workspace_id, order_id)
            if order is None:
                return 0
            experiment = await store.find(tx, workspace_id, order.experiment_id, for_update=True)
            if experiment is None or experiment.revision != order.revision or experiment.status != "running":
                await orders_store.settle(tx, workspace_id, order, outcome="outdated")
                return 0
            moved = await _obey(tx, experiment, order, self.clock)
            await orders_store.settle(tx, workspace_id, order, outcome="applied")
            await announce.experiment_changed(tx, workspace_id, experiment.experiment_id, moved=experiment.slug if moved else None)
        return 1


async def _obey(tx: Tx, experiment: Experiment, order: Order, clock: Clock) -> bool:
    """True: the prompt reads otherwise too, as its label moved."""
    data = order.data
    match order.kind:
        case "advance":
            shares = lifecycle.shares_at(experiment, data["step"])
            await lifecycle.change_shares(tx, experiment, shares, by=OPTIMIZER, reason="step", step=data["step"], clock=clock)
        case "reallocate":
            await lifecycle.change_shares(tx, experiment, data["shares"], by=OPTIMIZER, reason=data["reason"], clock=clock)
        case "hold":
            await lifecycle.hold(tx, experiment, by=OPTIMIZER, why=data["why"], clock=clock)
        case "roll_back":
            await lifecycle.roll_back(tx, experiment, Verdict.model_validate(data), by=OPTIMIZER, clock=clock)
        case "conclude":
            promotion = await lifecycle.complete(tx, experiment, Verdict.model_validate(data), by=OPTIMIZER, clock=clock)
            return lifecycle.touches_prompt(promotion)
        case _:
            raise BurnishError(f"Nobody here knows how to carry out '{order.kind}'.")
    return False
