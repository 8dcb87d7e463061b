"""The whole list of PROMISES 4.4 at all four moments: when an endpoint is made, changed, tested, and when it is dialled."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.embedded.databases import DatabaseUrls
from tests.fakes.dns import DnsResolver, DnsServer, serving_dns
from tests.fakes.receiver import Receiver
from tests.integration.webhooks.conftest import Hooks, an_event
from tests.integration.webhooks.gateway import Caller, WebhookGateway, webhook_gateway
from tests.unit.egress.test_addresses_and_urls import BAD_LITERAL_URLS, PRIVATE_ADDRESSES

from burnish_shared.egress import Egress, EgressPolicy

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("W-08"), pytest.mark.capability("W1", "W3")]

ENDPOINTS = "/v1/webhooks/endpoints"
PUBLIC = "93.184.216.34"

FURTHER_URLS = [
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/",
    "https://0.0.0.0/", "https://127.0.0.1:8443/", "https://224.0.0.251/", "https://255.255.255.255/",
]  # fmt: skip
LITERALS = [url for url in (*BAD_LITERAL_URLS, *FURTHER_URLS) if 0 < len(url) <= 2048 and "\x00" not in url]

NAMES: dict[str, list[str]] = {
    "inner.example": ["10.0.0.7"],
    "loop.example": ["127.0.0.1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "lvh.example": ["127.0.0.1", "::1"],
    "mixed.example": [PUBLIC, "10.0.0.7"],
    "mixed-six.example": [PUBLIC, "fd00:ec2::254"],
    "mapped.example": [PUBLIC, "::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
    "chain.example": ["chain-two.example"],
    "chain-two.example": ["chain-three.example"],
    "chain-three.example": ["192.168.1.1"],
    "half-chain.example": [PUBLIC, "chain-three.example"],
}
"""Name → its addresses and aliases."""

PRIVATE_NAMES = {f"a{number}.example": [address] for number, address in enumerate(PRIVATE_ADDRESSES)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(module_database_urls: DatabaseUrls) -> AsyncIterator[WebhookGateway]:
    async with webhook_gateway(module_database_urls) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="session")
async def dns() -> AsyncIterator[DnsServer]:
    async with serving_dns() as server:
        server.records = {name: [list(answer)] for name, answer in (NAMES | PRIVATE_NAMES).items()} | {"example.com": [[PUBLIC]]}
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def call(served: WebhookGateway, hooks: Hooks, dns: DnsServer) -> Caller:
    """At a gateway that opened nothing, and asks the test's name server."""
    served.guard(Egress(EgressPolicy(), resolver=DnsResolver(dns.port)))
    return await served.caller(hooks.workspace_id)


async def test_no_url_of_the_list_can_be_stored_or_tried(call: Caller, hooks: Hooks, dns: DnsServer) -> None:
    dns.records["fine.example"] = [[PUBLIC]]
    status, fine = await call("POST", ENDPOINTS, {"url": "https://fine.example/hook", "events": ["*"]})
    assert status == 201, fine
    for url in (*LITERALS, *(f"https://{name}/" for name in NAMES)):
        endpoint_id = await hooks.add_endpoint(url)  # as if it had come in some other way
        for method, path, body in (
            ("POST", ENDPOINTS, {"url": url, "events": ["*"]}),
            ("PATCH", f"{ENDPOINTS}/{fine['id']}", {"url": url}),
            ("POST", f"{ENDPOINTS}/{endpoint_id}/test", None),
        ):
            answer_status, answer = await call(method, path, body)
            assert (answer_status, answer["error"]["code"]) == (422, "egress_refused"), (url, method, path, answer)
            assert not any(address in answer["error"]["message"] for address in PRIVATE_ADDRESSES if len(address) > 6)
    assert (await call("GET", f"{ENDPOINTS}/{fine['id']}"))[1]["url"] == "https://fine.example/hook"


async def test_no_url_of_the_list_is_dialled(hooks: Hooks, dns: DnsServer, receiver: Receiver) -> None:
    """The receiver listens on loopback, where many of them lead."""
    here = [f"http://127.0.0.1:{receiver.port}/", f"http://[::ffff:127.0.0.1]:{receiver.port}/", f"http://loop.example:{receiver.port}/"]
    urls = [*LITERALS, *(f"https://{name}/" for name in (*NAMES, *PRIVATE_NAMES)), *here]
    for url in urls:
        await hooks.add_endpoint(url)
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=100, egress=Egress(EgressPolicy(), resolver=DnsResolver(dns.port))):
        await hooks.until(lambda rows: len(rows) == len(urls) and all(row["failed_attempts"] == 1 for row in rows), timeout_s=60)
    assert {attempt["error_class"] for attempt in await hooks.attempts()} == {"egress_refused"}
    assert receiver.requests == []


async def test_a_name_that_moves_inside_after_it_was_checked_is_not_called(
    call: Caller, hooks: Hooks, dns: DnsServer, receiver: Receiver
) -> None:
    """Rebinding, TTL 0: public when the endpoint is made, loopback when it is tested, changed and dialled."""
    url = f"https://moves.example:{8443}/"
    dns.records["moves.example"] = [[PUBLIC], ["127.0.0.1"]]
    status, made = await call("POST", ENDPOINTS, {"url": url, "events": ["*"]})
    assert status == 201
    assert (await call("POST", f"{ENDPOINTS}/{made['id']}/test"))[0] == 422
    assert (await call("PATCH", f"{ENDPOINTS}/{made['id']}", {"url": url}))[0] == 422
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=100, egress=Egress(EgressPolicy(), resolver=DnsResolver(dns.port))):
        await hooks.until(lambda rows: bool(rows) and rows[0]["failed_attempts"] == 1)
    (attempt,) = await hooks.attempts()
    assert (attempt["error_class"], attempt["response_snippet"]) == ("egress_refused", None)
    assert receiver.requests == [] and dns.asked.count("moves.example") >= 4


async def test_a_redirect_to_any_of_them_is_an_answer_and_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    receiver.modes["/hook"] = ["redirect"]
    await hooks.add_endpoint(receiver.url())
    await hooks.emit(an_event(hooks.workspace_id))
    async with hooks.delivering(factor=100):
        await hooks.until(lambda rows: bool(rows) and rows[0]["failed_attempts"] == 1)
    assert [one.path for one in receiver.requests] == ["/hook"]


@pytest.mark.promise("W-09")
@pytest.mark.parametrize(
    ("answer", "error_classes"),
    [
        (b"hello from long ago\r\n", {"bad_response"}),  # HTTP/0.9
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 200, {"timeout", "bad_response", "connection_lost"}),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000 + b"\r\n", {"bad_response", "connection_lost"}),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50, {"bad_response", "connection_lost"}),
    ],
    ids=["0.9", "1xx flood", "header flood", "no http"],
)
async def test_a_receiver_that_speaks_no_http_is_one_failed_attempt(hooks: Hooks, answer: bytes, error_classes: set[str]) -> None:
    async with _raw(answer) as port:
        await hooks.add_endpoint(f"http://127.0.0.1:{port}/")
        await hooks.emit(an_event(hooks.workspace_id))
        async with hooks.delivering(factor=100, total_timeout_s=5):
            await hooks.until(lambda rows: bool(rows) and rows[0]["failed_attempts"] == 1)
    (attempt,) = await hooks.attempts()
    assert attempt["error_class"] in error_classes and attempt["duration_ms"] < 60_000


@asynccontextmanager
async def _raw(answer: bytes) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await _quietly(writer.drain)
        await asyncio.sleep(0.6)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _quietly(wait: Callable[[], object]) -> None:
    try:
        await wait()  # type: ignore[misc]
    except ConnectionError:
        pass
