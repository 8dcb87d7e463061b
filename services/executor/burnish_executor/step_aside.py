"""Queued work whose workspace or provider has its share of a lane goes to the end of its queue: others come before it (PROMISES E-12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import structlog

from burnish_executor import metrics
from burnish_executor.bulkheads import Bulkheads, Seat, provider_of
from burnish_shared.bus.batch import Delivered
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.executions import ExecutionRequest, Lane
from burnish_shared.errors import Unavailable

WAIT_S: Final = 0.1
"""So long a message waits for a place before it makes way, which bounds how often it is written again."""

WAIT_S_PER_BYTE: Final = 2.0 / (1 << 20)
"""Longer for what is large: no place that is kept for others writes more than half a MiB a second."""

NOT_TAKEN_WAIT_S: Final = 5.0
"""Longer too where the bus took no copy: what is full, or has older permissions, is so for a while, and a place may be free any moment."""

SERVERS_OWN: Final = "nats-"
"""Headers by which a server knows a message; a copy has its own."""

log = structlog.get_logger("burnish.executor")


@dataclass(frozen=True, slots=True)
class Places:
    """Of the lanes that are read from queues: so many for a workspace as a lane is set to, and half as many for others.

    A provider's share lies between the two: one workspace that has all of its own at one address leaves places there too.
    """

    bus: Bus
    bulkheads: Mapping[Lane, Bulkheads]

    @classmethod
    def of(cls, bus: Bus, running: Mapping[Lane, int]) -> Self:
        """`running`: most executions of one workspace at once, by lane."""
        return cls(bus, {lane: _with_others(most) for lane, most in running.items()})

    def loops(self, lane: Lane) -> int:
        """How many messages of the lane may be in hand at once: each that runs or waits for its place has one."""
        return self.bulkheads[lane].slots

    async def take(self, request: ExecutionRequest, message: Delivered) -> Seat | None:
        """A place for `request`. None: there was none for its workspace or its provider, and a copy lies at the end of its queue.

        Where the bus takes no copy, it waits for a place as long as that lasts. A copy is made once for each message, however often that
        is delivered.
        """
        wait_s = WAIT_S + WAIT_S_PER_BYTE * len(message.data)
        while True:
            seat = await self.bulkheads[request.lane].wait(request.workspace_id, provider_of(request), at_most_s=wait_s)
            if seat is not None or await self._is_written_again(request, message):
                return seat
            wait_s = NOT_TAKEN_WAIT_S

    async def _is_written_again(self, request: ExecutionRequest, message: Delivered) -> bool:
        headers = {name: value for name, value in message.headers.items() if not name.lower().startswith(SERVERS_OWN)}
        message_id = f"{request.execution_id}:aside:{message.stream_seq}"
        try:
            await self.bus.publish(message.subject, message.data, message_id=message_id, headers=headers)
        except Unavailable as error:
            log.warning("execution.not_stepped_aside", execution_id=str(request.execution_id), reason=error.message)
            return False
        metrics.STEPPED_ASIDE.labels(request.lane.value).inc()
        return True


def _with_others(most: int) -> Bulkheads:
    others = max(2, most // 2)
    return Bulkheads(most + others, share=most, provider_share=most + others // 2, is_queued=True)
