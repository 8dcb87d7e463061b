"""An end user is forgotten: every table, every queue, and also in a database that was restored from before."""

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from burnish.embedded.nats import ADMINISTRATOR
from burnish_analytics.app import run as run_analytics
from burnish_analytics.compare_tombstones import compare_tombstones
from burnish_analytics.erase_subjects import erase_due
from burnish_analytics.io import erasures_store
from burnish_analytics.settings import AnalyticsSettings
from burnish_gateway.privacy.receipt import STORES, signed_bytes
from burnish_gateway.privacy.subject import subject_digest
from burnish_shared.bus.connect import connect
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_shared.ids import new_uuid
from tests.embedded.databases import Cluster, DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.embedded.streams import empty_streams
from tests.embedded.superuser import as_superuser, forget
from tests.embedded.workspaces import make_workspace
from tests.integration.privacy.past import Past, days_ago

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8"), pytest.mark.promise("P-02")]


@contextlib.asynccontextmanager
async def analytics_on(urls: DatabaseUrls, nats: Any, **changed: Any) -> AsyncIterator[Database]:
    """The whole service, looking every 50 ms."""
    given = {"period_ms": 50, "join_interval_s": 0.1, "erasure_interval_s": 0.05, "tombstones_interval_s": 0.05, "replica": "privacy"}
    settings = AnalyticsSettings.model_validate({"DATABASE_URL": urls["analytics"], "NATS_URL": nats.url("analytics")} | given | changed)
    db = await Database.open(urls["analytics"], application_name="test-analytics", max_size=6)
    bus = await connect(nats.url("analytics"), service="analytics", replica="privacy")
    stop = asyncio.Event()
    task = asyncio.create_task(run_analytics(settings, db=db, bus=bus, stop=stop))
    try:
        yield db
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)
        await bus.close()
        await db.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server) as running, analytics_on(module_database_urls, nats_server):
        yield running
    await empty_streams(nats_server.url(ADMINISTRATOR))  # A gateway of another module would miss these erasures in its own database.


async def eventually(look: Callable[[], Awaitable[Any]], *, what: str) -> Any:
    async with asyncio.timeout(60):
        while not (value := await look()):
            await asyncio.sleep(0.02)
    assert value, what
    return value


async def forgotten(caller: Caller, person: str, **more: Any) -> dict[str, Any]:
    """Asks, and waits until the first pass is done."""
    asked = await caller("POST", "/v1/erasures", {"user_id": person} | more)
    assert asked.status == 202, asked.body

    async def done() -> dict[str, Any] | None:
        answer = (await caller("GET", f"/v1/erasures/{asked.body['id']}")).body
        return answer if answer["status"] == "completed" else None

    return await eventually(done, what="the erasure")  # type: ignore[no-any-return]


async def lived(caller: Caller, past: Past, person: str) -> str:
    """A person who calls, reacts, and reacts anew, over HTTP. Returns the execution."""
    call = {"model": "simulated/chat", "messages": [{"role": "user", "content": f"I am {person}"}], "user_id": person,
            "session_id": f"session-of-{person}", "metadata": {"who": person}}  # fmt: skip
    execution = (await caller("POST", "/v1/executions", call, headers={"idempotency-key": f"call-{new_uuid()}"})).body
    for thumb in ("up", "down"):
        said = {"execution_id": execution["id"], "thumb": thumb, "comment": f"says {person}", "user_id": person, "context": {"of": person}}
        assert (await caller("POST", "/v1/feedback", said)).status == 202
    said = {"session_id": f"session-of-{person}", "score": 0.5, "user_id": person}
    assert (await caller("POST", "/v1/feedback", said)).status == 202

    async def counted() -> bool:
        rows = await past.rows(
            """SELECT (SELECT count(*) FROM feedback WHERE workspace_id = $1 AND end_user = $2) AS reactions,
                      (SELECT count(*) FROM feedback_history WHERE workspace_id = $1 AND end_user = $2) AS replaced,
                      (SELECT count(*) FROM execution_facts WHERE workspace_id = $1 AND end_user = $2) AS facts""",
            caller.workspace.workspace_id, person,
        )  # fmt: skip
        sums = await past.rows(
            """SELECT coalesce(sum(reactions) = 2 * sum(executions), false) AS reactions, min(executions) = max(executions) AS grains
               FROM (SELECT sum(reactions) AS reactions, sum(executions) AS executions FROM rollups WHERE workspace_id = $1
                     GROUP BY grain) AS each""",
            caller.workspace.workspace_id,
        )
        return rows == [{"reactions": 2, "replaced": 1, "facts": 1}] and sums == [{"reactions": True, "grains": True}]

    await eventually(counted, what="everything counted")
    return str(execution["id"])


@pytest.mark.promise("P-03")
async def test_after_an_erasure_no_table_knows_the_person_and_the_books_are_as_before(stack: Stack, past: Past) -> None:
    caller, neighbour = await stack.caller(), await stack.caller()
    await lived(caller, past, "erasmus")
    await lived(caller, past, "remains")
    await lived(neighbour, past, "erasmus")
    ledger = "SELECT kind, amount_nusd, execution_id FROM transfers WHERE workspace_id = $1 ORDER BY transfer_id"
    figures = "SELECT sum(reactions) AS r, sum(thumbs_down) AS d, sum(executions) AS n FROM rollups WHERE workspace_id = $1"
    workspace = caller.workspace.workspace_id
    before = (await past.rows(ledger, workspace), await past.rows(figures, workspace), await past.found("remains"))
    done = await forgotten(caller, "erasmus")
    left = await past.found("erasmus")
    rows = await past.rows("SELECT DISTINCT workspace_id FROM executions WHERE end_user = 'erasmus'")
    assert [row["workspace_id"] for row in rows] == [neighbour.workspace.workspace_id], "the same id elsewhere is somebody else"
    await forgotten(neighbour, "erasmus")
    assert await past.found("erasmus") == {}, left
    assert (await past.rows(ledger, workspace), await past.rows(figures, workspace), await past.found("remains")) == before
    assert done["counts"]["execution_contents"] == 1 and done["counts"]["feedback"] == 2 and done["counts"]["feedback_history"] == 1


async def test_a_voice_loses_its_name_and_still_counts_once(stack: Stack, past: Past, superuser: asyncpg.Connection) -> None:
    """What each end user said of a version is remembered, so that none weighs too much (O-08)."""
    caller = await stack.caller()
    prompt = {"slug": "route", "messages": [{"role": "user", "content": "{{text}}"}], "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    assert (await caller("PUT", "/v1/prompts/route/labels/production", {"version": 1})).status == 200
    for person in ("vox", "silent", "remains"):
        call = {"prompt": "route", "variables": {"text": "x"}, "user_id": person}
        execution = (await caller("POST", "/v1/executions", call)).body["id"]
        assert (await caller("POST", "/v1/feedback", {"execution_id": execution, "thumb": "up", "user_id": person})).status == 202
    voices = "SELECT voice, samples FROM label_voices WHERE workspace_id = $1 ORDER BY voice"
    workspace = caller.workspace.workspace_id

    async def counted() -> bool:
        return len(await past.rows(voices, workspace)) == 3

    await eventually(counted, what="three voices")
    sums = "executions successes errors timeouts rate_limited cancelled blocked cached simulated input_tokens output_tokens".split()
    sums += "cached_input_tokens cost_nusd latency_sum_ms reactions thumbs_up thumbs_down scores score_sum_micro".split()
    for person in ("vox", "remains"):
        await superuser.execute(
            f"""INSERT INTO rollup_top_users (workspace_id, grain, bucket, end_user, {", ".join(sums)}, latency, first_token,
                                              others_executions, others_cost_nusd)
                VALUES ($1, 'day', now() - interval '1 hour', $2, {", ".join("1" for _ in sums)}, '{{1}}', '{{1}}', 0, 0)""",
            workspace, person,
        )  # fmt: skip
    elsewhere = (await stack.caller()).workspace.workspace_id
    await superuser.execute(
        """INSERT INTO rollup_top_users SELECT (jsonb_populate_record(t, jsonb_build_object('workspace_id', $1::uuid))).*
             FROM rollup_top_users t WHERE end_user = 'vox'""",
        elsewhere,
    )
    done = await forgotten(caller, "vox")
    assert (done["counts"]["label_voices"], done["counts"]["rollup_top_users"]) == (1, 1)
    theirs = await superuser.fetchval("SELECT end_user FROM rollup_top_users WHERE workspace_id = $1", elsewhere)
    assert theirs == "vox", "of the same name, and somebody else"
    heaviest = {row["end_user"] for row in await past.rows("SELECT end_user FROM rollup_top_users WHERE workspace_id = $1", workspace)}
    assert {one for one in heaviest if not one.startswith("~")} == {"remains"} and len(heaviest) == 2
    await superuser.execute(
        """INSERT INTO rollup_top_users SELECT (jsonb_populate_record(t, '{"grain": "hour"}')).* FROM rollup_top_users t
            WHERE end_user = 'remains'"""
    )
    assert await superuser.fetchval("SELECT forget_top_users($1, 10)", workspace) == 0
    await superuser.execute("UPDATE rollup_top_users SET bucket = now() - interval '21 days' WHERE end_user = 'remains'")
    assert [await superuser.fetchval("SELECT forget_top_users($1, 10)", workspace) for _ in range(2)] == [1, 0], "hours go after 20 days"
    await superuser.execute("UPDATE rollup_top_users SET bucket = now() - interval '500 days' WHERE end_user = 'remains'")
    assert [await superuser.fetchval("SELECT forget_top_users($1, 10)", workspace) for _ in range(2)] == [1, 0]
    waiting = await past.rows("SELECT voice FROM detector_voices WHERE workspace_id = $1", workspace)
    assert "user:vox" not in {row["voice"] for row in waiting}
    await superuser.execute("UPDATE label_voices SET spoke_at = now() - interval '500 days' WHERE voice = 'user:silent'")
    assert [await superuser.fetchval("SELECT forget_voices($1, 10)", workspace) for _ in range(2)] == [1, 0]
    left = await past.rows(voices, workspace)
    assert [row["voice"] for row in left if not row["voice"].startswith("user:~")] == ["user:remains"]
    assert [row["samples"] for row in left] == [1, 1, 1]


async def test_calls_with_and_without_a_session_lie_between_each_other(stack: Stack, past: Past) -> None:
    """Sessions whose names sort otherwise than their executions came must not hide any of them."""
    caller = await stack.caller()
    workspace, at = caller.workspace.workspace_id, datetime.now(UTC) - timedelta(minutes=30)
    for number, (person, session) in enumerate(
        [
            ("other", None),
            ("mixed", "z-first"),
            ("other", "m"),
            ("mixed", None),
            ("other", None),
            ("mixed", "a-last"),
            ("other", "b"),
            ("other", None),
        ]
    ):
        await past.execution(workspace, person, at=at + timedelta(minutes=number), session=session)
    done = await forgotten(caller, "mixed")
    assert done["counts"]["executions"] == 3 and done["counts"]["execution_contents"] == 3
    assert await past.found("mixed") == {}
    rows = await past.rows("SELECT count(*) AS n FROM executions WHERE workspace_id = $1 AND end_user = 'other'", workspace)
    assert rows == [{"n": 5}]


async def test_the_receipt_is_signed_and_says_what_was_done(stack: Stack, past: Past) -> None:
    caller, stranger = await stack.caller(), await stack.caller()
    await lived(caller, past, "signora")
    asked = await caller("POST", "/v1/erasures", {"user_id": "signora", "reason": "asked by letter"})
    early = await caller("GET", f"/v1/erasures/{asked.body['id']}/receipt")
    assert early.status in (200, 409)
    done = await forgotten(caller, "nobody-at-all")
    assert done["counts"] == {}, "who was never here leaves an erasure too"
    path = f"/v1/erasures/{asked.body['id']}"
    await eventually(lambda: _is_completed(caller, path), what="the erasure")
    answer = (await caller("GET", f"{path}/receipt")).body
    receipt, key = answer["receipt"], Ed25519PublicKey.from_public_bytes(base64.b64decode(answer["public_key"]))
    key.verify(base64.b64decode(answer["signature"]), signed_bytes(receipt))
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(answer["signature"]), signed_bytes(receipt | {"passes": 9}))
    assert set(receipt["stores"]) == set(STORES) and receipt["stores"]["feedback"] == 2
    assert receipt["subject"]["hmac_sha256"] == asked.body["subject"] and "signora" not in json.dumps(answer)
    assert "7 days" in receipt["ages_out"]["JetStream streams"] and not receipt["final"]
    assert (await stranger("GET", f"{path}/receipt")).status == (await stranger("GET", path)).status == 404
    rows = await past.rows("SELECT body FROM outbox WHERE subject = $1", f"burnish.v1.data.erased.{caller.workspace.workspace_id}")
    events = [json.loads(row["body"]) for row in rows]
    assert asked.body["id"] in [one["data"]["erasure_id"] for one in events]
    entries = await past.rows(
        "SELECT object_id FROM audit_log WHERE workspace_id = $1 AND action = 'erasure.requested'", caller.workspace.workspace_id
    )
    assert asked.body["id"] in [one["object_id"] for one in entries]


async def _is_completed(caller: Caller, path: str) -> bool:
    return (await caller("GET", path)).body["status"] == "completed"  # type: ignore[no-any-return]


async def test_a_reason_may_not_name_the_person(stack: Stack) -> None:
    caller = await stack.caller()
    refused = await caller("POST", "/v1/erasures", {"user_id": "petra", "reason": "petra wrote to us"})
    assert refused.status == 422 and refused.body["error"]["param"] == "reason"


async def test_later_passes_find_what_was_queued_and_leave_what_came_after(stack: Stack, past: Past, superuser: asyncpg.Connection) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    done = await forgotten(caller, "lazarus")
    asked_at = datetime.fromisoformat(done["requested_at"])
    late = await past.execution(workspace, "lazarus", at=asked_at - timedelta(hours=1), session="tomb-of-lazarus")
    await past.feedback(workspace, "lazarus", at=asked_at - timedelta(minutes=1), execution=late)
    risen = await past.execution(workspace, "lazarus", at=asked_at + timedelta(seconds=5), text="hello again")
    await past.feedback(workspace, "lazarus", at=asked_at + timedelta(seconds=6), execution=risen)
    for number in (2, 3):
        await superuser.execute("UPDATE erasures SET next_pass_at = now() WHERE erasure_id = $1", UUID(done["id"]))

        async def passed(number: int = number) -> bool:
            return bool(
                await past.rows(
                    "SELECT 1 FROM erasures WHERE erasure_id = $1 AND (pass > $2 OR next_pass_at = 'infinity')", UUID(done["id"]), number
                )
            )

        await eventually(passed, what=f"pass {number}")
        if number == 2:
            late_again = await past.execution(workspace, "lazarus", at=asked_at - timedelta(hours=2))
            # Its row lost the person in an earlier pass; only then the copy came that is counted.
            await superuser.execute("UPDATE execution_facts SET end_user = 'lazarus' WHERE execution_id = $1", late)
    kept = await past.rows("SELECT execution_id FROM executions WHERE workspace_id = $1 AND end_user = 'lazarus'", workspace)
    assert [row["execution_id"] for row in kept] == [risen], (late, late_again)
    counted = await past.rows("SELECT execution_id FROM execution_facts WHERE workspace_id = $1 AND end_user = 'lazarus'", workspace)
    assert [row["execution_id"] for row in counted] == [risen]
    assert [
        row["comment"] for row in await past.rows("SELECT comment FROM feedback WHERE workspace_id = $1 AND comment IS NOT NULL", workspace)
    ]
    [row] = await past.rows("SELECT subject_key, next_pass_at::text AS at FROM erasures WHERE erasure_id = $1", UUID(done["id"]))
    assert row == {"subject_key": None, "at": "infinity"}, "nobody can recognize the person from the tombstone any more"
    receipt = (await caller("GET", f"/v1/erasures/{done['id']}/receipt")).body["receipt"]
    assert receipt["final"] and receipt["passes"] == 3 and receipt["stores"]["execution_contents"] == 2
    told = await past.rows(
        "SELECT kind FROM config_changes WHERE workspace_id = $1 AND kind IN ('execution', 'dataset') ORDER BY change_no", workspace
    )
    assert [row["kind"] for row in told] == ["execution", "dataset"] * 3, "open pages hear of each pass, and not of each row"


async def test_queues_datasets_and_budgets_are_looked_through_too(stack: Stack, past: Past, superuser: asyncpg.Connection) -> None:
    caller = await stack.caller()
    workspace, dataset = caller.workspace.workspace_id, new_uuid()
    await superuser.execute(
        "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, 'd', 'x')", dataset, workspace
    )
    for n, metadata in enumerate(({"user_id": "quentin"}, {"user_id": "someone"})):
        await superuser.execute(
            """INSERT INTO dataset_items (item_id, workspace_id, dataset_id, position, split, input, expected, metadata, content_hash,
                                          added_version)
               VALUES ($1, $2, $3, $4, 'train', $5, 'y', $6, $7, 1)""",
            new_uuid(), workspace, dataset, n, json.dumps(f"says {metadata['user_id']}"), json.dumps(metadata), bytes([n]) * 32,
        )  # fmt: skip
    items = [{"workspace_id": str(workspace), "user_id": person, "comment": f"from {person}"} for person in ("quentin", "someone")]
    dead = json.dumps({"v": 1, "event_id": "e", "items": items}).encode()
    await superuser.execute(
        """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, payload)
           VALUES ($1, 'analytics_feedback', 'FEEDBACK', 1, 's', 1, 'r', $2)""", new_uuid(), dead,
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, payload)
           VALUES ($1, 'executor_background', 'REQUESTS', 2, $2, 1, 'r', $3)""",
        new_uuid(), f"burnish.v1.executions.requested.background.{workspace}", json.dumps({"user_id": "quentin"}).encode(),
    )  # fmt: skip
    done_items = [{"workspace_id": str(workspace), "end_user": person} for person in ("quentin", "someone")]
    await superuser.execute(
        """INSERT INTO outbox (service, subject, message_id, body, sent_at)
           VALUES ('executor', 'burnish.v1.executions.completed.batch', 'm', $1, now())""",
        json.dumps({"v": 1, "event_id": "e", "items": done_items}).encode(),
    )
    await superuser.execute(
        "INSERT INTO outbox (service, subject, message_id, body, sent_at) VALUES ('gateway', $1, 'm', $2, now())",
        f"burnish.v1.executions.requested.background.{workspace}", json.dumps({"user_id": "quentin", "messages": ["secret"]}).encode(),
    )  # fmt: skip
    for n in range(3):
        await superuser.execute(
            """INSERT INTO usage_user_days (workspace_id, day, end_user, executions, successes, input_tokens, cached_input_tokens,
                 output_tokens, cost_nusd, markup_nusd, loss_nusd) VALUES ($1, $2, 'quentin', 1, 1, 1, 0, 1, 5, 0, 0)""",
            workspace, days_ago(n + 1).date(),
        )  # fmt: skip
    wish = {"name": "for quentin", "target_kind": "end_user", "target_id": "quentin", "period": "day", "limit_nusd": 5}
    budget = await caller("POST", "/v1/budgets", wish)
    assert budget.status == 201
    assert (await caller("PATCH", f"/v1/budgets/{budget.body['id']}", {"name": "quentin alone"})).status == 200
    await superuser.execute(
        """INSERT INTO alerts (alert_id, workspace_id, incident_key, kind, metric, summary, before, after, changed, simulated, raised_at,
                               resolved_at, resolution)
           VALUES ($1, $2, 'budget:1:', 'budget', 'exhausted', 'The budget “for quentin” of an end user (5 credits a day) is used up.',
                   '{}', '{}', $3, false, now(),
                   now(), 'recovered')""",
        new_uuid(), workspace, json.dumps({"name": "for quentin", "target": "end_user", "budget_id": budget.body["id"]}),
    )  # fmt: skip
    done = await forgotten(caller, "quentin")
    assert await past.found("quentin") == {}
    [alert] = (await caller("GET", "/v1/alerts?status=resolved")).body["data"]
    assert alert["summary"] == "The budget of an end user (5 credits a day) is used up."
    assert {"dataset_items", "dead_letters", "outbox"} <= set(await past.found("someone"))
    assert (
        done["counts"]["dataset_items"] == 1
        and done["counts"]["dead_letters"] == 2
        and done["counts"]["outbox"] == 2
        and done["counts"]["budgets"] == 1
        and done["counts"]["usage_user_days"] == 3
    )


async def test_what_searches_asked_about_a_persons_items_goes_with_the_items(
    stack: Stack, past: Past, superuser: asyncpg.Connection
) -> None:
    """Calls with the item, the proposals that quote it and the judges of that search; calls with other items stay."""
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    prompt = {"slug": "route", "template": "{{text}}", "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    given = [
        {"input": {"text": f"ticket {n}"}, "expected": "y", "split": "train", "metadata": metadata}
        for n, metadata in enumerate(({"said_by": "quirin"}, {}))
    ]
    dataset = (await caller("POST", "/v1/datasets", {"name": "d", "items": given})).body["id"]
    rows = (await caller("GET", f"/v1/datasets/{dataset}/items")).body["data"]
    theirs, other = (UUID(one["id"]) for one in sorted(rows, key=lambda one: one["input"]["text"]))
    run = await caller("POST", "/v1/test-runs", {"prompt": "route", "version": 1, "dataset_id": dataset, "split": "train"})
    assert run.status == 202, run.body
    job, proposal = UUID(run.body["id"]), UUID(int=0)
    asked: dict[str, UUID] = {}
    for what, item in (("theirs", theirs), ("other", other), ("proposal", proposal), ("judge", None), ("elsewhere", None)):
        asked[what] = await past.execution(workspace, None, at=days_ago(0.01), text=f"case {what}")
        if what != "elsewhere":
            await superuser.execute("UPDATE executions SET job_id = $1 WHERE execution_id = $2", job, asked[what])
        if item is not None:
            await superuser.execute(
                "INSERT INTO evaluations (workspace_id, owner_id, question, item_id, execution_id) VALUES ($1, $2, $3, $4, $5)",
                workspace, job, bytes(32), item, asked[what],
            )  # fmt: skip
    cases = [{"item_id": str(item), "input": f"case of {item}", "output": "x"} for item in (theirs, other)]
    result = json.dumps({"metrics": {"correct": 0}, "failed_cases": cases})
    await superuser.execute("UPDATE test_runs SET result = $2 WHERE test_run_id = $1", job, result)
    done = await forgotten(caller, "quirin")
    assert done["counts"]["dataset_items"] == 1 and done["counts"]["test_runs"] == 1
    [told] = await past.rows("SELECT result FROM test_runs WHERE test_run_id = $1", job)
    assert json.loads(told["result"]) == {"metrics": {"correct": 0}, "failed_cases": cases[1:]}
    left = await past.rows("SELECT execution_id FROM execution_contents WHERE workspace_id = $1", workspace)
    assert {row["execution_id"] for row in left} == {asked["other"], asked["elsewhere"]}
    assert await past.found("case theirs") == {} and await past.found("quirin") == {}


@pytest.mark.promise("P-02")
async def test_what_nobody_in_particular_said_of_a_persons_answers_goes_also_where_it_was_replaced(
    stack: Stack, past: Past, superuser: asyncpg.Connection
) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    named = await past.execution(workspace, "tessa", at=days_ago(3))
    beside = await past.execution(workspace, None, at=days_ago(2), session="talk-2")
    await past.execution(workspace, "tessa", at=days_ago(1), session="talk-2")
    others = await past.execution(workspace, "remains", at=days_ago(2))
    for execution in (named, beside, others):
        await past.feedback(workspace, "", at=days_ago(0.5), execution=execution, replaced=True)
    only = {"comment": "correction", "correction": "comment", "context": "correction"}
    for wanted, other in only.items():  # each alone
        execution = await past.execution(workspace, "tessa", at=days_ago(1))
        await past.feedback(workspace, "", at=days_ago(0.5), execution=execution)
        alone = f"{other} = NULL" if wanted != "context" else "comment = NULL, correction = NULL"
        context = "" if wanted == "context" else ", context = '{}'"
        await superuser.execute(f"UPDATE feedback SET {alone}{context} WHERE target_id = $1", str(execution))
    judged = await past.execution(workspace, "tessa", at=days_ago(1))
    await superuser.execute(
        "INSERT INTO evaluations (workspace_id, owner_id, question, item_id, execution_id, output) VALUES ($1, $2, $3, $2, $4, 'of tessa')",
        workspace, new_uuid(), bytes(32), judged,
    )  # fmt: skip
    await superuser.execute(  # said after the erasure was asked for: it stays
        """INSERT INTO feedback_history (workspace_id, target_kind, target_id, end_user, kind, feedback_id, digest, value, comment,
                                         accepted_at)
           VALUES ($1, 'execution', $2, '', 'thumb', $3, $4, 0, 'since', $5)""",
        workspace, str(named), new_uuid(), b"f" * 16, days_ago(-1),
    )  # fmt: skip
    done = await forgotten(caller, "tessa")
    words = "comment IS NOT NULL OR correction IS NOT NULL OR coalesce(context, '{}') <> '{}'"
    for table in ("feedback", "feedback_history"):
        left = await past.rows(f"SELECT target_id FROM {table} WHERE workspace_id = $1 AND ({words})", workspace)
        stays = [str(others)] if table == "feedback" else [str(named), str(others)]
        assert sorted(row["target_id"] for row in left) == sorted(stays), table
    assert done["counts"]["feedback_history"] == 2
    assert await past.rows("SELECT FROM evaluations WHERE workspace_id = $1 AND output IS NOT NULL", workspace) == []


async def test_a_session_of_the_person_goes_with_them(stack: Stack, past: Past) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    await past.execution(workspace, None, at=days_ago(2), session="talk-1", text="first words, before anybody knew who spoke")
    named = await past.execution(workspace, "samuel", at=days_ago(1), session="talk-1")
    await past.feedback(workspace, "", at=days_ago(1), execution=named)
    await past.feedback(workspace, "", at=days_ago(1), session="talk-1")
    await forgotten(caller, "samuel")
    assert await past.found("talk-1") == {} and await past.found("before anybody knew") == {}
    assert await past.rows("SELECT comment FROM feedback WHERE workspace_id = $1 AND comment IS NOT NULL", workspace) == []


async def test_a_legal_hold_lets_an_erasure_wait(stack: Stack, past: Past, superuser: asyncpg.Connection, db: Database) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    await past.execution(workspace, "heldperson", at=days_ago(1))
    await superuser.execute("UPDATE workspaces SET legal_hold = true WHERE workspace_id = $1", workspace)
    await superuser.execute("SELECT note_change($1, 'workspace', $2)", workspace, str(workspace))
    asked = (await caller("POST", "/v1/erasures", {"user_id": "heldperson"})).body
    await erase_due(db, SystemClock(), batch_rows=100)
    assert (await past.found("heldperson")) and (await caller("GET", f"/v1/erasures/{asked['id']}")).body["status"] == "pending"
    await superuser.execute("UPDATE workspaces SET legal_hold = false WHERE workspace_id = $1", workspace)
    await eventually(lambda: _is_completed(caller, f"/v1/erasures/{asked['id']}"), what="the erasure")
    assert await past.found("heldperson") == {}


async def test_a_legal_hold_stops_an_erasure_that_is_at_work(stack: Stack, past: Past, superuser: asyncpg.Connection, db: Database) -> None:
    """It may come between any two batches: each looks for itself."""
    caller = await stack.caller()
    workspace, at = caller.workspace.workspace_id, days_ago(1)
    execution = await past.execution(workspace, "hesitant", at=at)
    await superuser.execute(
        """INSERT INTO review_items (review_id, workspace_id, execution_id, slug, version, label, model, simulated, reasons, urgency, note)
           VALUES ($1, $2, $3, '', 0, '', 'm', true, '{picked}', 0, 'a note about hesitant')""", new_uuid(), workspace, execution,
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO prompt_comments (comment_id, workspace_id, execution_id, body, author)
           VALUES ($1, $2, $3, 'so said hesitant', 'user:x')""", new_uuid(), workspace, execution,
    )  # fmt: skip
    await superuser.execute(
        """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason, payload, at)
           VALUES ($1, 'executor_background', 'REQUESTS', 3, $2, 1, 'r', $3, $4)""",
        new_uuid(), f"burnish.v1.executions.requested.background.{workspace}", json.dumps({"user_id": "hesitant"}).encode(), at,
    )  # fmt: skip
    await past.feedback(workspace, "", at=at, execution=execution, replaced=True)
    await superuser.execute("UPDATE feedback_history SET comment = 'hesitant' WHERE workspace_id = $1", workspace)
    hold = "UPDATE workspaces SET legal_hold = $2 WHERE workspace_id = $1"
    await superuser.execute(hold, workspace, True)
    asked = (await caller("POST", "/v1/erasures", {"user_id": "hesitant"})).body
    erasure, before = UUID(asked["id"]), await past.found("hesitant")
    held = {"review_items", "prompt_comments", "feedback_history", "dead_letters", "executions", "execution_contents"}
    assert held <= set(before)
    for erase in (
        erasures_store.erase_reviews,
        erasures_store.erase_comments,
        erasures_store.erase_replaced_words,
        erasures_store.erase_dead_requests,
    ):
        async with db.unit_of_work() as tx:
            assert await erase(tx, erasure, after=UUID(int=0), at_most=100) is None
        assert await past.found("hesitant") == before, erase.__name__
    async with db.unit_of_work() as tx:
        assert await erasures_store.step(tx, erasure, at_most=100) == "held"
    assert await past.found("hesitant") == before
    await superuser.execute(hold, workspace, False)
    await eventually(lambda: _is_completed(caller, f"/v1/erasures/{erasure}"), what="the erasure")
    assert await past.found("hesitant") == {}


async def test_batches_of_any_size_find_everything(stack: Stack, past: Past, superuser: asyncpg.Connection, db: Database) -> None:
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    await superuser.execute("UPDATE workspaces SET legal_hold = true WHERE workspace_id = $1", workspace)
    at = days_ago(1)
    for n in range(7):
        execution = await past.execution(workspace, "manyfold" if n % 2 else "other", at=at + timedelta(minutes=n))
        await past.feedback(workspace, "manyfold" if n % 2 else "other", at=at, execution=execution, replaced=True)
    asked = (await caller("POST", "/v1/erasures", {"user_id": "manyfold"})).body
    other = await Database.open(stack.urls["analytics"], application_name="test-analytics-2", max_size=2)
    await superuser.execute("UPDATE workspaces SET legal_hold = false WHERE workspace_id = $1", workspace)
    await asyncio.gather(*(erase_due(one, SystemClock(), batch_rows=2) for one in (db, other)))
    await other.close()
    await eventually(lambda: _is_completed(caller, f"/v1/erasures/{asked['id']}"), what="the erasure")
    assert await past.found("manyfold") == {}
    assert len(await past.rows("SELECT 1 FROM feedback WHERE workspace_id = $1 AND comment IS NOT NULL", workspace)) == 4


async def test_the_database_computes_the_same_hash(superuser: asyncpg.Connection) -> None:
    for key in (b"k" * 32, bytes(range(32))):
        for person in ("a", "Ærø", "x" * 500):
            found = await superuser.fetchval("SELECT keyed_hash(hmac_block($1, 54), hmac_block($1, 92), $2)", key, person)
            assert found == subject_digest(key, person)


@pytest.mark.promise("P-04")
async def test_a_restored_database_forgets_again_before_the_gateway_is_ready(postgres: Cluster, nats_server: Any, streams: None) -> None:
    urls = await postgres.clone()
    workspace = await make_workspace(urls["superuser"])
    async with as_superuser(urls["superuser"]) as connection:
        await Past(connection).execution(workspace.workspace_id, "phoenix-of-old", at=days_ago(1), session="ashes-of-old")
        async with running_stack(urls, nats_server, executors=0):
            pass  # Secrets of the installation are made at the first start; a backup has them.
    backup = await copy_of(postgres, urls)
    async with running_stack(urls, nats_server, executors=0) as stack, analytics_on(urls, nats_server):
        await forgotten(await stack.caller(workspace=workspace), "phoenix-of-old")
        await eventually(lambda: sent(urls), what="the tombstone on the bus")
    async with running_stack(backup, nats_server, executors=0, restored=True) as stack:
        restored = Past(await asyncpg.connect(backup["superuser"], server_settings={"search_path": "burnish"}))
        caller = await stack.caller(workspace=workspace)
        ready = await caller("GET", "/readyz")
        assert ready.status == 503 and ready.body["checks"]["erasures"] is False
        assert await restored.found("phoenix-of-old")
        async with analytics_on(backup, nats_server):

            async def is_ready() -> bool:
                return (await caller("GET", "/readyz")).status == 200

            await eventually(is_ready, what="readiness")
            assert await restored.found("phoenix-of-old") == {} and await restored.found("ashes-of-old") == {}
        [erasure] = (await caller("GET", "/v1/erasures")).body["data"]
        assert erasure["counts"]["execution_contents"] == 1
        await restored.superuser.close()
    await postgres.drop(backup)
    await postgres.drop(urls)


@pytest.mark.promise("P-04")
async def test_a_stream_that_was_lost_gets_its_tombstones_back(postgres: Cluster, nats_server: Any, streams: None) -> None:
    urls = await postgres.clone()
    workspace = await make_workspace(urls["superuser"])
    async with as_superuser(urls["superuser"]) as connection:
        await connection.execute(
            """INSERT INTO erasures (erasure_id, workspace_id, subject_digest, requested_by, requested_at, status, next_pass_at)
               VALUES ($1, $2, $3, 'x', now() - interval '2 hours', 'completed', 'infinity')""",
            new_uuid(), workspace.workspace_id, b"d" * 32,
        )  # fmt: skip
    bus = await connect(nats_server.url("analytics"), service="analytics", replica="lost")
    db = await Database.open(urls["analytics"], application_name="test-analytics", max_size=2)
    assert await compare_tombstones(db, bus) == (0, 1)
    async with running_stack(urls, nats_server, executors=0):
        await eventually(lambda: sent(urls), what="the tombstone on the bus")
        assert await compare_tombstones(db, bus) == (0, 0)
    await bus.close()
    await db.close()
    await postgres.drop(urls)


async def sent(urls: DatabaseUrls) -> bool:
    async with as_superuser(urls["superuser"]) as connection:
        return await connection.fetchval("SELECT sent_at IS NOT NULL FROM outbox WHERE subject LIKE '%.erasures.recorded.%'")  # type: ignore[no-any-return]


async def copy_of(postgres: Cluster, urls: DatabaseUrls) -> DatabaseUrls:
    """A backup: the database as it is now, under another name."""
    admin = await asyncpg.connect(postgres.server.url())
    try:
        name = f"{urls.name}_backup"
        await forget(urls["superuser"])
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {urls.name} STRATEGY FILE_COPY")
        return postgres.urls(name)
    finally:
        await admin.close()


async def test_a_unit_of_an_experiment_loses_its_name_and_stays_one_unit(stack: Stack, past: Past, superuser: asyncpg.Connection) -> None:
    caller = await stack.caller()
    workspace, experiment = caller.workspace.workspace_id, new_uuid()
    for person in ("vox", "silent", "remains"):
        for metric in ("success", "satisfaction"):
            await superuser.execute(
                "INSERT INTO experiment_units SELECT $1, $2, 1, 'a', $3, one, 1, 1 FROM unnest($4::text[]) one",
                workspace, experiment, metric, [f"user:{person}", f"session:chat of {person}"],
            )  # fmt: skip
    await past.execution(workspace, "vox", at=days_ago(1), session="chat of vox")
    done = await forgotten(caller, "vox")
    assert done["counts"]["experiment_units"] == 4
    await superuser.execute("UPDATE experiment_units SET seen_at = now() - interval '500 days' WHERE unit LIKE '%silent'")
    assert [await superuser.fetchval("SELECT forget_units($1, 10)", workspace) for _ in range(2)] == [4, 0]
    units = [row["unit"] for row in await past.rows("SELECT unit FROM experiment_units WHERE workspace_id = $1", workspace)]
    named = sorted(one for one in units if not one.partition(":")[2].startswith("~"))
    assert named == ["session:chat of remains"] * 2 + ["user:remains"] * 2
    assert len(set(units)) == 6


async def test_a_receipt_names_every_store_of_which_an_erasure_counts_rows(superuser: asyncpg.Connection) -> None:
    functions = await superuser.fetch("SELECT prosrc FROM pg_proc WHERE prosrc LIKE '%erased(%' AND proname <> 'erase_workspace_step'")
    lines = [line for row in functions for line in row["prosrc"].splitlines() if "erased(" in line]
    counted = {name for line in lines for name in re.findall(r", '([a-z_]+)', ", line)}
    assert {"executions", "feedback", "clarifications"} <= counted
    assert counted <= set(STORES), counted - set(STORES)


async def test_what_an_erased_item_expected_is_no_categorys_name_any_more(stack: Stack, past: Past, superuser: asyncpg.Connection) -> None:
    """A correction is what a dataset item expects, and that names a category in results of test runs and in a suggestion's evidence."""
    caller = await stack.caller()
    workspace = caller.workspace.workspace_id
    prompt = {"slug": "route", "template": "{{text}}", "model": "simulated/chat"}
    assert (await caller("POST", "/v1/prompts", prompt)).status == 201
    own, shared = " it was my knee\u00a0", "billing"
    theirs = {"said_by": "quiana"}
    given = [
        {"input": {"text": f"ticket {n}"}, "expected": expected, "split": "train", "metadata": metadata}
        for n, (expected, metadata) in enumerate(((own, theirs), (shared, theirs), (shared, {}), ("total", {})))
    ]
    dataset = (await caller("POST", "/v1/datasets", {"name": "d", "items": given})).body["id"]
    rows = (await caller("GET", f"/v1/datasets/{dataset}/items")).body["data"]
    run = UUID(
        (await caller("POST", "/v1/test-runs", {"prompt": "route", "version": 1, "dataset_id": dataset, "split": "train"})).body["id"]
    )
    stats, matrix = {own: {"total": 1}, shared: {"total": 2}, "total": {"total": 1}}, {own.strip(): {shared: 1}, shared: {own.strip(): 2}}
    result = {"metrics": {"total": 4, "category_stats": stats}, "confusion_matrix": matrix, "failed_cases": []}
    await superuser.execute("UPDATE test_runs SET status = 'completed', result = $2 WHERE test_run_id = $1", run, json.dumps(result))
    job = new_uuid()
    async with superuser.transaction():
        await superuser.execute("SET LOCAL session_replication_role = replica")  # A job without the version that it began with.
        await superuser.execute(
            """INSERT INTO optimization_jobs (job_id, workspace_id, prompt_id, slug, base_version, dataset_id, dataset_version, method,
                 task_model, reflect_model, seed, budget_evaluations, budget_nusd, status, outcome, funding_account_id, created_by, hops)
               VALUES ($1, $2, $1, 'route', 1, $3, 1, 'racing', 'm', 'm', 1, 1, 1, 'completed', 'improved', 1, 'x', 0)""",
            job, workspace, UUID(dataset),
        )  # fmt: skip
        await superuser.execute(
            """INSERT INTO suggestions (suggestion_id, workspace_id, prompt_id, slug, base_version, job_id, content, evidence)
               VALUES ($1, $2, $1, 'route', 1, $3, '{}', $4)""",
            new_uuid(), workspace, job, json.dumps({"per_category": [{"category": own, "n": 1}, {"category": shared, "n": 2}]}),
        )  # fmt: skip
    for owner in (run, job):
        for one in rows:
            await superuser.execute(
                "INSERT INTO evaluations (workspace_id, owner_id, question, item_id, execution_id) VALUES ($1, $2, $3, $4, $5)",
                workspace, owner, bytes(32), UUID(one["id"]), new_uuid(),
            )  # fmt: skip
    assert set(await past.found("my knee")) == {"dataset_items", "test_runs", "suggestions"}
    blank = {"input": {"text": "ticket 4"}, "expected": f" {shared}", "split": "train", "metadata": theirs}
    assert (await caller("POST", f"/v1/datasets/{dataset}/items", {"items": [blank]})).status < 300
    done = await forgotten(caller, "quiana")
    assert done["counts"]["dataset_items"] == 3 and await past.found("my knee") == {}
    [kept] = await past.rows("SELECT result FROM test_runs WHERE test_run_id = $1", run)
    result = json.loads(kept["result"])
    [name] = set(result["metrics"]["category_stats"]) - {shared, "total"}
    told = {name: stats[own], shared: stats[shared], "total": stats["total"]}
    assert name.startswith("(erased ") and result["metrics"] == {"total": 4, "category_stats": told}
    assert result["confusion_matrix"] == {name: {shared: 1}, shared: {name: 2}}
    [evidence] = await past.rows("SELECT evidence FROM suggestions WHERE job_id = $1", job)
    assert json.loads(evidence["evidence"])["per_category"] == [{"category": name, "n": 1}, {"category": shared, "n": 2}]
