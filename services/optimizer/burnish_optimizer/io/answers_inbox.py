"""One inbox for all evaluations of this process: frames from executors, handed to whoever waits for that execution."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from nats.aio.msg import Msg

from burnish_shared.bus import frames
from burnish_shared.bus.connect import Bus
from burnish_shared.bus.frames import Frame

Listener = Callable[[UUID, Frame], None]


@dataclass(slots=True)
class AnswersInbox:
    """Frames may be lost; who waits looks into the books after a while."""

    bus: Bus
    _listeners: dict[UUID, Listener] = field(default_factory=dict)

    async def open(self) -> None:
        await self.bus.nc.subscribe(self.bus.inbox("*"), cb=self._hear)

    def address(self, execution_id: UUID) -> str:
        return self.bus.inbox(execution_id.hex)

    def listen(self, execution_id: UUID, listener: Listener) -> None:
        self._listeners[execution_id] = listener

    def forget(self, execution_id: UUID) -> None:
        self._listeners.pop(execution_id, None)

    async def _hear(self, message: Msg) -> None:
        try:
            execution_id = UUID(hex=message.subject.rpartition(".")[2])
        except ValueError:
            return
        frame, listener = frames.parse(message.data), self._listeners.get(execution_id)
        if frame is not None and listener is not None:
            listener(execution_id, frame)
