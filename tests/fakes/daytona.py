"""Daytona's API as its client libraries 0.226 speak it, over real HTTP. It really runs what it is sent: in a Python of this machine.

A sandbox that is asked for without a network runs in a network namespace of its own, where there is none. `answers`: what a route answers
in place of what it would. Nothing else of Daytona is here.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "dtn_0123456789abcdefSECRET"


@dataclass(slots=True)
class Box:
    id: str
    name: str
    asked: dict[str, Any]
    state: str = "started"
    looks_left: int = 0
    process: asyncio.subprocess.Process | None = None


@dataclass(slots=True)
class FakeDaytona:
    """`boxes`: those that are there, by name; `made` and `gone`: names of all that ever were, and of those deleted."""

    url: str = ""
    boxes: dict[str, Box] = field(default_factory=dict)
    made: list[Box] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    programs: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    looks_until_started: int = 0
    ends_as: str = ""
    gives_network: bool = False
    toolbox_url: str = ""
    answers: dict[str, Callable[[], web.StreamResponse]] = field(default_factory=dict)
    deletes_refused: int = 0
    during_run: Callable[[Box], None] | None = None
    is_running: asyncio.Event = field(default_factory=asyncio.Event)
    hold_making: asyncio.Event | None = None
    """Until then no making is answered; the sandbox is there at once."""

    slow_making: asyncio.Event | None = None
    """Until then no sandbox is there either."""

    is_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[self._door])
        app.router.add_post("/api/sandbox", self._make)
        app.router.add_get("/api/sandbox", self._list)
        app.router.add_get("/api/sandbox/{name}", self._look)
        app.router.add_delete("/api/sandbox/{name}", self._delete)
        app.router.add_post("/toolbox/{id}/process/code-run", self._run)
        return app

    @web.middleware
    async def _door(self, request: web.Request, handler: Any) -> web.StreamResponse:
        route = "run" if request.path.endswith("code-run") else {"POST": "make", "GET": "look", "DELETE": "delete"}[request.method]
        self.requests.append(route)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"statusCode": 401, "message": "Invalid credentials"}, status=401)
        if route in self.answers:
            return self.answers[route]()
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _make(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.is_asked.set()
        if self.slow_making is not None:
            await self.slow_making.wait()
        box = Box(f"id-of-{asked['name']}", asked["name"], asked, looks_left=self.looks_until_started)
        box.state = "creating" if self.looks_until_started else self.ends_as or "started"
        self.boxes[box.name] = box
        self.made.append(box)
        if self.hold_making is not None:
            await self.hold_making.wait()
        return web.json_response(self._told(box))

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"items": [self._told(one) for one in self.boxes.values()], "nextCursor": None})

    async def _look(self, request: web.Request) -> web.Response:
        box = self.boxes.get(request.match_info["name"])
        if box is None:
            return web.json_response({"statusCode": 404, "message": "Sandbox not found"}, status=404)
        if box.state == "creating":
            box.looks_left -= 1
            if box.looks_left <= 0:
                box.state = self.ends_as or "started"
        return web.json_response(self._told(box))

    async def _delete(self, request: web.Request) -> web.Response:
        box = self.boxes.get(request.match_info["name"])
        if box is None:
            return web.json_response({"statusCode": 404, "message": "Sandbox not found"}, status=404)
        if self.deletes_refused:
            self.deletes_refused -= 1
            return web.json_response({"statusCode": 409, "message": "Sandbox state change in progress"}, status=409)
        del self.boxes[box.name]
        self.gone.append(box.name)
        if box.process is not None and box.process.returncode is None:
            _kill(box.process)
        return web.json_response(self._told(box))

    async def _run(self, request: web.Request) -> web.Response:
        box = next((one for one in self.boxes.values() if one.id == request.match_info["id"]), None)
        if box is None:
            return web.json_response({"message": "not found"}, status=404)
        job = await request.json()
        self.programs.append(job)
        apart = ["unshare", "--user", "--map-current-user", "--net"] if box.asked.get("networkBlockAll") else []
        box.process = await asyncio.create_subprocess_exec(
            *apart, sys.executable, "-u", "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", **job.get("envs", {})}, start_new_session=True,
        )  # fmt: skip
        self.is_running.set()
        if self.during_run is not None:
            asyncio.get_running_loop().call_soon(self.during_run, box)
        try:
            async with asyncio.timeout(job["timeout"]):
                printed, _ = await box.process.communicate(job["code"].encode())
        except TimeoutError:
            _kill(box.process)
            return web.json_response({"statusCode": 408, "message": "command execution timeout"}, status=408)
        if box.name not in self.boxes or box.state != "started":
            return web.json_response({"message": "bad gateway"}, status=502)
        return web.json_response({"exitCode": box.process.returncode, "result": printed.decode("utf-8", "replace")})

    def _told(self, box: Box) -> dict[str, Any]:
        return {
            "id": box.id, "name": box.name, "state": box.state, "toolboxProxyUrl": self.toolbox_url or f"{self.url}/toolbox",
            "networkBlockAll": bool(box.asked.get("networkBlockAll")) and not self.gives_network, "labels": box.asked.get("labels", {}),
        }  # fmt: skip

    def end(self, box: Box) -> None:
        """The sandbox dies, with what runs in it."""
        box.state = "error"
        if box.process is not None and box.process.returncode is None:
            _kill(box.process)


def refusing(status: int, message: str = "no", **headers: str) -> Callable[[], web.StreamResponse]:
    return lambda: web.json_response({"statusCode": status, "message": message}, status=status, headers=headers)


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def daytona() -> AsyncIterator[FakeDaytona]:
    """On a port of this machine."""
    fake = FakeDaytona()
    runner = web.AppRunner(fake.app(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        for box in fake.made:
            fake.end(box)
        await runner.cleanup()
