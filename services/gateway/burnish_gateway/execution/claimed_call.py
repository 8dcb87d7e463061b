"""One execution whose id was written down before it was admitted: whoever goes on after a crash finds it in the books, or takes it over
under the next fence. It is paid once, whoever dies when (PRODUCT P8, S1, E17).
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import nats.errors
from nats.aio.msg import Msg

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.execution import books
from burnish_gateway.execution.dispatch import Dispatch
from burnish_gateway.execution.submit import Admitted, MadeRequest, Repeated, admit
from burnish_gateway.execution.told import NO_TEXT, Delta, Done, Text
from burnish_shared import subjects
from burnish_shared.bus.frames import superseded
from burnish_shared.errors import Unavailable
from burnish_shared.waiting import heeding

LOOK_S: Final = 0.2
"""Between looks into the books for an execution that somebody works on."""

BOOKED_WAIT_S: Final = 2.0
"""How long the end of a cancelled execution is waited for. An executor ends a call within a second."""


@dataclass(slots=True)
class ClaimedCall:
    """The execution of one id. `on_text`: told each piece of the answer, a JSON string as it travelled."""

    gateway: Gateway
    principal: Principal
    execution_id: UUID
    on_text: Callable[[bytes], None] | None = None
    dispatch: Dispatch | None = None

    def let_go(self) -> None:
        """It comes to its end by itself: whoever goes on finds it in the books."""
        if self.dispatch is not None:
            self.dispatch.finished = True

    async def left_to_its_executor(self) -> None:
        """Of one that another gateway began: until it has ended, or nobody is heard to work on it.

        Executors tell the gateway that is gone, twice a second; so a model that is answering is not asked again.
        """
        heard = asyncio.Event()

        async def on_frame(_: Msg) -> None:
            heard.set()

        bus, silence_s = self.gateway.bus, self.gateway.settings.executor_silence_s
        subscription = await bus.nc.subscribe(subjects.reply_inbox(bus.service, "*", self.execution_id.hex), cb=on_frame)
        try:
            while await self.booked_now() is None:
                heard.clear()
                async with asyncio.timeout(silence_s):
                    await heard.wait()
                await asyncio.sleep(LOOK_S)
        except (TimeoutError, nats.errors.Error, OSError):
            return
        finally:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()

    async def outcome(self, made: MadeRequest) -> bytes:
        """The Outcome as JSON, from wherever it stands. Raises why it was not executed; Unavailable where nobody can tell yet, and the
        same id is to be asked again. `made`: the request, which gets this id."""
        request = made.request.model_copy(update={"execution_id": self.execution_id})
        asked = MadeRequest(request, made.budgets, made.deadline_s)
        match await admit(asked, gateway=self.gateway, principal=self.principal, claims=True):
            case Repeated():
                return await self._booked()
            case Admitted() as admitted:
                return await self._followed(admitted)

    async def booked_now(self, *, wait_s: float = 0.0) -> bytes | None:
        """What the books say of it; None where it has not ended within `wait_s`."""
        return await books.read_ended(self.gateway, self.principal.workspace_id, self.execution_id, wait_s=wait_s)

    async def _followed(self, admitted: Admitted) -> bytes:
        dispatch = self.dispatch = Dispatch(self.gateway, admitted.request, admitted.body, fence=admitted.fence, goes_on=True)
        if admitted.fence > 1:
            await self._shut_out(below_fence=admitted.fence)
        try:
            async with contextlib.aclosing(dispatch.follow()) as told:
                async for one in told:
                    if isinstance(one, Text) and self.on_text is not None:
                        self.on_text(one.body)
                    if isinstance(one, Delta) and one.text != NO_TEXT and self.on_text is not None:
                        self.on_text(one.text)
                    if isinstance(one, Done):
                        return one.body
        except Unavailable:  # nobody took it: booked as an error, or still open, and then it is claimed again
            return await self._booked()
        raise RuntimeError("a dispatch ended without an outcome")

    async def _booked(self) -> bytes:
        body = await self.booked_now(wait_s=BOOKED_WAIT_S)
        if body is None:
            raise Unavailable("The execution has not ended yet.", retry_after_s=1)
        return body

    async def _shut_out(self, *, below_fence: int) -> None:
        """Whoever ran it before may stop asking the model; it could not book any more."""
        with contextlib.suppress(nats.errors.Error, OSError):
            await heeding(self.gateway.bus.nc.publish(subjects.execution_cancel(self.execution_id), superseded(below_fence=below_fence)))
