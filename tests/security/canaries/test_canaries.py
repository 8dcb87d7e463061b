"""Secrets and texts of a full run with faults are found in nothing that it leaves behind (PROMISES E-10, S-05, P-08)."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from tests.embedded.installation import Installation
from tests.fakes.echoing_provider import echoing_provider
from tests.fakes.receiver import receiving
from tests.fakes.trace_collector import trace_collector
from tests.security.canaries.full_run import FAULTS, Canaries, Run, collect, environment, new_kek, spellings, use, use_much

pytestmark = [pytest.mark.asyncio(loop_scope="session")]

SERIES_MOST = 2_000
"""Of one service (PROMISES P-07)."""

UNBOUNDED = {
    "workspace", "workspace_id", "tenant", "organization", "user", "user_id", "prompt", "slug", "session", "model", "path", "url", "key",
    "api_key", "endpoint", "replica",
}  # fmt: skip
"""Labels that would have a value for each tenant, user, prompt or address. The simulator's models are its own few."""

HOLD_TEXT = ("table ", "answers", "PostgreSQL files", "stream EXECUTIONS", "stream FEEDBACK")
"""Where conversations are kept or answered on purpose; everything else must not know them."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def run(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    canaries, kek = Canaries(), new_kek()
    async with (
        trace_collector() as collector,
        echoing_provider(said=canaries.text("output")) as provider,
        receiving() as receiver,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)) as http,
    ):
        installation = Installation(tmp_path_factory.mktemp("canaries") / "home", environment=environment(kek, collector))
        made = Run(installation, provider, receiver, http, canaries, kek)
        try:
            installation.up()
            await use(made)
            await use_much(made)
            await collect(made, collector)
        finally:
            installation.run("down")
        yield made


def _found(run: Run, wanted: dict[str, str], *, but_in: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{name} in {artefact}: {_around(content, one)!r}"
        for name, text in wanted.items()
        for artefact, content in run.artefacts.items()
        if not artefact.startswith(but_in)
        for one in spellings(text)
        if one in content
    ]


def _around(content: bytes, one: bytes) -> bytes:
    at = content.index(one)
    return content[max(0, at - 120) : at + len(one) + 20]


@pytest.mark.promise("E-10", "S-04", "S-05")
async def test_no_secret_is_found_in_anything_that_a_run_leaves_behind(run: Run) -> None:
    assert len(run.canaries.secrets) >= 12, run.canaries.secrets.keys()
    assert run.provider.keys >= {run.canaries.secrets[f"provider key {number}"] for number in range(3)}
    found = _found(run, run.canaries.secrets)
    assert not found, "\n".join(found)


@pytest.mark.promise("P-08")
async def test_prompts_and_answers_are_found_in_conversations_alone(run: Run) -> None:
    found = _found(run, run.canaries.texts, but_in=HOLD_TEXT)
    assert not found, "\n".join(found)
    for name, text in run.canaries.texts.items():
        if name != "score":
            assert any(text.encode() in content for artefact, content in run.artefacts.items() if artefact.startswith(HOLD_TEXT)), name


@pytest.mark.promise("P-07")
async def test_metrics_do_not_grow_with_workspaces_prompts_users_or_addresses(run: Run) -> None:
    series = {
        name: [line for line in content.decode().splitlines() if line and not line.startswith("#")]
        for name, content in run.artefacts.items()
        if name.startswith("metrics of ")
    }
    assert {name: len(lines) for name, lines in series.items() if len(lines) > SERIES_MOST} == {}
    labels = {
        label
        for name, lines in series.items()
        if name != "metrics of simulator"
        for line in lines
        for label in re.findall(r'(\w+)="', line)
    }
    assert not labels & UNBOUNDED, labels & UNBOUNDED
    values = " ".join(line for lines in series.values() for line in lines)
    assert not [one for one in ("prompt-1", "user-1", "workspace 1", "/nobody/offers", "simulated/chat", "mirror") if one in values]
    assert 'route="none"' in values and 'route="/v1/prompts/{slug}"' in values


async def test_the_run_left_what_is_searched(run: Run) -> None:
    """A grep over nothing finds nothing: every artefact is there and speaks of the run."""
    for name in ("gateway", "executor", "webhooks", "analytics", "optimizer", "postgres", "nats", "launcher"):
        assert run.artefacts[f"log {name}.log"], name
    for name in (b"burnish-executor", b"burnish-analytics", b"execute"):
        assert name in run.artefacts["traces"], name
    assert b"burnish_gateway_requests_total" in run.artefacts["metrics of gateway"]
    assert set(run.provider.calls) >= {*FAULTS, "cut", "slow"}
    for stream in ("EVENTS", "RECORDS", "FEEDBACK", "EXECUTIONS"):
        assert len(run.artefacts[f"stream {stream}"]) > 1_000, stream
    assert len(run.artefacts["PostgreSQL files"]) > 1_000_000
    for table in ("outbox", "dead_letters", "audit_log", "idempotency_keys", "provider_keys", "executions"):
        assert f"table {table}" in run.artefacts
    assert run.artefacts["table idempotency_keys"] and run.artefacts["table audit_log"] and run.artefacts["table executions"]
