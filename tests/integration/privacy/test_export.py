"""An export holds everything that a workspace owns, nothing secret, and nothing of anybody else."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish_gateway.export.tables import LEFT_OUT, PAGE_ROWS_OF_TEXTS, TABLES
from burnish_gateway.export.write_export import write_export
from burnish_shared.db.session import Database
from tests.embedded.databases import DatabaseUrls
from tests.embedded.stack import Caller, Stack, running_stack
from tests.integration.privacy.past import Past, days_ago
from tests.snapshots.reference import ROOT

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T8")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: DatabaseUrls, nats_server: Any) -> AsyncIterator[Stack]:
    async with running_stack(module_database_urls, nats_server, executors=0) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway_db(module_database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(module_database_urls["gateway"], application_name="test-gateway", max_size=2)
    yield database
    await database.close()


async def exported(caller: Caller) -> list[dict[str, Any]]:
    answer = await caller("GET", "/v1/export?scope=everything")
    assert answer.status == 200 and answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.raw.decode().splitlines()]


async def test_each_table_and_column_of_a_workspace_is_exported_or_left_out_for_a_reason(superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch(
        """SELECT c.relname AS name, array_agg(a.attname::text) AS columns FROM pg_class c
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND EXISTS (SELECT FROM pg_attribute w WHERE w.attrelid = c.oid AND w.attname = 'workspace_id') GROUP BY 1"""
    )
    schema = {row["name"]: set(row["columns"]) for row in rows}
    undecided = set(schema) - {one.name for one in TABLES} - set(LEFT_OUT)
    assert not undecided, "decide in export/tables.py whether a new table is exported"
    for table in TABLES:
        assert set(table.columns) | set(table.left_out) == schema[table.name], f"decide on the columns of {table.name} in export/tables.py"
        assert not set(table.columns) & (set(table.left_out) - {"workspace_id"})


async def test_pages_go_by_columns_that_name_one_row_each(superuser: asyncpg.Connection) -> None:
    """Rows that stand at one place of the order are lost where a page ends between them, and so are those without a place."""
    rows = await superuser.fetch(
        """SELECT c.relname AS name, array_agg(a.attname::text) AS key FROM pg_class c
             JOIN pg_index i ON i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) AND a.attnotnull
            WHERE c.relnamespace = 'burnish'::regnamespace AND NOT c.relispartition
            GROUP BY c.oid, i.indexrelid, i.indnatts HAVING count(*) = i.indnatts"""
    )
    keys: dict[str, list[set[str]]] = {}
    for row in rows:
        keys.setdefault(row["name"], []).append(set(row["key"]))
    blurred = [one.name for one in TABLES if not any(key <= {*one.order, "workspace_id"} for key in keys[one.name])]
    assert not blurred


async def test_the_guide_says_of_each_table_what_it_holds_of_people_and_what_becomes_of_it(superuser: asyncpg.Connection) -> None:
    """Whoever makes a table decides what retention (0010_privacy.sql) and erasure do with it, and says so."""
    rows = await superuser.fetch(
        """SELECT c.relname AS name FROM pg_class c WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p')
              AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute w WHERE w.attrelid = c.oid AND w.attname = 'workspace_id')"""
    )
    guide = (ROOT / "docs/guides/privacy.md").read_text()
    assert not [row["name"] for row in rows if f"`{row['name']}`" not in guide]


async def test_sealed_columns_are_never_exported() -> None:
    for table in TABLES:
        assert not [
            one for one in table.columns if "sealed" in one or "secret" in one or (one == "digest" and table.name != "feedback_history")
        ]


async def test_everything_is_there_and_nothing_of_a_neighbour(stack: Stack, past: Past) -> None:
    caller, neighbour = await stack.caller(), await stack.caller()
    for one, word in ((caller, "oursalone"), (neighbour, "theirsalone")):
        workspace = one.workspace.workspace_id
        await one("POST", "/v1/prompts", {"slug": "p", "name": word, "template": f"{word} {{{{x}}}}", "model": "m"})
        entry = await one("POST", "/v1/marketplace", {"prompt": "p", "visibility": "public"})
        assert entry.status == 201, entry.body
        await one("POST", "/v1/datasets", {"name": word, "items": [{"input": word, "expected": "y"}]})
        endpoint = await one("POST", "/v1/webhooks/endpoints", {"url": "http://127.0.0.1:9/x", "events": ["*"], "description": word})
        for n in range(PAGE_ROWS_OF_TEXTS + 3):
            execution = await past.execution(workspace, word, at=days_ago(1) + timedelta(seconds=n))
        await past.feedback(workspace, word, at=days_ago(1), execution=execution, replaced=True)
    lines = await exported(caller)
    manifest, rows, end = lines[0], lines[1:-1], lines[-1]
    assert manifest["format"] == "burnish.export" and manifest["version"] == 1
    assert manifest["workspace"] == str(caller.workspace.workspace_id)
    counts = Counter(one["table"] for one in rows)
    assert end["end"] is True and {name: n for name, n in end["counts"].items() if n} == counts
    assert counts["executions"] == counts["execution_contents"] == PAGE_ROWS_OF_TEXTS + 3
    assert counts["marketplace_entries"] == 1, "what others published is theirs, though everybody may read it"
    assert counts["feedback"] == counts["feedback_history"] == counts["prompt_versions"] == counts["dataset_items"] == 1
    text = json.dumps(rows)
    assert "oursalone" in text and "theirsalone" not in text and endpoint.body["secret"] not in text and caller.key not in text
    versions = [one["row"] for one in rows if one["table"] == "prompt_versions"]
    assert versions[0]["content"]["messages"] == [{"role": "user", "content": "oursalone {{x}}"}]
    ids = [one["row"]["execution_id"] for one in rows if one["table"] == "execution_contents"]
    assert ids == sorted(ids) and len(set(ids)) == len(ids)


async def test_only_an_admin_exports_and_the_audit_log_says_who(stack: Stack, superuser: asyncpg.Connection) -> None:
    caller = await stack.caller()
    editor = await stack.caller(role="editor", workspace=caller.workspace)
    assert (await editor("GET", "/v1/export")).status == 403
    assert (await caller("GET", "/v1/export?scope=other")).status == 422
    await exported(caller)
    entries = await superuser.fetch(
        "SELECT actor FROM audit_log WHERE workspace_id = $1 AND action = 'workspace.exported'", caller.workspace.workspace_id
    )
    assert len(entries) == 1 and entries[0]["actor"].startswith("api_key:")


async def test_an_export_that_is_cut_off_holds_nothing_open_and_says_so(
    stack: Stack, gateway_db: Database, superuser: asyncpg.Connection
) -> None:
    caller = await stack.caller()
    pieces = write_export(gateway_db, caller.workspace.workspace_id, at=datetime.now(UTC))
    read = [await anext(pieces), await anext(pieces)]
    open_now = await superuser.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test-gateway' AND state LIKE 'idle in transaction%'"
    )
    await pieces.aclose()  # type: ignore[attr-defined]
    assert open_now == 0 and b'"end"' not in b"".join(read)
