"""A receiver in a process of its own. `/ok/…` answers, `/hang/…` does not, `/fail/…` says 500; `GET /log` tells what came and when."""

import asyncio
import sys
import time

from aiohttp import web


class Receiver:
    """Each delivery is (path, webhook-id, event id, monotonic seconds)."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, str, float]] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        at = body.find(b'"event_id":"') + 12
        self.came.append((request.path, request.headers["webhook-id"], body[at : at + 36].decode(), time.monotonic()))
        if request.path.startswith("/hang"):
            await asyncio.sleep(3600)
        return web.Response(status=500 if request.path.startswith("/fail") else 204)

    async def log(self, _: web.Request) -> web.Response:
        return web.json_response(self.came)

    async def count(self, _: web.Request) -> web.Response:
        return web.json_response(sum(one[0].startswith("/ok") for one in self.came))


async def main() -> None:
    """Prints its port, and serves until it is terminated."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_get("/log", receiver.log)
    app.router.add_get("/count", receiver.count)
    app.router.add_post("/{rest:.*}", receiver.answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
