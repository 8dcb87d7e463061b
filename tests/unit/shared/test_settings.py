"""What a start refuses of its settings, in words that name the setting and the fix."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic_settings import BaseSettings

from burnish_analytics.settings import AnalyticsSettings
from burnish_executor.settings import ExecutorSettings
from burnish_gateway.settings import GatewaySettings
from burnish_optimizer.settings import OptimizerSettings
from burnish_shared import process
from burnish_shared.bus.addresses import Addresses
from burnish_shared.errors import Unavailable
from burnish_shared.refusal import StartRefused
from burnish_shared.settings import SharedSettings, from_environment
from burnish_simulator.settings import SimulatorSettings
from burnish_webhooks.settings import WebhooksSettings
from tests.embedded.secrets import KEK

pytestmark = pytest.mark.capability("I1")

ALL: tuple[type[BaseSettings], ...] = (
    GatewaySettings, ExecutorSettings, OptimizerSettings, AnalyticsSettings, WebhooksSettings, SimulatorSettings,
)  # fmt: skip


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://burnish@127.0.0.1/burnish")
    monkeypatch.setenv("NATS_URL", "nats://burnish@127.0.0.1")
    monkeypatch.setenv("BURNISH_KEK", KEK)


def refusal(settings: type[BaseSettings]) -> str:
    with pytest.raises(StartRefused) as refused:
        from_environment(settings)
    return str(refused.value)


@pytest.mark.parametrize("url", ["http://burnish:hidden@bus:4222", "redis://bus", "nats://one:4222,http://two", "hidden://a"])
def test_a_bus_of_another_protocol_is_refused_and_nothing_of_it_is_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", url)
    said = refusal(SharedSettings)
    assert "NATS_URL: must begin with nats://" in said and "such as nats://user:password@host:4222" in said and "hidden" not in said


@pytest.mark.parametrize(
    "url", ["", "nats://", "nats://burnish:hidden@", "nats://bus:hidden", "nats://bus:99999", "nats://one,", "nats://a b"]
)
def test_a_bus_without_a_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", url)
    said = refusal(SharedSettings)
    assert "NATS_URL: names no server, or one whose port is no number" in said and "hidden" not in said


@pytest.mark.parametrize("url", ["one:4222,nats://two:4222", "nats://one,tls://two", "tls://one,nats://two"])
def test_servers_of_two_schemes_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One would be called by the scheme of the other: in the open, where TLS was asked for."""
    monkeypatch.setenv("NATS_URL", url)
    assert "NATS_URL: all servers must be of one scheme, which stands before the first" in refusal(SharedSettings)


@pytest.mark.parametrize(
    "url", ["nats://u:p@bus:4222", "tls://t@bus", "bus", "u:p/q#?@bus:4222", "nats://u:p@one:4222, two:4222,nats://[::1]:4222"]
)
def test_what_leads_to_nats_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NATS_URL", url)
    assert from_environment(SharedSettings).nats_url.get_secret_value() == url
    servers = [urlsplit(one) for one in Addresses.of(url).servers]
    assert {one.hostname for one in servers} <= {"bus", "one", "two", "::1"}
    assert {one.scheme for one in servers} == {"tls" if url.startswith("tls") else "nats"}


@pytest.mark.parametrize("url", ["ftp://x", "collector:4318", "http://", "https://collector:port/v1/traces"])
def test_traces_leave_over_http_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_OTLP_ENDPOINT", url)
    assert "BURNISH_OTLP_ENDPOINT: must be an address that begins with http:// or https://" in refusal(SharedSettings)


@pytest.mark.parametrize("settings", [GatewaySettings, ExecutorSettings, WebhooksSettings])
@pytest.mark.parametrize(
    "url", ["burnish.example.com", "https://burnish.example.com/", "https://b.example/api", "https://", "ftp://b.example"]
)
def test_a_public_address_is_a_scheme_and_a_host(settings: type[BaseSettings], url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_PUBLIC_URL", url)
    assert "BURNISH_PUBLIC_URL: must be http:// or https:// with a host, and without a path or a / at its end" in refusal(settings)


def test_a_lease_that_is_not_renewed_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_RENEW_S", "30")
    told = "BURNISH_RENEW_S and BURNISH_WATCH_INTERVAL_S together must be at most half of BURNISH_LEASE_S"
    assert told in refusal(OptimizerSettings)
    monkeypatch.setenv("BURNISH_LEASE_S", "62")
    assert from_environment(OptimizerSettings).lease_s == 62


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BURNISH_LOG_LEVEL", "verbose", "'debug', 'info', 'warning' or 'error'"),
        ("BURNISH_REPLICA", "Gateway 1", "must be 1 to 40 of the letters a to z, digits and -"),
        ("BURNISH_DAYTONA_API_URL", "app.daytona.io", "must be an address that begins with https://"),
    ],
)
def test_what_is_allowed_is_told_in_words(variable: str, value: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    said = refusal(GatewaySettings)
    assert f"{variable}: " in said and words in said


def test_no_setting_is_refused_by_showing_a_pattern() -> None:
    def patterns(one: type[BaseSettings]) -> list[str]:
        fields = one.model_fields.items()
        return [name for name, field in fields if any(getattr(rule, "pattern", None) for rule in field.metadata)]

    assert {one.__name__: patterns(one) for one in ALL if patterns(one)} == {}


async def test_who_waits_for_a_server_says_so_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once at first, again where the reason is another, and then every SAID_AGAIN_S."""
    said: list[str] = []

    def warning(event: str, *, error: str, **_: Any) -> None:
        said.append(error)

    monkeypatch.setattr(process.log, "warning", warning, raising=False)
    monkeypatch.setattr(process, "START_AGAIN_S", 0.0)
    reasons = ["away"] * 40 + ["starting"] * 40

    async def work() -> str:
        if reasons:
            raise Unavailable(reasons.pop(0))
        return "there"

    assert await asyncio.wait_for(process.patiently(work), 15) == "there"
    assert said == ["away", "starting"]
    monkeypatch.setattr(process, "SAID_AGAIN_S", 0.0)
    reasons.extend(["away"] * 3)
    await asyncio.wait_for(process.patiently(work), 15)
    assert said[2:] == ["away"] * 3
