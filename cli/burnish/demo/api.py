"""The demo's only way into Burnish: its public HTTP API, with the key of the workspace."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import uuid4

import aiohttp

from burnish.demo.failure import DemoFailed

TRIES: Final = 6
FIRST_WAIT_S: Final = 0.3
"""Doubled each time: 9 s in all, in which a gateway that died is there again."""

TRY_AGAIN: Final = frozenset({429, 502, 503})
WAIT_MOST_S: Final = 10.0
"""Longer than this no Retry-After is obeyed: the demo has two minutes."""

CALL_TIMEOUT_S: Final = 60.0
AT_ONCE: Final = 16

T = TypeVar("T")
R = TypeVar("R")


class Refused(DemoFailed):
    """The API answered with an error. `status` is HTTP's, `code` the error schema's."""

    def __init__(self, text: str, *, status: int, code: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Api:
    """Calls with retries. A POST carries an Idempotency-Key, so that a repeat has no second effect."""

    session: aiohttp.ClientSession
    url: str

    async def get(self, path: str, **query: Any) -> Any:
        return await self._call("GET", path, query=query)

    async def post(self, path: str, body: Any = None) -> Any:
        return await self._call("POST", path, data=json.dumps({} if body is None else body).encode())

    async def put(self, path: str, body: Any) -> Any:
        return await self._call("PUT", path, data=json.dumps(body).encode())

    async def patch(self, path: str, body: Any) -> Any:
        return await self._call("PATCH", path, data=json.dumps(body).encode())

    async def upload(self, path: str, data: bytes, *, content_type: str, **query: Any) -> Any:
        return await self._call("POST", path, data=data, content_type=content_type, query=query)

    async def until(self, path: str, is_there: Callable[[Any], T | None], *, what: str, patience_s: float, **query: Any) -> T:
        """Reads `path` until `is_there` finds something in the answer. Raises DemoFailed naming `what` after `patience_s`."""
        deadline = time.monotonic() + patience_s
        while (found := is_there(await self.get(path, **query))) is None:
            if time.monotonic() > deadline:
                raise DemoFailed(f"Waited {patience_s:.0f} s in vain for {what} ({self.url}{path}).")
            await asyncio.sleep(0.1)
        return found

    async def pages(self, path: str, *, most: int, **query: Any) -> list[Any]:
        """Up to `most` entries of a list, in its order."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while len(found) < most:
            page = await self.get(path, limit=min(200, most - len(found)), **cursor, **query)
            found += page["data"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        return found

    async def follow(self, path: str, *, patience_s: float) -> AsyncIterator[tuple[str, Any]]:
        """Server-sent events as (name, data). Ends when the server ends it, goes away or says nothing for `patience_s`: ask again then."""
        timeout = aiohttp.ClientTimeout(total=None, sock_read=patience_s)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self.session.get(self.url + path, timeout=timeout) as answer:
                if answer.status in TRY_AGAIN:
                    return
                if answer.status != 200:
                    raise _refused(answer.status, await answer.read(), method="GET", path=path)
                name = ""
                async for line in answer.content:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "event":
                        name = value
                    elif field == "data":
                        yield name, json.loads(value)

    async def _call(
        self, method: str, path: str, *, data: bytes | None = None, content_type: str = "application/json", query: Any = None
    ) -> Any:
        headers = {"content-type": content_type} | ({"idempotency-key": uuid4().hex} if method == "POST" else {})
        for left in reversed(range(TRIES)):
            wait_s = FIRST_WAIT_S * 2 ** (TRIES - 1 - left)
            try:
                async with self.session.request(method, self.url + path, data=data, headers=headers, params=query) as answer:
                    raw = await answer.read()
                    if answer.status < 400:
                        return json.loads(raw) if raw else None
                    if answer.status not in TRY_AGAIN or not left:
                        raise _refused(answer.status, raw, method=method, path=path)
                    with contextlib.suppress(ValueError):
                        wait_s = min(WAIT_MOST_S, float(answer.headers.get("retry-after", wait_s)))
            except (aiohttp.ClientError, TimeoutError) as error:
                if not left:
                    raise DemoFailed(f"{method} {self.url}{path}: {error or 'no answer'}.") from error
            await asyncio.sleep(wait_s)
        raise AssertionError("unreachable")


@contextlib.asynccontextmanager
async def connected(url: str, api_key: str) -> AsyncIterator[Api]:
    """The API at `url`."""
    timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {api_key}"}, timeout=timeout) as session:
        yield Api(session, url.rstrip("/"))


async def in_parallel(work: Callable[[T], Awaitable[R]], items: Iterable[T], *, at_once: int = AT_ONCE) -> list[R]:
    """`work` for each item, `at_once` at a time; results in the order of the items. The first failure ends it."""
    free = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with free:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except* DemoFailed as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _refused(status: int, raw: bytes, *, method: str, path: str) -> Refused:
    try:
        error = json.loads(raw)["error"]
        text, code = str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        text, code = raw[:200].decode(errors="replace"), ""
    return Refused(f"{method} {path} was answered with {status}: {text}", status=status, code=code)
