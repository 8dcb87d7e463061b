"""The guard at work on real sockets: rebinding, mixed answers, redirects, proxies, and the name in TLS."""

import asyncio
import datetime
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.pace import within

from burnish_shared.egress import Egress, EgressPolicy, EgressRefused, SystemResolver, look_up_for
from burnish_shared.egress.resolving import DNS_SHARE, DNS_THREADS

pytestmark = [pytest.mark.promise("W-08"), pytest.mark.capability("W1"), pytest.mark.asyncio(loop_scope="session")]

LOOPBACK_ONLY = EgressPolicy.parse("127.0.0.1/32")
QUICK = aiohttp.ClientTimeout(total=30)


@dataclass
class ScriptedResolver:
    """A name server of the test's own: answers in turn, the last one for ever."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise OSError("no such name")
        return answer


@asynccontextmanager
async def _server(*, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[tuple[int, list[str]]]:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(f"{request.host} {request.path}")
        if request.path == "/redirect":
            raise web.HTTPFound(request.query["to"])
        return web.Response(text="here")

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1], seen
    finally:
        await runner.cleanup()


async def _get(egress: Egress, url: str) -> int:
    async with (
        egress.session("https" if url.startswith("https") else "http", timeout=QUICK) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        await answer.read()
        return answer.status


async def test_a_name_that_was_fine_when_checked_and_is_private_when_dialled_is_not_called() -> None:
    async with _server() as (port, seen):
        egress = Egress(EgressPolicy(), resolver=ScriptedResolver([["93.184.216.34"], ["127.0.0.1"]]))
        await egress.check("https://rebinding.example/")
        with pytest.raises(EgressRefused):
            await _get(egress, "https://rebinding.example/")
        assert seen == [] and port


async def test_every_new_connection_asks_the_resolver_again() -> None:
    async with _server() as (port, seen):
        resolver = ScriptedResolver([["127.0.0.1"], ["127.0.0.1", "10.0.0.1"]])
        egress = Egress(LOOPBACK_ONLY, resolver=resolver)
        async with egress.session("http", timeout=QUICK) as session:
            async with session.get(f"http://inner.example:{port}/a", allow_redirects=False, headers={"connection": "close"}) as answer:
                assert await answer.text() == "here"
            with pytest.raises(EgressRefused):
                await session.get(f"http://inner.example:{port}/b", allow_redirects=False)
        assert seen == [f"inner.example:{port} /a"]
        assert resolver.asked == ["inner.example", "inner.example"]


@pytest.mark.parametrize(
    "answers", [["93.184.216.34", "127.0.0.1"], ["2606:4700:4700::1111", "::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]]
)
async def test_one_private_answer_of_several_refuses_the_name_at_check_and_at_dial(answers: list[str]) -> None:
    egress = Egress(EgressPolicy(), resolver=ScriptedResolver([answers]))
    with pytest.raises(EgressRefused):
        await egress.check("https://mixed.example/")
    with pytest.raises(EgressRefused):
        await _get(egress, "https://mixed.example/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "2130706433", "127.1", "localhost"]
)
async def test_a_literal_is_refused_at_dial_though_nobody_checked_it_before(host: str) -> None:
    egress = Egress(EgressPolicy())
    with pytest.raises((EgressRefused, aiohttp.InvalidURL)):
        await _get(egress, f"https://{host}/")


async def test_plain_http_reaches_an_opened_network_and_nothing_else() -> None:
    async with _server() as (port, seen):
        assert await _get(Egress(LOOPBACK_ONLY), f"http://127.0.0.1:{port}/x") == 200
        with pytest.raises(EgressRefused):
            await _get(Egress(EgressPolicy()), f"http://127.0.0.1:{port}/y")
        with pytest.raises(EgressRefused):
            await _get(Egress(LOOPBACK_ONLY, resolver=ScriptedResolver([["93.184.216.34"]])), "http://outside.example/")
        assert seen == [f"127.0.0.1:{port} /x"]


async def test_the_peer_is_looked_at_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever misled the dialling, a connection that ends at a private peer carries no byte of the request."""
    async with _server() as (port, seen):
        egress = Egress(EgressPolicy.parse("10.0.0.0/8"))

        async def misled(*_: object) -> list[str]:
            return ["127.0.0.1"]

        monkeypatch.setattr(egress, "addresses", misled)
        with pytest.raises(EgressRefused):
            await _get(egress, f"http://misled.example:{port}/")
        assert seen == []


async def test_an_address_that_passed_by_one_port_passes_by_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connector remembers what passed, and looks anew at the same address where it is asked for otherwise."""

    async def unreachable(*_: object) -> None:
        raise OSError("nothing is dialled here")

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", unreachable)
    async with Egress(EgressPolicy()).session("https", timeout=QUICK) as session:
        with pytest.raises(OSError, match="nothing is dialled"):
            await session.get("https://93.184.216.34/")
        with pytest.raises(EgressRefused, match="port 25"):
            await session.get("https://93.184.216.34:25/")


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with _server() as (port, seen):
        assert await _get(Egress(LOOPBACK_ONLY), f"http://127.0.0.1:{port}/redirect?to=http://169.254.169.254/") == 302
        assert len(seen) == 1


async def test_proxy_variables_of_the_environment_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with _server() as (port, seen), _server() as (proxy_port, proxied):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy_port}")
        assert await _get(Egress(LOOPBACK_ONLY), f"http://127.0.0.1:{port}/x") == 200
        assert (len(seen), len(proxied)) == (1, 0)


def _certificate(tmp_path: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server context with a certificate for `names`, and a client context that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_san(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem)
    client = ssl.create_default_context(cadata=certificate.public_bytes(serialization.Encoding.PEM).decode())
    return server, client


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


async def test_tls_and_host_carry_the_name_though_the_address_was_pinned(tmp_path: Path) -> None:
    server_tls, client_tls = _certificate(tmp_path, "hooks.example")
    asked_for: list[str | None] = []
    server_tls.sni_callback = lambda _, name, __: asked_for.append(name)  # type: ignore[assignment]
    async with _server(tls=server_tls) as (port, seen):
        egress = Egress(LOOPBACK_ONLY, resolver=ScriptedResolver([["127.0.0.1"]]), tls=client_tls)
        assert await _get(egress, f"https://hooks.example:{port}/x") == 200
        assert asked_for == ["hooks.example"]
        assert seen == [f"hooks.example:{port} /x"]
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await _get(egress, f"https://other.example:{port}/x")


async def test_a_name_without_addresses_passes_the_check_and_fails_at_dial() -> None:
    egress = Egress(EgressPolicy(), resolver=ScriptedResolver([[]]))
    target = await egress.check("https://not-yet.example/")
    assert (target.host, target.resolves) == ("not-yet.example", False)
    with pytest.raises(aiohttp.ClientConnectorDNSError):
        await _get(egress, "https://not-yet.example/")
    with pytest.raises(EgressRefused):
        await egress.check("http://not-yet.example/")


async def test_the_system_resolver_answers_for_the_machine_itself_and_gives_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" in await SystemResolver().resolve("localhost")

    started: list[str] = []
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang(host: str) -> list[str]:
        started.append(host)
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return ["93.184.216.34"]

    monkeypatch.setattr("burnish_shared.egress.resolving._look_up", hang)
    resolver = SystemResolver(timeout_s=1.0)
    answers = await asyncio.gather(*(resolver.resolve("slow.example") for _ in range(5)), return_exceptions=True)
    assert all(isinstance(answer, OSError) for answer in answers)
    assert started == ["slow.example"]
    released.set()


class Names:
    """Lookups that hang until they are let go, for names that begin with `slow`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.released = threading.Event()

    def look_up(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.startswith("slow"):
            self.released.wait()
        return ["93.184.216.34"]


@pytest.fixture
def names() -> Iterator[Names]:
    one = Names()
    yield one
    one.released.set()


async def _asked(resolver: SystemResolver, host: str, *, by: str) -> Sequence[str] | OSError:
    look_up_for(by)
    try:
        return await resolver.resolve(host)
    except OSError as error:
        return error


async def test_a_tenant_whose_names_hang_takes_no_thread_from_others(names: Names) -> None:
    resolver = SystemResolver(timeout_s=3.0, look_up=names.look_up)
    slow = [asyncio.create_task(_asked(resolver, f"slow{n}.example", by="loud")) for n in range(3 * DNS_THREADS)]
    await asyncio.sleep(0.02)
    assert await _asked(resolver, "fine.example", by="quiet") == ["93.184.216.34"]
    assert all(isinstance(one, OSError) for one in await asyncio.gather(*slow))
    assert len(names.asked) == DNS_SHARE + 1
    assert isinstance(await _asked(resolver, "its-fine-one.example", by="loud"), OSError), "its own share is taken"
    names.released.set()
    assert await _asked(resolver, "its-fine-one.example", by="loud") == ["93.184.216.34"]


async def test_a_name_that_hung_is_refused_at_once_until_it_answers(names: Names) -> None:
    resolver = SystemResolver(timeout_s=3.0, look_up=names.look_up)
    assert isinstance(await _asked(resolver, "slow.example", by="one"), OSError)
    for by in ("one", "other"):
        with within(2.7):
            assert isinstance(await _asked(resolver, "slow.example", by=by), OSError)
    assert names.asked == ["slow.example"]
    names.released.set()
    async with asyncio.timeout(60):
        while isinstance(await _asked(resolver, "slow.example", by="one"), OSError):
            await asyncio.sleep(0.005)


async def test_a_name_that_only_waited_for_its_turn_is_not_taken_for_one_that_hangs(names: Names) -> None:
    resolver = SystemResolver(timeout_s=3.0, look_up=names.look_up)
    crowd = [asyncio.create_task(_asked(resolver, f"slow{n}.example", by="loud")) for n in range(DNS_SHARE)]
    await asyncio.sleep(0)
    assert isinstance(await _asked(resolver, "fine.example", by="loud"), OSError)
    await asyncio.gather(*crowd)
    names.released.set()
    assert await _asked(resolver, "fine.example", by="loud") == ["93.184.216.34"]


async def test_a_network_that_cannot_be_read_stops_the_start() -> None:
    with pytest.raises(ValueError, match="localhost"):
        EgressPolicy.parse("10.0.0.0/8,localhost")
