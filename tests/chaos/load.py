"""Clients of an installation under fire: a steady mixed load, and an honest journal of what each of them was told.

The journal has the format of `burnish doctor --audit --journal`. What must never happen, whatever dies, is kept in `violations`.
"""

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

import aiohttp

PROMPT = "The parcel with order {n} came broken. What should I do now, and who pays for sending it back?"

TRIES = 12
"""A client with a key asks again; a client without one takes the first answer."""

TRY_AGAIN_S = 0.4

OPEN_MOST = 300
"""Calls under way at once: three seconds' worth and more where nothing is slow. A machine that cannot keep the pace is asked no more than
that, since clients who come whatever is answered hold a slow installation down for good, long after the fault that slowed it is over."""

ASK_S = 60.0
"""Longest time of one HTTP call: above the deadline of the installations under test."""

IN_PROGRESS = "idempotency_in_progress"

CLOSED = {"ClientOSError", "ClientConnectionResetError", "ServerDisconnectedError"}
"""A connection that was idle for longer than the gateway takes to leave is closed, and a call may just be on its way: HTTP lets a client
make it again if it may be repeated."""

OPEN = ("unavailable", "stream_gap", "answer_not_kept")
"""Errors that say nothing of how the execution ended."""

PLAIN = {"buffered": 35, "streamed": 30, "background": 15, "feedback": 20}
"""Kinds of calls and how often each is made."""


@dataclass(slots=True)
class Told:
    """What one call came to. `status` in the words of the journal; `again`: another try with the same key may tell more."""

    status: str
    id: str | None = None
    digest: str | None = None
    code: str | None = None
    again: bool = False
    others: "list[Told]" = field(default_factory=list)
    """What else the same call came to: the other sides of a comparison."""


@dataclass(slots=True)
class Load:
    """`rate` calls a second until `stop` is set. `dice` decides what each call is, so a run can be repeated."""

    url: str
    api_key: str
    journal: Path
    dice: random.Random
    rate: float = 20.0
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    violations: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    kinds: Mapping[str, int] = field(default_factory=lambda: PLAIN)
    unheard: Counter[str] = field(default_factory=Counter)
    """Why nothing is known of calls: the error that was answered, or the client's own."""
    background: set[str] = field(default_factory=set)
    reacted: set[str] = field(default_factory=set)
    asked_again: int = 0
    """Tries beyond the first of those calls that may be repeated."""
    keyed_ratio: float = 0.5
    """Of the calls that need no key: so many have one, and are made again where nothing is known of them."""
    keeps_connections: bool = True
    """Else each call has a connection of its own, which a balancer may lead to another gateway than the last."""
    doubts_feedback: bool = False
    """Set while what NATS acknowledges may be taken back, because its store is about to be replaced by an older one."""
    _out: TextIO | None = None
    _answered: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Starts calls at an even pace while fewer than OPEN_MOST are under way, and returns when the last was answered."""
        loop = asyncio.get_running_loop()
        timeout = aiohttp.ClientTimeout(total=ASK_S, sock_connect=5)
        connector = aiohttp.TCPConnector(limit=0, force_close=not self.keeps_connections)
        with self.journal.open("a", buffering=1) as self._out:
            async with aiohttp.ClientSession(
                timeout=timeout, connector=connector, headers={"authorization": f"Bearer {self.api_key}"}
            ) as http:
                calls: set[asyncio.Task[None]] = set()
                next_at = loop.time()
                while not self.stop.is_set():
                    calls.add(task := asyncio.create_task(self._one(http)))
                    task.add_done_callback(calls.discard)
                    next_at += 1 / self.rate
                    while len(calls) >= OPEN_MOST:
                        await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                        next_at = loop.time()
                    if (wait_s := next_at - loop.time()) > 0:
                        await asyncio.sleep(wait_s)
                if calls:
                    await asyncio.wait(calls)

    async def _one(self, http: aiohttp.ClientSession) -> None:
        kind = self.dice.choices(list(self.kinds), list(self.kinds.values()))[0]
        key = str(uuid4()) if kind == "background" or self.dice.random() < self.keyed_ratio else None
        body = {"model": "simulated/chat", "messages": [{"role": "user", "content": PROMPT.format(n=self.dice.randrange(10**6))}]}
        try:
            if kind == "feedback":
                await self._react(http)
                return
            told = await self._with_patience(lambda: self.ask(http, kind, body, key), tries=TRIES if key else 1)
            self.note(kind, told, key)
            for other in told.others:
                self.note(kind, other)
            if told.status == "ok" and told.id:
                self._answered = [*self._answered[-200:], told.id]
            if kind == "background" and told.status == "accepted" and told.id:
                self.background.add(told.id)
        except Exception as error:  # The edge of one client: it must not end the load, and it must be seen.
            self.violations.append(f"{kind}: the client itself failed: {error!r}")

    async def _with_patience(self, call: Callable[[], Awaitable[Told]], *, tries: int) -> Told:
        for attempt in range(tries):
            told = await call()
            if not told.again or attempt + 1 == tries:
                return told
            self.asked_again += 1
            await asyncio.sleep(TRY_AGAIN_S)
        return told

    async def ask(self, http: aiohttp.ClientSession, kind: str, body: dict[str, Any], key: str | None) -> Told:
        match kind:
            case "streamed":
                return await self._streamed(http, body | {"stream": True}, key)
            case "background":
                return await self._post(http, body | {"mode": "background"}, key)
        return await self._post(http, body, key)

    async def _post(self, http: aiohttp.ClientSession, body: dict[str, Any], key: str | None) -> Told:
        try:
            async with http.post(f"{self.url}/v1/executions", json=body, headers=with_key(key)) as response:
                raw = await response.read()
                return self.read(response.status, raw, response.headers.get("x-execution-id"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.unheard[type(error).__name__] += 1
            return Told("unknown", again=True)

    async def _streamed(self, http: aiohttp.ClientSession, body: dict[str, Any], key: str | None) -> Told:
        seen: list[str] = []
        execution_id: str | None = None
        try:
            async with http.post(f"{self.url}/v1/executions", json=body, headers=with_key(key)) as response:
                execution_id = response.headers.get("x-execution-id")
                if response.status != 200:
                    return self.read(response.status, await response.read(), execution_id)
                told = await self.follow(response, execution_id, seen)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.unheard[type(error).__name__] += 1
            return Told("unknown", execution_id, again=True)
        if told is None:
            self.violations.append(f"the stream of {execution_id} ended without a terminal event")
            return Told("unknown", execution_id)
        return told

    async def follow(self, response: aiohttp.ClientResponse, execution_id: str | None, seen: list[str]) -> Told | None:
        """The end of a stream; None when it closed in an orderly way and had none."""
        name, told, index = "", None, 0
        async for line in response.content:
            text = line.rstrip(b"\n")
            if text.startswith(b"event: "):
                name = text[7:].decode()
            elif text.startswith(b"data: "):
                data = text[6:]
                if told is not None:
                    self.violations.append(f"the stream of {execution_id} went on after its terminal event")
                if name == "delta":
                    delta = json.loads(data)
                    if delta["index"] != index:
                        self.violations.append(f"the stream of {execution_id} has index {delta['index']} where {index} is due")
                    index += 1
                    seen.append(delta["text"])
                elif name == "done":
                    told = Told("ok", execution_id, digest=hashlib.sha256(data).hexdigest())
                    self._same_text(execution_id, "".join(seen), json.loads(data)["output"])
                elif name == "error":
                    error = json.loads(data)["error"]
                    told = self.failed(error, execution_id)
                    if "output" in (error.get("details") or {}):
                        self._same_text(execution_id, "".join(seen), error["details"]["output"])
        return told

    def _same_text(self, execution_id: str | None, seen: str, booked: str) -> None:
        if seen != booked:
            self.violations.append(f"the stream of {execution_id} showed {seen!r}, booked is {booked!r}")

    def read(self, status: int, raw: bytes, execution_id: str | None) -> Told:
        if status == 200:
            return Told("ok", execution_id, digest=hashlib.sha256(raw).hexdigest())
        if status == 202:
            return Told("accepted", execution_id)
        try:
            error = json.loads(raw)["error"]
        except (ValueError, KeyError, TypeError):
            self.violations.append(f"an answer {status} is no error of ours: {raw[:200]!r}")
            return Told("unknown", execution_id)
        if status == 500:
            self.violations.append(f"an answer 500: {error}")
        if error["code"] == IN_PROGRESS:
            return Told("unknown", execution_id, again=True)
        if error["code"] == "rate_limited" and status == 429 and "limit_per_minute" in (error.get("details") or {}):
            return Told("refused", again=True)  # After a crash of PostgreSQL a limit begins full (PROMISES G-16).
        if 400 <= status < 500 and not (error.get("details") or {}).get("execution_id"):
            self.violations.append(f"a sound call was refused: {status} {error['code']}")
        return self.failed(error, execution_id)

    def failed(self, error: dict[str, Any], execution_id: str | None) -> Told:
        named = (error.get("details") or {}).get("execution_id")
        if error["code"] in OPEN or named is None:
            self.unheard[f"{error['code']}: {error.get('message')}"] += 1
            return Told("unknown", execution_id, again=True)
        return Told("failed", named, code=error["code"])

    async def _react(self, http: aiohttp.ClientSession) -> None:
        if not self._answered:
            return
        feedback_id = str(uuid4())
        body = {
            "execution_id": self.dice.choice(self._answered), "feedback_id": feedback_id, "user_id": f"u{self.dice.randrange(10**9)}",
            "thumb": self.dice.choice(("up", "down")),
        }  # fmt: skip

        async def call() -> Told:
            try:
                async with http.post(f"{self.url}/v1/feedback", json=body) as response:
                    raw = await response.read()
                    if response.status == 500:
                        self.violations.append(f"an answer 500 to feedback: {raw[:200]!r}")
                    return Told("accepted", feedback_id) if response.status == 202 else Told("unknown", feedback_id, again=True)
            except (aiohttp.ClientError, TimeoutError, OSError):
                return Told("unknown", feedback_id, again=True)

        doubted = self.doubts_feedback
        told = await self._with_patience(call, tries=TRIES)
        if doubted or self.doubts_feedback:
            told = Told("unknown", feedback_id)
        if told.status == "accepted":
            self.reacted.add(feedback_id)
        self.note("feedback", told, route="feedback")

    @property
    def calls(self) -> int:
        """How many came to something."""
        return self.told.total()

    def note(self, kind: str, told: Told, key: str | None = None, *, route: str = "executions") -> None:
        """A line of the journal."""
        self.told[f"{kind} {told.status}" + (f" {told.code}" if told.code else "")] += 1
        line = {"route": route, "kind": kind, "id": told.id, "status": told.status, "digest": told.digest, "code": told.code, "key": key}
        assert self._out is not None
        self._out.write(json.dumps({name: value for name, value in line.items() if value is not None}) + "\n")


def with_key(key: str | None) -> dict[str, str]:
    return {"idempotency-key": key} if key else {}
