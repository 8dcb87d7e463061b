"""A corpus of bad input at every route of the OpenAPI document: never 5xx, one error schema, nothing told of our insides (G-20)."""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client import generate_latest

from tests.embedded.stack import Answer
from tests.security import corpus
from tests.security.conftest import World
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import NUMBERS, Route, as_usual, bodies, refusal_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-07", "G-08", "G-20")]

INSIDES = re.compile(
    r"Traceback|File \"/|site-packages|\.py\b|asyncpg|pydantic|psycopg|SQLSTATE|\bSELECT\s+\S+\s+FROM|INSERT INTO"
    r"|relation \"|column \"|duplicate key value|violates|/work/|/usr/|/home/|/root/|postgresql://|nats://|bk_live_[A-Za-z0-9]{8}_[A-Za-z0-9]{20}",
    re.IGNORECASE,
)
"""What an error may not tell."""

NATIVE = {"type", "code", "message", "param", "request_id", "retryable", "retry_after_s"}
OPENAI = {"type", "code", "message", "param"}

COMPATIBLE = (
    "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/responses/input_tokens",
    "/v1/messages", "/v1/messages/count_tokens",
)  # fmt: skip
"""Routes in other people's formats."""

PASSES_OVER = (
    "/start_optimization", "/submit_answer", "/generate_final_prompt", "/submit_feedback", "/prompts", "/prompts/{id}", "/runs",
    "/test-set", "/suggest", "/prompt-executor", "/analyze-chat", "/enrich-content",
    "/functions/v1/prompt-executor", "/functions/v1/analyze-chat", "/functions/v1/enrich-content",
)  # fmt: skip
"""The source systems' paths: fields that their clients send and that mean nothing here are passed over, and set nothing."""

IN_PLACE_OF = {
    "POST /v1/enrichments": "content", "POST /enrich-content": "content", "POST /functions/v1/enrich-content": "content",
}  # fmt: skip
"""Bodies that take a URL or something else, not both."""

KEPT_AS_IT_CAME = {"POST /v1/files"}
"""An uploaded file: its lines are looked at when a batch is made of it, and a bad one is refused there."""

READ_DIFFERENTLY = {
    "POST /v1/executions",
    "POST /v1/chat/completions",
    "POST /v1/completions",
    "POST /v1/messages",
    "POST /v1/responses",
    "POST /v1/prompts",
    "POST /v1/datasets",
    "POST /v1/feedback",
    "POST /v1/feedback/batch",
    "PUT /v1/prompts/{slug}/labels/{label}",
}
"""One route of each way in which bodies and headers are read: these get the whole corpus, all others the part of it that finds most.
(`make fuzz` sends every route whatever its schema allows and forbids.)"""

SENT_EVERYWHERE = {
    "empty",
    "null",
    "list",
    "empty object",
    "NaN",
    "U+0000",
    "a lone surrogate",
    "no UTF-8",
    "cut off",
    "the same key twice",
}

BESIDE_ERRORS = {"newer_version": {"newer_version", "merge"}}
"""What stands beside the error by contract (PRODUCT, core payloads)."""

AT_ONCE = 10
PATIENCE_S = 10

BUSY_TRIES = 10
"""Ten at once on one workspace, on a machine that is taken: a lock may take longer than PostgreSQL waits, which the answer says."""

Request = Callable[[], Awaitable[Answer]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gamma(world: World) -> AsyncIterator[Tenant]:
    """A tenant of its own, because some of the requests succeed."""
    yield await make_tenant(world.stack, "gamma")


@pytest.fixture(scope="module", autouse=True)
def routes_before() -> set[str]:
    """What other tests' services told of themselves in this process before."""
    return _told_routes()


async def test_bodies_that_nobody_asked_for(world: World, gamma: Tenant) -> None:
    await _all_refused_well(
        (f"{route.name}: {name}", _send(gamma, route, raw=raw))
        for route in _with_body(world)
        for name, raw in corpus.RAW_BODIES.items()
        if route.name in READ_DIFFERENTLY or name in SENT_EVERYWHERE
    )


async def test_every_field_of_a_right_body_made_wrong(world: World, gamma: Tenant) -> None:
    def wrong() -> Iterator[tuple[str, Request]]:
        for route in _with_body(world):
            right = bodies(gamma.own)[route.name]
            for path in _paths(right):
                for value in corpus.VALUES if route.name in READ_DIFFERENTLY else corpus.FEW_VALUES:
                    yield f"{route.name}: {path} = {_shown(value)}", _send(gamma, route, body=_with(right, path, value))

    await _all_refused_well(wrong())


async def test_every_other_field_that_the_schema_knows_made_wrong(world: World, gamma: Tenant) -> None:
    await _all_refused_well(
        (f"{route.name}: {field} = {_shown(value)}", _send(gamma, route, body={**(bodies(gamma.own)[route.name] or {}), field: value}))
        for route in _with_body(world)
        for field in _fields(world, route) - set(bodies(gamma.own)[route.name] or {})
        for value in (corpus.SHORT_VALUES if route.name in READ_DIFFERENTLY else corpus.FEW_VALUES)
    )


async def test_text_that_no_column_holds_is_refused_wherever_it_stands(world: World, gamma: Tenant) -> None:
    """U+0000 and halves of surrogate pairs, in every field of every body, refused and never stored."""
    refused: dict[str, int] = {}

    async def send(name: str, request: Request) -> None:
        refused[name] = (await request()).status

    for route in _with_body(world):
        for path in _paths(bodies(gamma.own)[route.name]):
            for bad in ("x\x00y", "\ud800"):
                await send(f"{route.name}: {path}", _send(gamma, route, body=_with(bodies(gamma.own)[route.name], path, bad)))
    assert not {name: status for name, status in refused.items() if status not in {400, 422}}


async def test_paths(world: World, gamma: Tenant) -> None:
    """Each kind of parameter meets the whole corpus once."""
    seen: set[str] = set()
    await _all_refused_well(
        (f"{route.name}: {parameter} = {value[:40]}", _send(gamma, route, url=_url_with(route, gamma, parameter, value)))
        for route in world.routes
        for parameter in route.path_parameters
        for value in (corpus.IN_A_PATH if _is_first(parameter, seen) else corpus.FEW_IN_A_PATH)
        if route.method != "DELETE" or "api_key" not in parameter
    )


async def test_queries(world: World, gamma: Tenant) -> None:
    seen: set[str] = set()
    await _all_refused_well(
        (f"{route.name}: ?{parameter}={value[:40]}", _send(gamma, route, url=f"{route.url(gamma.own)}?{parameter}={value}"))
        for route in world.routes
        if route.method == "GET" and not route.path.endswith("/events")
        for parameter in route.query
        for value in (corpus.IN_A_QUERY if _is_first(parameter, seen) else corpus.FEW_IN_A_QUERY)
    )


async def test_headers(world: World, gamma: Tenant) -> None:
    await _all_refused_well(
        (f"{route.name}: {headers}", _send(gamma, route, headers=headers))
        for route in world.routes
        if route.name in READ_DIFFERENTLY
        for headers in corpus.HEADERS
    )


async def test_methods_and_addresses_that_are_not_offered(world: World, gamma: Tenant) -> None:
    offered: dict[str, set[str]] = {}
    for route in world.routes:
        offered.setdefault(route.path, set()).add(route.method)

    def others() -> Iterator[tuple[str, Request]]:
        for route in world.routes:
            for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - offered[route.path]:
                yield f"{method} {route.path}", _refused(_send(gamma, replace(route, method=method, has_body=False)))
        for path in ("/v1", "/v2/prompts", "/v1/prompts/", "//v1/prompts", "/v1/../v1/prompts", "/V1/PROMPTS", "/.env", "/v1/prompts;x=1"):
            yield path, _refused(_send(gamma, replace(world.routes[0], method="GET", has_body=False), url=path))

    await _all_refused_well(others())


@pytest.mark.promise("S-01")
async def test_keys_that_are_none(world: World, gamma: Tenant) -> None:
    statuses: dict[str, int] = {}
    for key in corpus.KEYS:
        async with gamma.admin.session.get(f"{gamma.admin.url}/v1/prompts", headers={"authorization": f"Bearer {key}"}) as response:
            statuses[key[:40]] = response.status
    async with gamma.admin.session.get(f"{gamma.admin.url}/v1/prompts", headers={"authorization": f"Basic {gamma.admin.key}"}) as response:
        statuses["Basic"] = response.status
    assert set(statuses.values()) == {401}, statuses


@pytest.mark.promise("T-08")
async def test_no_body_sets_what_is_not_its_own(world: World, gamma: Tenant) -> None:
    wrong: dict[str, Any] = {}
    for route in _with_body(world):
        # Other people's clients send fields that we do not know; they are passed on or ignored.
        if route.path in (*COMPATIBLE, *PASSES_OVER):
            continue
        for name, value in corpus.MASS_ASSIGNMENT.items():
            if name in _fields(world, route):
                continue
            answer = await _send(gamma, route, body={**(bodies(gamma.own)[route.name] or {}), name: value})()
            if answer.status != refusal_of(route) or name not in json.dumps(answer.body):
                wrong[f"{route.name}: {name}"] = (answer.status, answer.body)
    assert not wrong, wrong


@pytest.mark.promise("G-15")
async def test_a_body_is_refused_before_it_is_read_when_it_is_too_long_or_compressed(world: World, gamma: Tenant) -> None:
    for headers, status in (({"content-length": str(1 << 40)}, 413), ({"content-encoding": "gzip", "content-length": "10"}, 400)):
        told = await _raw_request(gamma, "POST /v1/executions", headers=headers, body=b"", patience_s=60)
        assert f" {status} ".encode() in told.split(b"\r\n", 1)[0], told


@pytest.mark.promise("G-15")
async def test_no_route_reads_a_body_without_end(world: World, gamma: Tenant) -> None:
    """With an Idempotency-Key every body is read, also of routes that take none."""
    wrong = {}
    for route in world.routes:
        if route.method == "POST" and route.rule not in ("anyone", "person"):
            headers = {"content-length": str(1 << 40), "idempotency-key": f"endless-{route.name}".replace(" ", "")[:200]}
            told = await _raw_request(gamma, f"POST {route.url(gamma.own)}", headers=headers, body=b"", patience_s=60)
            status = int((told.split(b" ", 2)[1:2] or [b"0"])[0])
            if status not in (403, 413):
                wrong[route.name] = told[:200]
    assert not wrong, wrong


async def test_bytes_that_are_no_http_end_no_gateway(world: World, gamma: Tenant) -> None:
    for junk in (
        b"\x00\xff" * 50,
        b"GET\r\n\r\n",
        b"POST /v1/executions HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX: " + b"y" * 70_000,
    ):
        await _talk(gamma, junk + b"\r\n\r\n")
    for body in (b"zz\r\nnot a chunk", b"5\r\nab"):
        await _raw_request(gamma, "POST /v1/executions", headers={"transfer-encoding": "chunked"}, body=body, patience_s=1)
    assert (await gamma.admin("GET", "/healthz")).status == 200


@pytest.mark.promise("E-13", "W-08")
async def test_addresses_inside_are_refused_wherever_a_url_is_taken(world: World, gamma: Tenant) -> None:
    """In every field of every body that is called so: a new one is asked without a word here."""
    wrong: dict[str, Any] = {}
    taken = [(route, field) for route in _with_body(world) for field in _fields(world, route) if re.search(r"(^|_)ur[il]$", field)]
    for route, field in taken:
        for url in corpus.INNER_URLS:
            body = {**(bodies(gamma.own)[route.name] or {}), field: url}
            body.pop(IN_PLACE_OF.get(route.name, ""), None)
            answer = await _send(gamma, route, body=body)()
            if answer.status != 422 or answer.body["error"]["code"] != "egress_refused":
                wrong[f"{route.name} {url}"] = (answer.status, answer.body)
    assert not wrong, wrong
    assert {route.name for route, _ in taken} >= {"POST /v1/models", "POST /v1/webhooks/endpoints", "POST /v1/provider-keys"}


@pytest.mark.promise("P-07")
async def test_metrics_stay_few_whatever_was_sent(world: World, gamma: Tenant, routes_before: set[str]) -> None:
    """After thousands of odd paths and names: routes are told apart, addresses are not, and no tenant's word is a label."""
    lines = [line for line in generate_latest().decode().splitlines() if line and not line.startswith("#")]
    routes = _told_routes() - routes_before
    assert len([line for line in lines if line.startswith("burnish_gateway")]) < 4_000  # other services share this process
    pages = {"/", "/status", "/app", "/app/{path}", "/openapi.json", "/docs", "/docs/oauth2-redirect"}
    known = {"none", *(_stem(path) for path in pages), *(_stem(one.path) for one in world.routes)}
    assert {_stem(route) for route in routes} <= known
    named = [one for one in (gamma.secret, *gamma.own.values(), str(gamma.admin.workspace.workspace_id)) if not one.isdigit()]
    assert not [line for line in lines if any(one in line for one in named)]


async def test_the_tenant_still_works_afterwards(world: World, gamma: Tenant) -> None:
    """Nothing of the above broke what it could not change."""
    answer = await gamma.admin("POST", "/v1/executions", {"messages": [{"role": "user", "content": "Hello."}], "model": "simulated/chat"})
    assert answer.status == 200, answer.body
    assert (await gamma.admin("GET", "/readyz")).status == 200


def _send(
    tenant: Tenant,
    route: Route,
    *,
    body: Any = None,
    raw: bytes | None = None,
    url: str | None = None,
    headers: dict[str, str] | None = None,
) -> Request:
    async def request() -> Answer:
        given = body if body is not None or not route.has_body or raw is not None else bodies(tenant.own)[route.name]
        data = raw if raw is not None else None if given is None else json.dumps(given).encode()
        return as_usual(await tenant.who_may(route)(route.method, url or route.url(tenant.own), headers=headers, raw=data))

    return request


def _refused(request: Request) -> Request:
    """Of something that is not offered no answer may be good. (A redirect to where it is offered is no answer of ours.)"""

    async def refused() -> Answer:
        answer = await request()
        assert answer.status in {404, 405, 422, 401, 400} or "/v1/" not in str(answer.body), answer
        return answer

    return refused


async def _all_refused_well(requests: Iterator[tuple[str, Request]]) -> None:
    """Sends all, a few at once. Every answer is below 500 and, if it is an error, one of ours."""
    wrong: dict[str, Any] = {}
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(name: str, request: Request) -> None:
        async with turn:
            try:
                answer = await asyncio.wait_for(_as_told(request), 90)
            except (aiohttp.ClientError, TimeoutError) as error:
                wrong[name] = repr(error)
                return
        problem = _problem(name, answer)
        if problem:
            wrong[name] = (problem, answer.status, answer.raw[:300].decode(errors="replace"))

    await asyncio.gather(*(one(name, request) for name, request in requests))
    assert not wrong, f"{len(wrong)} answers are wrong:\n" + "\n".join(f"{name}  →  {what}" for name, what in list(wrong.items())[:40])


async def _as_told(request: Request) -> Answer:
    """A busy database says when to come again, and who does so is answered."""
    for _ in range(BUSY_TRIES - 1):
        answer = await request()
        if answer.status != 503 or not answer.body["error"]["retryable"]:
            return answer
        await asyncio.sleep(answer.body["error"]["retry_after_s"])
    return await request()


def _problem(name: str, answer: Answer) -> str | None:
    if answer.status >= 500:
        return "a failure of ours"
    if "x-request-id" not in answer.headers:
        return "no request id"
    if answer.status < 400:
        return None
    if not isinstance(answer.body, dict) or not isinstance(answer.body.get("error"), dict):
        return "no error of ours"
    error = answer.body["error"]
    if "/v1/messages" in name and (answer.body.get("type"), answer.body.get("request_id")) == ("error", error.get("request_id")):
        beside = {"type", "request_id"}  # Anthropic's envelope
    else:
        beside = BESIDE_ERRORS.get(error.get("code"), set())
    if set(answer.body) - {"error"} != beside:
        return "more than an error"
    if set(error) - {"details"} != NATIVE and not (any(one in name for one in COMPATIBLE) and set(error) >= OPENAI):
        return f"another schema: {sorted(error)}"
    if "request_id" in error and error["request_id"] != answer.headers.get("x-request-id"):
        return "another request id than the header's"
    told = INSIDES.search(json.dumps(error))
    return f"tells {told[0]!r}" if told else None


def _is_first(name: str, seen: set[str]) -> bool:
    """Is this the first time that the name is met? Notes it."""
    if name in seen:
        return False
    seen.add(name)
    return True


def _told_routes() -> set[str]:
    return set(re.findall(r'route="([^"]*)"', generate_latest().decode()))


def _stem(path: str) -> str:
    """A path without the kind of its last parameter, which OpenAPI leaves out."""
    return path.partition(":")[0].rstrip("}")


def _with_body(world: World) -> list[Route]:
    return [route for route in world.routes if route.has_body and route.name not in KEPT_AS_IT_CAME]


def _paths(body: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every value in a body; of a list only the first item."""
    items = body.items() if isinstance(body, dict) else enumerate(body[:1]) if isinstance(body, list) else ()
    for key, value in items:
        yield (*before, key)
        yield from _paths(value, (*before, key))


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def _fields(world: World, route: Route) -> set[str]:
    """The fields that the route's schema knows."""
    schema = world.document["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = world.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


def _url_with(route: Route, tenant: Tenant, parameter: str, value: str) -> str:
    def fill(one: re.Match[str]) -> str:
        name = one[1]
        return value if name == parameter else NUMBERS.get(name) or quote(tenant.own[route.thing(name)], safe="/")

    return re.sub(r"{(\w+)}", fill, route.path)


def _shown(value: Any) -> str:
    return repr(value)[:40]


async def _raw_request(tenant: Tenant, route: str, *, headers: dict[str, str], body: bytes, patience_s: float = PATIENCE_S) -> bytes:
    lines = [f"{route} HTTP/1.1", "host: burnish", f"authorization: Bearer {tenant.admin.key}", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return await _talk(tenant, "\r\n".join(lines).encode() + b"\r\n\r\n" + body, patience_s=patience_s)


async def _talk(tenant: Tenant, data: bytes, *, patience_s: float = PATIENCE_S) -> bytes:
    """Sends bytes as they are; returns what came back within some seconds, of a machine that may stand still meanwhile."""
    host, _, port = tenant.admin.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        await writer.drain()
        return await asyncio.wait_for(reader.read(65_536), patience_s)
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()
