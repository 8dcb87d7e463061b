"""From a request to a call: address, key, body. Keys live here only; they are never logged, returned or put on the bus (PROMISES E-10)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.litellm_call import BASE_URL_HEADER, TIMEOUT_HEADER
from burnish_executor.core.wires import WIRES, wire_for
from burnish_executor.io.litellm_process import LiteLLMProcess, NotThere
from burnish_executor.io.model_client import BODY_MOST_BYTES, Call, Event, call_model, list_models
from burnish_executor.settings import ExecutorSettings
from burnish_shared.contracts.executions import ExecutionRequest, Route
from burnish_shared.egress import Egress, EgressPolicy, EgressRefused, look_up_for
from burnish_shared.logging import REDACTED, redact
from burnish_shared.providers import headers_of, wire_of

EMBEDDINGS_MOST_BYTES: Final = 48 * 1024 * 1024
"""2048 vectors of 1536 numbers in digits have about 40 MB."""

LITELLM_URL: Final = "http://litellm"
"""Its host plays no part: the session leads to a unix socket."""

UNTRIED: Final = "A key of this provider can only be tried by a call of one of its models, which costs."

LEAST_SHOWN = 6
"""So many characters of a key may end a provider's message that was cut: fewer give nothing away."""


@dataclass(frozen=True, slots=True)
class Providers:
    """Calls whatever provider a request names: the operator's addresses directly, a workspace's own through the egress guard (E-13)."""

    operator: aiohttp.ClientSession
    guarded: dict[str, aiohttp.ClientSession]
    egress: Egress
    litellm: LiteLLMProcess
    settings: ExecutorSettings

    @classmethod
    def open(cls, settings: ExecutorSettings) -> Self:
        """Needs a running event loop. Close it with `close`."""
        egress = Egress(EgressPolicy.parse(settings.egress_allow))
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_s)
        return cls(
            operator=aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30), timeout=timeout, trust_env=False, auto_decompress=False
            ),
            guarded={"http": egress.session("http", timeout=timeout), "https": egress.session("https", timeout=timeout)},
            egress=egress,
            litellm=LiteLLMProcess(settings.egress_allow),
            settings=settings,
        )

    async def close(self) -> None:
        for session in (self.operator, *self.guarded.values()):
            await session.close()
        await self.litellm.close()

    async def call(
        self,
        request: ExecutionRequest,
        *,
        key: str | None,
        tried: Collection[str] = (),
        timeout_s: float,
        heard: Callable[[Mapping[str, str]], None] | None = None,
    ) -> AsyncIterator[Event]:
        """As `call_model`: ends with one Answer or Failure. `tried`: every key of this execution so far; none is ever told.

        `heard` gets the headers of the answer, whatever its status.
        """
        look_up_for(request.workspace_id)
        wire = wire_for(request)
        call = Call(
            url=f"{self._address(request.route)}{wire.path}",
            key=key,
            body=wire.body(request),
            timeout_s=timeout_s,
            connect_s=self.settings.connect_s,
            first_token_s=min(self.settings.first_token_s, timeout_s) if request.stream and not request.timeout_said else timeout_s,
            chunk_idle_s=self.settings.chunk_idle_s,
            pace_s=self.settings.coalesce_ms / 1000,
            wire=wire,
            headers=_headers(request.route, timeout_s=timeout_s, public_url=self.settings.public_url) | _beta_of(request),
            heard=heard,
            body_most_bytes=EMBEDDINGS_MOST_BYTES if request.kind == "embedding" else BODY_MOST_BYTES,
            asks_first=wire_of(request.route.provider) == "litellm",
        )
        try:
            session = await self._session_to(request.route)
            async for event in self._through_litellm(session, call) if call.asks_first else call_model(session, call):
                yield without_keys(event, {*tried, *([key] if key else [])}) if isinstance(event, Failure) else event
        except EgressRefused as refused:
            yield Failure(FailureKind.EGRESS, f"This provider's address may not be called: {refused}")
        except NotThere as error:
            yield Failure(FailureKind.UNREACHABLE, error.message, retry_after_s=error.retry_after_s)

    async def _through_litellm(self, session: aiohttp.ClientSession, call: Call) -> AsyncIterator[Event]:
        """As `call_model`. Where LiteLLM's process died before it had the call, nobody was asked: the next process is, once.

        Raises NotThere.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + call.timeout_s
        async for event in call_model(session, call):
            if not (isinstance(event, Failure) and event.kind is FailureKind.UNREACHABLE):
                yield event
                continue
            try:
                async with asyncio.timeout_at(until):
                    next_session = await self.litellm.session_after(session)
            except TimeoutError:
                yield event
                return
            if (left_s := until - loop.time()) <= 0:
                yield event
                return
            async for again in call_model(next_session, replace(call, timeout_s=left_s)):
                yield again

    async def count_models(self, provider: str, base_url: str, *, is_own_url: bool, key: str, timeout_s: float) -> int | Failure:
        """How many models the provider lists for this key. No Failure holds the key."""
        if wire_of(provider) == "litellm":
            return Failure(FailureKind.REFUSED, UNTRIED)
        url = f"{base_url.rstrip('/')}/models"
        try:
            session = await self._session(url, is_own_url=is_own_url)
            found = await list_models(session, url, wire=WIRES[wire_of(provider)], key=key, timeout_s=timeout_s)
        except EgressRefused as refused:
            found = Failure(FailureKind.EGRESS, f"This provider's address may not be called: {refused}")
        return without_keys(found, [key]) if isinstance(found, Failure) else found

    async def _session_to(self, route: Route) -> aiohttp.ClientSession:
        """Raises EgressRefused, NotThere."""
        if wire_of(route.provider) != "litellm":
            return await self._session(route.base_url, is_own_url=route.own_base_url)
        if route.own_base_url:
            await self.egress.check(route.base_url)  # its process looks again at what is dialled
        return await self.litellm.session()

    def _address(self, route: Route) -> str:
        return LITELLM_URL if wire_of(route.provider) == "litellm" else route.base_url.rstrip("/")

    async def _session(self, url: str, *, is_own_url: bool) -> aiohttp.ClientSession:
        if not is_own_url:
            return self.operator
        await self.egress.check(url)
        return self.guarded[urlsplit(url).scheme]


def _headers(route: Route, *, timeout_s: float, public_url: str) -> dict[str, str]:
    """What this provider wants to hear besides; LiteLLM's process hears where to call, and how long."""
    if wire_of(route.provider) == "litellm":
        return {TIMEOUT_HEADER: f"{timeout_s:g}"} | ({BASE_URL_HEADER: route.base_url} if route.own_base_url else {})
    return {} if route.own_base_url else dict(headers_of(route.provider, public_url=public_url))


def _beta_of(request: ExecutionRequest) -> dict[str, str]:
    """What the caller asks of Anthropic's that is not there for everybody."""
    return {"anthropic-beta": request.beta} if request.beta and wire_of(request.route.provider) == "anthropic" else {}


def without_keys(failure: Failure, keys: Collection[str]) -> Failure:
    """The failure without any key in its message: providers repeat what they were sent (PROMISES E-10).

    A message is cut at some length, so the beginning of a key may stand at its end.
    """
    message = failure.message
    for key in keys:
        message = message.replace(key, REDACTED)
        cut = next((length for length in range(len(key) - 1, LEAST_SHOWN - 1, -1) if message.endswith(key[:length])), 0)
        message = message[: len(message) - cut] + REDACTED if cut else message
    code, param = (None if one and any(key in one for key in keys) else one for one in (failure.code, failure.param))
    return replace(failure, message=redact(message), code=code, param=param)
