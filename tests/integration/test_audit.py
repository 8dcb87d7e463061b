"""The audit finds nothing in right books, and every kind of wrong by itself. It runs as the login that migrates, who is no superuser."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from burnish import audit_store
from burnish.audit import Report, audit
from burnish.audit_journal import BadJournal, Line, digest_of, read_journal
from burnish_analytics.ingest_batch import ingest_executions
from burnish_shared.books.finished import SETTLE
from burnish_shared.contracts.finished_columns import FinishedColumns
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from tests.embedded.databases import DatabaseUrls
from tests.embedded.workspaces import Workspace
from tests.integration.test_books import admissions, record, superuser, wish

pytestmark = pytest.mark.promise("P-09", "C-13")

Look = Callable[..., Awaitable[Report]]


@pytest_asyncio.fixture(loop_scope="session")
async def look(database_urls: DatabaseUrls, nats_server: Any, streams: None) -> AsyncIterator[Look]:
    async def now(**options: Any) -> Report:
        return await audit(database_urls["owner"], nats_server.url("provisioner"), **({"patience_s": 0.0} | options))

    yield now


@pytest_asyncio.fixture(loop_scope="session")
async def execution(database_urls: DatabaseUrls, workspace: Workspace, db_for: Any) -> UUID:
    """One execution, admitted, booked, published and counted: all is right with it."""
    asked = wish(workspace)
    async with admissions(database_urls["executor"]) as (admission,):
        assert (await admission.ask(asked)).fence == 1
        row = await admission.hold.fetchrow(SETTLE, [record(asked).as_row()], "executor", "event-1")
        assert row is not None and row["made"] == [asked.execution_id]
    async with superuser(database_urls) as connection:
        bodies = await connection.fetch("UPDATE outbox SET sent_at = clock_timestamp() RETURNING body")
    async with (await db_for("analytics")).unit_of_work(workspaces={workspace.workspace_id}) as tx:
        await ingest_executions(tx, FinishedColumns.read(bodies[0]["body"]), period_ms=1_000)
    return asked.execution_id


def wrongs(report: Report) -> list[str]:
    return [example for check in report.checks for example in check.examples]


async def test_right_books_are_clean_and_were_looked_at(look: Look, execution: UUID) -> None:
    report = await look()
    assert report.is_clean, report.to_json()
    looked_at = {check.name: check.looked_at for check in report.checks}
    assert looked_at["every execution was charged once, what it cost"] == 1
    assert looked_at["every finished execution is counted once"] == 1


LOST_KEY = """INSERT INTO idempotency_keys (workspace_id, route, key, fingerprint, execution_id)
    SELECT workspace_id, 'executions', 'lost', '', gen_random_uuid() FROM workspaces"""
LOST_BACKGROUND = """INSERT INTO outbox (service, subject, message_id, body, sent_at) VALUES
    ('gateway', 'burnish.v1.executions.requested.background.x', '01890000-0000-7000-8000-000000000000:1', '', clock_timestamp())"""
CHARGE_WITHOUT_ROW = """INSERT INTO transfers (workspace_id, execution_id, kind, debit_account_id, credit_account_id, amount_nusd)
    SELECT workspace_id, overlay(gen_random_uuid()::text PLACING 'f' FROM 1)::uuid,
           kind, debit_account_id, credit_account_id, 7 FROM transfers WHERE kind = 'charge'"""
NO_CHARGE = "ALTER TABLE transfers DISABLE TRIGGER ALL; DELETE FROM transfers WHERE kind = 'charge'"
WRONG_PARTS = """UPDATE executions SET details = '{"cost": {"input_nusd": 300, "output_nusd": 99}}'"""
OLD_HOLD = "INSERT INTO holds SELECT execution_id, workspace_id, 0, '{}', lane, clock_timestamp() FROM executions"
LOST_REACTION = "INSERT INTO feedback_ids SELECT workspace_id, gen_random_uuid(), 'thumb', 'execution', 'x', '' FROM workspaces"
CHAIN_RUN = """WITH run AS (
      INSERT INTO chain_runs (run_id, workspace_id, chain_id, slug, version, background, status, keeps_text, deadline_at, actor,
             traceparent, spent_nusd, finished_at)
      SELECT gen_random_uuid(), workspace_id, gen_random_uuid(), 'c', 1, true, 'success', true, now(), 'a', '', 7, now() FROM workspaces
      RETURNING workspace_id, run_id)
    INSERT INTO chain_run_steps (workspace_id, run_id, step, execution_id, slug, status, spent_nusd, finished_at)
    SELECT workspace_id, run_id, 'lost', gen_random_uuid(), 'p', 'success', 6, now() FROM run"""
DEAD_LETTER = """INSERT INTO dead_letters (dead_letter_id, consumer, stream, stream_seq, subject, deliveries, reason)
    VALUES (gen_random_uuid(), 'c', 'EVENTS', 7, 's', 1, 'not readable')"""

ENDPOINT = """INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, events, secret_sealed, updated_at)
    SELECT gen_random_uuid(), workspace_id, 'https://example.com', '{alert.*}', '', now() - interval '1 hour' FROM workspaces"""
LOST_EVENT = """INSERT INTO outbox (service, subject, message_id, body, sent_at, stream, stream_seq)
    SELECT 'analytics', 's', 'm', convert_to(json_build_object('id', gen_random_uuid(), 'type', 'alert.raised',
           'workspace_id', workspace_id, 'occurred_at', now(), 'data', '{}'::json)::text, 'UTF8'), clock_timestamp(), 'EVENTS', 1
      FROM workspaces"""


@pytest.mark.parametrize(
    "spoils",
    [
        {
            CHARGE_WITHOUT_ROW: "cost 0 nano-dollars, booked are 7",
            "UPDATE accounts SET held_nusd = 5": "held is 5, counted 0",
            LOST_KEY: "(idempotency key lost) has neither row nor hold",
            LOST_BACKGROUND: "(published) has neither row nor hold",
            OLD_HOLD: "is finished and still holds 0",
            "INSERT INTO accepted SELECT execution_id, workspace_id FROM executions": "is finished and still waits",
            "DELETE FROM execution_facts": "is not counted",
            LOST_REACTION: "is known and stands nowhere",
            f"{ENDPOINT}; {LOST_EVENT}": "never reached endpoint",
            CHAIN_RUN: "cost 7 nano-dollars, its steps 6",
            "SELECT 'its step too'": "succeeded and has no execution that did",
            DEAD_LETTER: "c could not take message 7 of EVENTS: not readable",
        },
        {
            NO_CHARGE: "cost 400 nano-dollars, booked are 0",
            WRONG_PARTS: "cost 400 nano-dollars, its parts 399",
            "UPDATE accounts SET spent_nusd = spent_nusd + 1": "spent is 401, counted 0",
            "UPDATE rollups SET executions = executions + 1": "executions is 2, raw rows give 1",
            "UPDATE execution_facts SET execution_id = gen_random_uuid()": "is counted and has no row",
        },
    ],
    ids=["what nobody finished", "what was charged wrong"],
)
async def test_each_kind_of_wrong_is_found(look: Look, execution: UUID, database_urls: DatabaseUrls, spoils: dict[str, str]) -> None:
    async with superuser(database_urls) as connection:
        for spoil in spoils:
            await connection.execute(spoil)
    report = await look()
    assert not report.is_clean
    for said in spoils.values():
        assert any(said in one for one in wrongs(report)), (said, wrongs(report))


async def test_a_request_that_three_executors_left_behind_is_judged_by_its_row(
    look: Look, execution: UUID, database_urls: DatabaseUrls
) -> None:
    async with superuser(database_urls) as connection:
        await connection.execute(DEAD_LETTER.replace("EVENTS", "EXECUTIONS").replace("not readable", "deliveries spent"))
        assert (await look()).is_clean
        await connection.execute(LOST_BACKGROUND)
        await connection.execute(DEAD_LETTER.replace("EVENTS", "EXECUTIONS"))
    found = wrongs(await look())
    assert len(found) == 2 and any("EXECUTIONS: not readable" in one for one in found), found


async def test_what_does_not_end_is_stuck(look: Look, execution: UUID, database_urls: DatabaseUrls) -> None:
    async with superuser(database_urls) as connection:
        await connection.execute("INSERT INTO outbox (service, subject, message_id, body) VALUES ('gateway', 's', 'm', '')")
        await connection.execute("INSERT INTO accepted SELECT gen_random_uuid(), workspace_id FROM workspaces")
        await connection.execute(
            "INSERT INTO holds SELECT '01890000-0000-7000-8000-000000000000', workspace_id, 0, '{}', 'batch', clock_timestamp()"
            " FROM workspaces"
        )
        await connection.execute(CHAIN_RUN.replace("'success', true", "'running', true").replace("7, now()", "0, NULL"))
    report = await look(patience_s=0.3)
    assert report.under_way == {
        "executions held for": 1, "background executions waiting": 1, "outbox rows not sent": 1, "chain runs that nobody works on": 1,
    }  # fmt: skip
    assert not report.is_clean


@pytest.mark.promise("C-05")
async def test_what_is_held_for_until_its_deadline_is_not_stuck_before_it_must_be_over(
    look: Look, execution: UUID, database_urls: DatabaseUrls
) -> None:
    """A call whose admission PostgreSQL took and, killed, did not answer is held for until the sweeper ends it: 195 s by the defaults."""
    hold = (
        "INSERT INTO holds SELECT '01890000-0000-7000-8000-000000000000', workspace_id, 0, '{}', 'interactive', clock_timestamp()"
        " - interval '87 seconds' FROM workspaces"
    )
    async with superuser(database_urls) as connection:
        await connection.execute(hold)
        looking = asyncio.create_task(look(patience_s=0.1, awaits_deadlines=True))
        done, _ = await asyncio.wait({looking}, timeout=1.0)
        assert not done
        await connection.execute("DELETE FROM holds")
        assert (await looking).is_clean
        await connection.execute(hold)
        assert (await look(patience_s=0.1)).under_way == {"executions held for": 1}
        report = await look(patience_s=0.1, awaits_deadlines=True)
    assert report.under_way == {"executions held for": 1} and report.waited_s > 1.0


@pytest.mark.parametrize("away", ["PostgreSQL (DATABASE_URL)", "NATS (NATS_URL)"])
async def test_a_server_that_never_answered_is_named_long_before_patience_ends(
    away: str, database_urls: DatabaseUrls, nats_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("burnish.audit.FIRST_ANSWER_S", 4.0)
    database, bus = database_urls["owner"], nats_server.url("provisioner")
    if away.startswith("NATS"):
        bus = "nats://127.0.0.1:1"
    else:
        database = "postgresql://nobody:x@127.0.0.1:1/burnish"
    async with asyncio.timeout(60):
        with pytest.raises(Unavailable, match=re.escape(f"{away} did not answer within")):
            await audit(database, bus)


async def test_the_journal_is_held_against_the_books(look: Look, execution: UUID, database_urls: DatabaseUrls) -> None:
    db = await audit_store.open_books(database_urls["owner"])
    async with db.unit_of_work(read_only=True) as tx:
        digest = digest_of((await audit_store.rows_of(tx, [execution]))[execution])
    await db.close()
    absent = new_uuid()
    right = [Line("ok", id=execution, digest=digest), Line("accepted", id=execution), Line("unknown", id=absent), Line("refused", key="k")]
    assert (await look(journal=right)).is_clean
    wrong = {
        Line("ok", id=execution, digest="0" * 64): "with other bytes",
        Line("ok", id=absent): "has no row",
        Line("accepted", id=absent): "has no row",
        Line("failed", id=execution, code="x"): "booked as a success",
        Line("refused", id=execution): "refused before admission",
        Line("accepted", route="feedback", id=absent): "does not stand in the books",
    }
    for line, said in wrong.items():
        report = await look(journal=[line])
        assert said in report.checks[-1].examples[0]


def test_a_journal_is_read_line_by_line_and_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    known = new_uuid()
    path.write_text(json.dumps({"id": str(known), "status": "ok"}) + "\n\n" + json.dumps({"status": "unknown", "key": "k"}) + '\n{"id": "0')
    assert read_journal(path) == [Line("ok", id=known), Line("unknown", key="k")]
    path.write_text(json.dumps({"status": "unknown", "key": "\u2028\x85"}, ensure_ascii=False) + "\n")  # no end of a line in JSON
    assert read_journal(path) == [Line("unknown", key="\u2028\x85")]


@pytest.mark.parametrize(
    "line",
    [
        b"{", b"[]", b'{"id": "x", "status": "ok"}', b'{"status": "ok"}', b'{"id": null, "status": "perhaps"}', b"\xff\xfe",
        b'{"status": "unknown", "key": 5}', b'{"status": "unknown", "digest": []}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_is_refused_by_its_number(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "journal").write_bytes(line + b"\n")
    with pytest.raises(BadJournal, match="line 1"):
        read_journal(tmp_path / "journal")
