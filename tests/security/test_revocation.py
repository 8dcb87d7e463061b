"""What is taken away is gone at every gateway within a second, whatever message is lost (PRODUCT T2).

Two gateways: one is told to change something, the other one, which has just let the caller in, hears of it from the database alone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import pytest
import pytest_asyncio

from burnish_gateway.access import store
from burnish_shared.auth.api_keys import new_key
from burnish_shared.db.config_cache import ChangeFeed
from burnish_shared.errors import Unavailable
from tests.chaos.fault_proxy import proxying
from tests.embedded.signed_in import sign_in
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.bus_parts import until
from tests.integration.chains.chains import call, fault, make_chain, make_prompt
from tests.integration.chains.chains import until as until_run
from tests.pace import comes_within, fair_clock
from tests.security.conftest import World

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T2")]

WITHIN_S = 1.0
ASK_AGAIN_S = 0.05

PROMPT = {"slug": "a-desk", "messages": [{"role": "user", "content": "Hello {{name}}."}], "model": "simulated/chat"}
HELLO = {"model": "simulated/chat", "messages": [{"role": "user", "content": "Hello."}]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def there(world: World) -> AsyncIterator[str]:
    """A second gateway, to which no message about changes comes through."""

    async def deaf(*_: object) -> None:
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChangeFeed, "on_message", deaf)
        url = await world.stack.start_gateway()
    yield url


@pytest.mark.promise("C-10")
async def test_what_is_taken_away_is_gone_everywhere_within_a_second(world: World, there: str) -> None:
    took = dict(zip(CHANGES, await asyncio.gather(*(one(world, there) for one in CHANGES)), strict=True))
    late: dict[str, float] = {}
    for one in [one for one, (_, s) in took.items() if s > WITHIN_S]:  # once more by itself: the machine may have been busy
        name, s = await one(world, there)
        late |= {name: round(s, 2)} if s > WITHIN_S else {}
    assert not late, late


async def _key_is_revoked(world: World, there: str) -> tuple[str, float]:
    admin, key, made = await _with_key(world)
    return await _gone("key revoked", key.at(there), 200, 401, lambda: admin("DELETE", f"/v1/api-keys/{made['id']}"))


async def _key_is_rotated_without_overlap(world: World, there: str) -> tuple[str, float]:
    admin, key, made = await _with_key(world)
    path = f"/v1/api-keys/{made['id']}/rotate"
    return await _gone("key rotated", key.at(there), 200, 401, lambda: admin("POST", path, {"overlap_hours": 0}))


async def _key_is_narrowed(world: World, there: str) -> tuple[str, float]:
    """No route does this yet; whoever adds one finds it works."""
    _, key, made = await _with_key(world)
    narrow = "UPDATE api_keys SET scopes = '{billing:read}' WHERE api_key_id = $1"
    return await _gone(
        "key narrowed", key.at(there), 200, 403, lambda: _by_sql(world, narrow, made["id"], kind="api_key", named=made["prefix"])
    )


async def _key_loses_its_role(world: World, there: str) -> tuple[str, float]:
    _, key, made = await _with_key(world, role="editor")
    lower = "UPDATE api_keys SET role = 'viewer' WHERE api_key_id = $1"
    change = _by_sql(world, lower, made["id"], kind="api_key", named=made["prefix"])
    ask = ("PUT", "/v1/alert-rules", {"min_samples": 20})
    return await _gone("key's role", key.at(there), 200, 403, lambda: change, ask=ask)


async def _member_loses_the_role(world: World, there: str) -> tuple[str, float]:
    admin, (person, user_id) = await _with_person(world)
    path, ask = f"/v1/members/{user_id}", ("GET", "/v1/api-keys", None)
    return await _gone("member's role", person.at(there), 200, 403, lambda: admin("PATCH", path, {"role": "viewer"}), ask=ask)


async def _member_is_removed(world: World, there: str) -> tuple[str, float]:
    admin, (person, user_id) = await _with_person(world)
    return await _gone("member removed", person.at(there), 200, 403, lambda: admin("DELETE", f"/v1/members/{user_id}"))


async def _person_signs_out(world: World, there: str) -> tuple[str, float]:
    _, (person, _) = await _with_person(world)
    return await _gone("signed out", person.at(there), 200, 401, lambda: person("POST", "/v1/auth/sign-out"))


async def _person_is_disabled(world: World, there: str) -> tuple[str, float]:
    """As `burnish users` does it."""
    _, (person, user_id) = await _with_person(world)
    disable = "UPDATE users SET disabled_at = clock_timestamp() WHERE user_id = $1"
    change = _by_sql(world, disable, str(user_id), kind="user", named=str(user_id))
    return await _gone("disabled", person.at(there), 200, 401, lambda: change)


async def _workspace_lets_only_admins_change_prompts(world: World, there: str) -> tuple[str, float]:
    admin = await world.stack.caller()
    editor = (await world.stack.caller(role="editor", workspace=admin.workspace)).at(there)
    path, body = f"/v1/workspaces/{admin.workspace.workspace_id}", {"only_admins_change_prompts": True}
    assert (await editor("POST", "/v1/prompts", PROMPT)).status == 201
    ask = ("PATCH", "/v1/prompts/a-desk", {"description": "changed"})
    return await _gone("workspace's setting", editor, 200, 403, lambda: admin("PATCH", path, body), ask=ask)


async def _workspace_is_suspended(world: World, there: str) -> tuple[str, float]:
    caller = await world.stack.caller()
    path = f"/v1/workspaces/{caller.workspace.workspace_id}/suspend"
    suspend = lambda: world.alpha.operator("POST", path, {"reason": "a test"})  # noqa: E731
    return await _gone("suspended", caller.at(there), 200, 403, suspend, ask=("POST", "/v1/executions", HELLO))


CHANGES: tuple[Callable[[World, str], Awaitable[tuple[str, float]]], ...] = (
    _key_is_revoked, _key_is_rotated_without_overlap, _key_is_narrowed, _key_loses_its_role, _member_loses_the_role, _member_is_removed,
    _person_signs_out, _person_is_disabled, _workspace_lets_only_admins_change_prompts, _workspace_is_suspended,
)  # fmt: skip


@pytest.mark.promise("C-10")
@pytest.mark.parametrize("followed", ["optimizations", "clarifications"])
async def test_a_stream_that_goes_on_shows_nothing_more_to_a_key_that_was_revoked(
    world: World, followed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These two have nothing new to tell. Comments of the first stand for what would come; the other ends without any."""
    monkeypatch.setattr("burnish_gateway.optimization.follow.KEEP_ALIVE_S", 0.2)
    monkeypatch.setattr("burnish_gateway.execution.streaming.KEEP_ALIVE_S", 600.0)
    made = (await world.alpha.admin("POST", "/v1/api-keys", {"name": "stream", "role": "admin"})).body
    key = replace(world.alpha.admin, key=made["key"])
    job = world.alpha.own["running_job"]
    if followed == "clarifications":  # which are their own alone
        job = (await key("POST", "/v1/clarifications", {"initial_prompt": "Answer customers."})).body["id"]
    url = f"{world.stack.gateways[0]}/v1/{followed}/{job}/events"
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {key.key}"}
    async with asyncio.timeout(20), world.alpha.admin.session.get(url, headers=headers) as response:
        assert response.status == 200 and b"event: " in await response.content.readline()
        assert (await world.alpha.admin("DELETE", f"/v1/api-keys/{made['id']}")).status == 204
        said = await response.content.read()
    assert said.rstrip().rpartition(b"\n\n")[2].startswith(b"event: error") and b"Your access has ended" in said


@pytest.mark.promise("C-10")
@pytest.mark.parametrize("comes_back", [False, True])
async def test_who_began_a_run_is_shown_nothing_more_of_it_by_a_key_that_was_revoked(
    world: World, comes_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It told the whole run, an hour of it where its deadline said so. With an Idempotency-Key the run goes on, as for whoever leaves."""
    monkeypatch.setattr("burnish_gateway.execution.streaming.KEEP_ALIVE_S", 600.0)
    admin, key, made = await _with_key(world)
    await make_prompt(admin, "reply", model="simulated/reader")
    await make_chain(admin, "told", call("first"))
    headers = {"authorization": f"Bearer {key.key}"} | ({"idempotency-key": "told"} if comes_back else {})
    body = {"variables": {"topic": "tea"}, "stream": True}
    async with fault(world.stack, "slow,s=600"), asyncio.timeout(30):
        async with admin.session.post(f"{admin.url}/v1/chains/told/runs", json=body, headers=headers) as response:
            assert response.status == 200 and await response.content.readline() == b"event: run\n"
            assert (await admin("DELETE", f"/v1/api-keys/{made['id']}")).status == 204
            said = await response.content.read()
        run_id = response.headers["x-chain-run-id"]
        assert said.rstrip().rpartition(b"\n\n")[2].startswith(b"event: error") and b"Your access has ended" in said
        if comes_back:
            assert (await admin("GET", f"/v1/chain-runs/{run_id}")).body["status"] == "running"
            assert (await admin("POST", f"/v1/chain-runs/{run_id}/cancel")).status == 200
        await until_run(admin, run_id, "cancelled")


@pytest.mark.promise("C-10")
async def test_who_waits_for_a_run_hears_nothing_of_it_by_a_key_that_was_revoked(world: World) -> None:
    admin, key, made = await _with_key(world)
    await make_prompt(admin, "reply", model="simulated/reader")
    await make_chain(admin, "waited", call("first"))
    async with fault(world.stack, "slow,s=3"), asyncio.timeout(30):
        asking = asyncio.create_task(key("POST", "/v1/chains/waited/runs", {"variables": {"topic": "tea"}}))
        await until(lambda: _begun(admin))
        assert (await admin("DELETE", f"/v1/api-keys/{made['id']}")).status == 204
        refused = await asking
    assert refused.status == 403 and refused.body["error"]["message"] == "Your access has ended.", refused.body


async def _begun(admin: Caller) -> bool:
    return bool((await admin("GET", "/v1/chain-runs?status=running")).body["data"])


async def test_another_plan_holds_everywhere_within_a_second(world: World, there: str) -> None:
    caller = (await world.stack.caller()).at(there)
    before = (await caller("POST", "/v1/executions", HELLO)).headers["ratelimit-limit"]
    path = f"/v1/organizations/{caller.workspace.organization_id}/plan"
    assert (await world.alpha.operator("PUT", path, {"plan": "free"})).status == 200

    async def changed() -> bool:
        return (await caller("POST", "/v1/executions", HELLO)).headers.get("ratelimit-limit", before) != before

    async with comes_within(WITHIN_S):
        await until(changed)


async def test_a_gateway_that_hears_of_no_changes_lets_nobody_change_anything(world: World) -> None:
    """It reaches PostgreSQL all the same, so without the bound a revoked key would go on and on."""
    stuck: list[ChangeFeed] = []
    look = ChangeFeed._look

    async def looks(self: ChangeFeed) -> None:
        if self in stuck:
            raise Unavailable("stuck")
        await look(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ChangeFeed, "_look", looks)
        feeds = _noted(patch)
        caller = (await world.stack.caller()).at(await world.stack.start_gateway(trust_s=0.5))
        # Half a second passes on a busy machine, too: then it refuses, and takes it at the next try.
        await until(lambda: _answers(caller, 201, ("POST", "/v1/prompts", PROMPT)))
        stuck += feeds
        refused = await _until_refused(caller)
        assert refused.body["error"]["code"] == "unavailable" and "heard nothing" in refused.body["error"]["message"]
        assert refused.body["error"]["retryable"] and "retry-after" in refused.headers
        assert (await caller("POST", "/v1/executions", HELLO)).status == 503
        assert (await caller("GET", "/v1/prompts/a-desk?version=1")).status == 200
        assert (await caller("POST", "/v1/prompts/a-desk/render", {"variables": {"name": "Ada"}, "version": 1})).status == 200
        stuck.clear()
        await until(lambda: _answers(caller, 200, ("PATCH", "/v1/prompts/a-desk", {"description": "again"})))


async def test_a_gateway_cut_off_from_postgresql_goes_on_reading_and_learns_what_it_missed(world: World) -> None:
    """Prompts are served from memory with their age, reactions are taken; when it is back, the key that was revoked meanwhile is none."""
    async with proxying("127.0.0.1", urlsplit(world.stack.urls["superuser"]).port or 0) as proxy:
        parts = urlsplit(world.stack.urls["gateway"])
        through = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{proxy.port}"))
        url = await _gateway_at(world.stack, through, trust_s=0.5)
        admin, key, made = await _with_key(world, role="editor")
        assert (await admin("POST", "/v1/prompts", PROMPT)).status == 201
        executed = await admin("POST", "/v1/executions", HELLO)
        caller = key.at(url)
        # A label that this gateway knows was set: it has read all changes until then, and drops nothing of what it loads now.
        assert (await admin("PUT", "/v1/prompts/a-desk/labels/seen", {"version": 1})).status == 200
        await until(lambda: _answers(caller, 200, ("GET", "/v1/prompts/a-desk?label=seen", None)))
        await until(lambda: _answers(caller, 200, ("POST", "/v1/prompts/a-desk/render", {"variables": {"name": "Ada"}, "version": 1})))
        await until(lambda: _answers(caller, 200, ("GET", "/v1/prompts/a-desk?version=1", None)))
        proxy.refuse = True
        proxy.reset_all()
        assert (await _until_refused(caller)).status == 503
        assert (await admin("DELETE", f"/v1/api-keys/{made['id']}")).status == 204

        async def says_how_old_it_is() -> bool:
            rendered = await caller("POST", "/v1/prompts/a-desk/render", {"variables": {"name": "Ada"}, "version": 1})
            assert rendered.status == 200, rendered.body
            return bool(rendered.body["stale_for_s"])

        await until(says_how_old_it_is)
        read = await caller("GET", "/v1/prompts/a-desk?version=1")
        assert read.status == 200 and int(read.headers["age"]) >= 0
        assert (await caller("POST", "/v1/feedback", {"execution_id": executed.body["id"], "thumb": "up"})).status == 202
        proxy.heal()
        await until(lambda: _answers(caller, 401, ("GET", "/v1/prompts/a-desk?version=1", None)))


@pytest.mark.promise("S-01")
async def test_a_key_that_cannot_be_one_costs_no_look_into_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, one with a wrong check and one of another product; a well-formed one that nobody has is looked for once."""
    looked: list[str] = []
    find = store.find_keys

    async def watched(tx: Any, prefix: str) -> Any:
        looked.append(prefix)
        return await find(tx, prefix)

    monkeypatch.setattr(store, "find_keys", watched)
    admin = world.beta.admin
    wrong = admin.key[:-1] + ("A" if admin.key[-1] != "A" else "B")
    for key in ("", "x", "bk_live_", wrong, "sk-proj-0123456789", f"{admin.key}x", admin.key.replace("bk_live", "bk_test")):
        answer = await replace(admin, key=key)("GET", "/v1/prompts")
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer" and "x-request-id" in answer.headers
    assert looked == []
    unknown = new_key(bytes(32))
    for _ in range(3):
        assert (await replace(admin, key=unknown.text)("GET", "/v1/prompts")).status == 401
    assert looked == [unknown.prefix]


async def _with_key(world: World, *, role: str = "viewer") -> tuple[Caller, Caller, Any]:
    admin = await world.stack.caller()
    made = (await admin("POST", "/v1/api-keys", {"name": "one", "role": role})).body
    return admin, replace(admin, key=made["key"]), made


async def _with_person(world: World) -> tuple[Caller, tuple[Caller, UUID]]:
    admin = await world.stack.caller()
    await sign_in(world.stack, admin.workspace, role="admin")  # the last admin could not be removed
    return admin, await sign_in(world.stack, admin.workspace, role="admin")


async def _by_sql(world: World, statement: str, changed: str, *, kind: str, named: str) -> None:
    async with as_superuser(world.stack.urls["superuser"]) as connection:
        async with connection.transaction():
            await connection.execute(statement, UUID(changed))
            await connection.execute("SELECT note_change(NULL, $1, $2)", kind, named)


async def _gone(
    name: str,
    caller: Caller,
    before: int,
    after: int,
    change: Callable[[], Awaitable[Any]],
    *,
    ask: tuple[str, str, Any] = ("GET", "/v1/prompts", None),
) -> tuple[str, float]:
    """How long after the change was made the caller, who was let in until then, is not any more."""
    assert await _answers(caller, before, ask), name
    changed = await change()
    assert changed is None or changed.status < 300, (name, changed.body)
    with fair_clock() as clock:
        since = clock()
        async with asyncio.timeout(60):
            while not await _answers(caller, after, ask):
                await asyncio.sleep(ASK_AGAIN_S)
        return name, clock() - since


async def _answers(caller: Caller, status: int, ask: tuple[str, str, Any]) -> bool:
    return (await caller(*ask)).status == status


async def _until_refused(caller: Caller) -> Any:
    async with asyncio.timeout(60):
        while (answer := await caller("PATCH", "/v1/prompts/a-desk", {"description": "changed"})).status != 503:
            await asyncio.sleep(0.05)
        return answer


async def _gateway_at(stack: Stack, database_url: str, **settings: Any) -> str:
    return await stack.start_gateway(database_url=database_url, **settings)


def _noted(patch: pytest.MonkeyPatch) -> list[ChangeFeed]:
    """The feeds that are started from now on."""
    feeds: list[ChangeFeed] = []
    start = ChangeFeed.start

    async def noting(self: ChangeFeed) -> None:
        feeds.append(self)
        await start(self)

    patch.setattr(ChangeFeed, "start", noting)
    return feeds
