"""A receiver in a process of its own. `/ok/…` and `/other/…` answer, `/hang/…` does not, `/fail/…` says 500.

`GET /count` tells how many came to each of the first two, `GET /log?from=N` what came and when, from the Nth on.
"""

import asyncio
import sys
import time

from aiohttp import web


class Receiver:
    """Each delivery is (path, webhook-id, event id, monotonic seconds)."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str, str, float]] = []
        self.counts = {"ok": 0, "other": 0}

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        at = body.find(b'"event_id":"') + 12
        self.came.append((request.path, request.headers["webhook-id"], body[at : at + 36].decode(), time.monotonic()))
        kind = request.path.split("/")[1]
        if kind in self.counts:
            self.counts[kind] += 1
        if kind == "hang":
            await asyncio.sleep(3600)
        return web.Response(status=500 if kind == "fail" else 204)

    async def log(self, request: web.Request) -> web.Response:
        return web.json_response(self.came[int(request.query.get("from", "0")) :])

    async def count(self, _: web.Request) -> web.Response:
        return web.json_response(self.counts | {"all": len(self.came)})


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
