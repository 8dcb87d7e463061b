"""Shadow arms: a copy of a call that another version or model answers unseen, on the batch lane (PRODUCT X1).

No caller waits for it: copies wait in bounded memory and are published one after the other. What they cost is taken from what was set
aside at the start; the books refuse what comes beyond it. A copy that is lost with its gateway is one of a sample.
"""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.execution.order import REQUEST_MOST_BYTES, Order
from burnish_gateway.experiments.running import Arm
from burnish_gateway.experiments.take_part import Taken, shadows_of
from burnish_gateway.metrics import BACKGROUND_FAILED
from burnish_shared import subjects
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.contracts.experiments import ExperimentPart
from burnish_shared.errors import BurnishError

if TYPE_CHECKING:
    from burnish_gateway.deps import Gateway

log = structlog.get_logger("burnish.gateway")

WAITING_MOST: Final = 500
"""Copies in memory; what comes beyond them is dropped and counted."""

QUEUE_LIMIT: Final = timedelta(hours=1)
RUN_LIMIT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Copy:
    order: Order
    arm: Arm
    taken: Taken
    principal: Principal
    execution_id: UUID


@dataclass(slots=True)
class Shadows:
    """`run` must be running."""

    gateway: "Gateway"
    _waiting: "asyncio.Queue[_Copy]" = field(default_factory=lambda: asyncio.Queue(WAITING_MOST))

    def follow(self, order: Order, taken: Taken, principal: Principal, *, execution_id: UUID) -> None:
        """The call was let in: each shadow arm that sees it gets a copy. Costs a hash for each, and nothing where there is none."""
        if not taken.live.shadows or taken.live.shadow_account_id is None:
            return
        for arm in shadows_of(taken, execution_id):
            try:
                self._waiting.put_nowait(_Copy(order, arm, taken, principal, execution_id))
            except asyncio.QueueFull:
                self._drop(taken, principal)

    async def run(self) -> None:
        while True:
            copy = await self._waiting.get()
            try:
                await self._send(copy)
            except BurnishError as error:
                self._drop(copy.taken, copy.principal)
                log.warning("experiment.shadow_not_sent", experiment_id=str(copy.taken.live.experiment_id), because=error.code)
            except Exception:  # the edge of a copy: nobody waits for it, and other copies do
                BACKGROUND_FAILED.labels("shadows").inc()
                self._drop(copy.taken, copy.principal)
                log.exception("experiment.shadow_failed", experiment_id=str(copy.taken.live.experiment_id))

    async def _send(self, copy: _Copy) -> None:
        """Raises what rendering and the bus raise."""
        # Here and not above: a request is made by the module that sends calls here.
        from burnish_gateway.execution.submit import make_request

        order = replace(
            copy.order, label=None, version=copy.arm.version, model=copy.arm.model or copy.order.model, stream=False, background=False,
            takes_part=False, client_request_id=None, deadline_s=None,
        )  # fmt: skip
        made = await make_request(order, gateway=self.gateway, principal=copy.principal, request_id="")
        request = _unseen(made.request, copy, self.gateway)
        body = request.model_dump_json(exclude_defaults=True).encode()
        if len(body) > REQUEST_MOST_BYTES:
            self._drop(copy.taken, copy.principal)
            return
        subject = subjects.executions_requested_batch(request.workspace_id)
        await self.gateway.bus.publish(subject, body, message_id=f"{request.execution_id}:1:0")

    def _drop(self, taken: Taken, principal: Principal) -> None:
        self.gateway.experiments.count(principal.workspace_id, taken.live.experiment_id, "shadow_dropped")


def _unseen(request: ExecutionRequest, copy: _Copy, gateway: "Gateway") -> ExecutionRequest:
    """The same call for nobody: paid by the experiment, never from the cache, and of no unit."""
    now, live = gateway.clock.now(), copy.taken.live
    part = ExperimentPart(
        experiment_id=live.experiment_id, arm=copy.arm.name, epoch=live.epoch, unit=f"execution:{request.execution_id}",
        shadow_of=copy.execution_id,
    )  # fmt: skip
    return request.model_copy(
        update={
            "lane": Lane.BATCH, "account_ids": [live.shadow_account_id], "job_id": live.experiment_id, "experiment": part, "cache": None,
            "stream": False, "sent_at": now, "deadline_at": now + RUN_LIMIT, "queue_deadline_at": now + QUEUE_LIMIT,
        }
    )  # fmt: skip
