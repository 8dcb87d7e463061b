"""schemathesis over the whole API: no 5xx, documented statuses, answers as their schemas say, nonsense refused (PROMISES G-20, 4.1).

`make test` runs a capped, deterministic part; `make fuzz` the long one, with a seed that is told. New routes are asked by themselves.
"""

import os
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import structlog

from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Stack, running_stack
from tests.embedded.superuser import as_superuser
from tests.fuzz.campaign import Outcome, as_operator, as_person, run_schemathesis
from tests.security.tenants import Tenant, make_tenant
from tests.security.world import routes_of

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.promise("G-20")]

FULL_S = int(os.environ.get("BURNISH_FUZZ_S", "0"))
"""Seconds of the full run; 0: the capped one."""

SEED = os.environ.get("BURNISH_FUZZ_SEED") or str(secrets.randbelow(10**6))

PHASES = os.environ.get("BURNISH_FUZZ_PHASES", "examples,coverage,fuzzing,stateful")

LEAST_CALLS = 200
"""Fewer would prove nothing, however slow the machine."""

CAPPED_S = (12, 36, 108)
"""A machine that has others to serve gets further in more time."""

MAY_BE_502 = {f"POST /v1/{route}" for route in ("executions", "chat/completions", "messages", "responses", "embeddings")}
MAY_BE_502.add("POST /generate_final_prompt")
"""502 and 504 of a provider that cannot be called are answers of theirs, and documented."""

CAPPED = (
    "--request-timeout", "60", "--phases", "coverage", "--mode", "positive", "--exclude-checks", "ignored_auth",
    "--generation-deterministic",
)  # fmt: skip
"""Every value that a schema names, at its borders. What a schema forbids is sent to every route by tests/security/test_bad_input.py."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    """Rates that nothing is refused by: a 429 hides what lies behind it."""
    async with as_superuser(module_database_urls["superuser"]) as connection:
        await connection.execute("UPDATE plans SET rate_limit_per_minute = 10000000, concurrency = 100000")
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
    async with running_stack(module_database_urls, nats_server, gateway={"deadline_s": 5, "sign_up": "open"}) as running:
        yield running
    structlog.reset_defaults()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tenant(stack: Stack) -> Tenant:
    return await make_tenant(stack, "fuzz")


@pytest.mark.timeout(FULL_S * 2 + 300)
async def test_no_input_breaks_the_api(stack: Stack, tenant: Tenant, tmp_path: Any) -> None:
    for how in (_full(FULL_S),) if FULL_S else [(*CAPPED, "--max-time", str(seconds)) for seconds in CAPPED_S]:
        outcome = await _ask(stack, tenant, tmp_path, options=(*as_operator(tenant), *how))
        assert not outcome.with_status("5") - MAY_BE_502
        if outcome.calls > LEAST_CALLS:
            break
    assert outcome.calls > LEAST_CALLS
    if FULL_S:
        document = (await tenant.admin("GET", "/openapi.json")).body
        asked = {name.rpartition(" ")[0] for name in outcome.statuses}
        assert {route.name for route in routes_of(document)} <= asked, "a route that nothing was asked of"


@pytest.mark.skipif(not FULL_S, reason="the full run alone")
@pytest.mark.timeout(FULL_S + 300)
async def test_no_input_of_somebody_who_signed_in_breaks_the_api(stack: Stack, tenant: Tenant, tmp_path: Any) -> None:
    outcome = await _ask(stack, tenant, tmp_path, options=(*as_person(tenant), *_full(max(20, FULL_S // 5))))
    assert not outcome.with_status("5")
    assert "GET /v1/auth/session" in outcome.with_status("2"), "the session ended, and nothing behind it was asked"


def _full(for_s: int) -> tuple[str, ...]:
    return ("--phases", PHASES, "--max-examples", "50", "--seed", SEED, "--max-time", str(for_s))


async def _ask(stack: Stack, tenant: Tenant, folder: Any, *, options: tuple[str, ...]) -> Outcome:
    await tenant.admin("GET", "/openapi.json")  # Made once, which takes seconds on a busy machine.
    outcome = await run_schemathesis(stack.gateways[0], tenant, folder=folder, options=options)
    summary = _summary(outcome)
    if FULL_S:
        print(f"\nBURNISH_FUZZ_SEED={SEED}: {summary}")
    assert outcome.code == 0, f"{summary}\n{outcome.told[-20_000:]}"
    return outcome


def _summary(outcome: Outcome) -> str:
    digits: Counter[str] = Counter()
    for name, number in outcome.statuses.items():
        digits[name.rpartition(" ")[2]] += number
    without = sorted({name.rpartition(" ")[0] for name in outcome.statuses} - outcome.with_status("2"))
    return f"{outcome.calls} calls, {dict(sorted(digits.items()))}; never succeeded: {', '.join(without) or 'none'}"
