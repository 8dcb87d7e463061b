"""A receiver of webhooks as a customer would write it: it listens on this machine and verifies with `standardwebhooks`."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from burnish.demo.failure import DemoFailed

PATH: Final = "/burnish-events"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message whose signature was right. `id` is its `webhook-id`, under which the delivery log knows it."""

    id: str
    type: str
    data: Mapping[str, Any]

    @property
    def about(self) -> str:
        """What tells two events of one type apart."""
        version = self.data.get("version")
        return str(self.data.get("reason") or (f"version {version}" if version else ""))

    def tells(self, event_type: str, data: Mapping[str, Any]) -> bool:
        """Whether it is of this type and holds this data."""
        return self.type == event_type and all(self.data.get(name) == value for name, value in data.items())


@dataclass(slots=True)
class Receiver:
    """What has come in. Without a `secret` everything is refused."""

    secret: str = ""
    url: str = ""
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    repeats: int = 0
    refused: int = 0
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    def counts(self) -> dict[str, int]:
        return dict(sorted(Counter(one.type for one in self.deliveries.values()).items()))

    async def wait_for(self, *wanted: tuple[str, Mapping[str, Any]], patience_s: float) -> None:
        """Until for each (type, data) an event came that holds this data. Raises DemoFailed naming what did not come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s), self._came:
                await self._came.wait_for(lambda: not self._missing(wanted))
        if missing := self._missing(wanted):
            raise DemoFailed(f"Waited {patience_s:.0f} s in vain for the webhook {', '.join(missing)}; came: {self.counts()}.")

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_genuine(body, request.headers):
            self.refused += 1
            return web.Response(status=400, text="The signature is not right.")
        identity, event = request.headers["webhook-id"], json.loads(body)
        async with self._came:
            self.repeats += identity in self.deliveries
            self.deliveries[identity] = Delivery(identity, str(event["type"]), event["data"])
            self._came.notify_all()
        return web.Response(status=204)

    def _is_genuine(self, body: bytes, headers: Mapping[str, str]) -> bool:
        if not self.secret:
            return False
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def _missing(self, wanted: tuple[tuple[str, Mapping[str, Any]], ...]) -> list[str]:
        came = self.deliveries.values()
        return [event_type for event_type, data in wanted if not any(one.tells(event_type, data) for one in came)]


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a free port of 127.0.0.1."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post(PATH, receiver.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
        yield receiver
    finally:
        await runner.cleanup()
