"""What PostgreSQL's own catalog says of tenant isolation: a new table, function or role cannot forget the rules (PRODUCT T3)."""

import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from burnish.embedded.roles import GROUP_OF_LOGIN, MIGRATOR
from tests.embedded.databases import DatabaseUrls
from tests.embedded.supabase import SupabaseCluster

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T3")]

SYSTEM_TABLES = {
    "plans": "what the operator offers, for everybody to read",
    "platform_statistics": "numbers of the installation, of nobody",
    "config_changes": "numbers and ids of changes, for every gateway",
    "template_uses": "how often each template that ships was used, by anybody",
    "outbox": "messages on their way, of all workspaces together",
    "event_ids": "ids that a consumer has seen",
    "dead_letters": "messages that could not be handled, for the operator",
    "stream_marks": "how far each stream has come",
    "counted_through": "until when analytics has counted, for everybody to read",
    "whole_rollups": "of which workspaces figures are added up: ids and days, read by analytics and a function alone",
    "backups": "when backups were last taken, for the operator",
    "restores": "when a backup was restored and released, for the operator",
    "providers": "the operator's providers",
    "platform_models": "the operator's models",
    "platform_model_prices": "what they cost, and did",
    "platform_keys": "names of the providers for which the operator has keys; no key",
    "rate_state": "one number for each rate limit",
    "rate_epoch": "when the limits began to count",
    "ticket_windows": "numbers for hashes: how much of each provider key's limit was used lately",
    "installation_secrets": "our own keys, sealed; for the gateway alone",
    "kek_check": "tells whether a service was given the right key-encryption key",
    "password_resets": "digests of links that set a password: no service has a grant, only functions reach them",
    "credentials": "password hashes: no service has a grant, only the sign-in's functions reach them",
    "identities": "who a provider's subject is: no service has a grant",
    "sign_in_tries": "digests and counts: no service has a grant",
    "webhook_replay_pace": "how many replays all processes start a second: no service has a grant",
}
"""Tables without a workspace policy, and why. They have grants only."""

POLICIES_OF_THEIR_OWN = {
    "organizations": "above workspaces; seen by app.organization",
    "users": "above workspaces; oneself by app.user, colleagues of app.workspace",
    "user_sessions": "one's own, by app.user",
}
"""Tables without a workspace whose rows are guarded by something else. Nobody who logs in sees all of them."""

READ_BY_OTHERS = {
    "marketplace_entries": "what was published: to all, or to the publisher's organization",
}
"""Tables of a workspace with one more policy, `shared`, for reading alone. Nothing else shows a row to another workspace."""

OF_ONE_OWNER = frozenset({"clarifications", "clarification_messages", "clarification_feedback"})
"""Tables of a workspace whose rows only their owner sees, by auth.uid()."""

POLICIES = {"app": "burnish_app", "worker": "burnish_worker", "lookup": "burnish_lookup", "migrate": "burnish_owner"}

UNIQUE_WITHOUT_WORKSPACE = {
    "accounts": {("account_id",)},
    "plan_months": {("organization_id", "month")},  # one for each month, whichever workspace is the home; written by begin_month alone
    "transfers": {("transfer_id",)},
    "webhook_attempts": {("event_id", "endpoint_id", "number")},
}
"""Unique over ids that we number ourselves, so that nobody can probe for another's. Random ids (uuid columns alone) may always be."""

OWNED_BY_THE_OWNER = {
    "ensure_partitions": "makes tables, which only their owner may",
    "forget_old_webhooks": "drops partitions, which only their owner may",
    "forget_executions": "takes text and persons out of rows that no service may change",
    "forget_feedback": "the same, of feedback",
    "forget_answers": "the same, of evaluations and test runs",
    "forget_days": "drops partitions, which only their owner may",
    "erase_workspace_step": "removes what a workspace configured, on the strength of a row in workspace_erasures",
    "forget_voices": "the same, of how often each end user reacted",
    "erase_voices": "the same for one person, as erase_step",
    "forget_units": "the same, of units of experiments",
    "erase_units": "the same for one person, as erase_step",
    "erase_session_units": "the same for the sessions of one person, as erase_step",
    "erase_session_chain_runs": "the same, of runs of chains in these sessions",
    "erase_session_batches": "the same, of lines that wait in batches for these sessions",
    "forget_top_users": "the same, of the heaviest end users",
    "erase_top_users": "the same for one person, as erase_step",
    "forget_batches": "the same, of batches' lines and files",
    "forget_reports": "the same, of reports and failure groups",
    "erase_batches": "the same for one person, as erase_step",
    "forget_chain_runs": "the same, of runs of chains",
    "erase_chain_runs": "the same for one person, as erase_step",
    "forget_assistant_work": "removes clarifying sessions and enrichments of long ago, of whichever owner",
    "erase_assistant_work": "the same for one person, as erase_step",
    "erase_reports": "the same for one person, as erase_step",
    "forget_comments": "the same, of comments on what was run, with its text",
    "erase_comments": "the same for one person, as erase_step",
    "forget_reviews": "the same, of the review queue",
    "erase_dead_requests": "the same for what nobody could handle, of which nobody knows beforehand whom it names; as erase_step",
    "erase_letters_of_workspace": "removes what nobody could handle of a workspace, on the strength of a row in workspace_erasures",
    "erase_replaced_words": "the same for one person: what nobody in particular said of their answers; as erase_step",
    "erase_reviews": "the same for one person, with the dataset items that came of reviews; as erase_step",
    "forget_scores": "removes scores that are older than any figure of an execution",
    "forget_judges": "takes what judges had read, with the execution that they read",
    "purge_prompt": "removes a prompt's versions, which no service may, on the strength of its being archived",
    "delete_texts": "takes texts out of one execution of the transaction's own workspace, by what retention does it with",
    "set_metadata": "puts other metadata beside the texts of one, which no service may change",
    "adopt_executions": "says for which prompt executions count that no service may change, on the strength of a row in execution_groups",
    "forget_items_asked": "takes what was asked about items of a dataset with the items, whoever deletes them; a trigger",
    "erase_step": "takes one person out of rows that no service may change, on the strength of a row in erasures",
}
"""SECURITY DEFINER functions that burnish_lookup cannot run, and why."""

GATEWAY_LOOKS_ACROSS = {
    "find_api_key": "before a key is known, so is no workspace",
    "touch_api_keys": "when keys of many workspaces were last used",
    "import_executions": "books what happened elsewhere, as settle books our own; free, and of one workspace",
    "has_whole_rollups": "whether rows of the workspace itself may be read; of the workspace of the transaction alone",
    "find_inbound_workspace": "before its signature fits, so is no workspace",
    "find_workspace": "a workspace with its organization and plan, for the hot path's memory",
    "rates_in_use": "how full the limits of the transaction's own workspace and its keys are, which the books alone hold",
    "token_limit_of": "a number of a workspace with that of its plan, beside find_workspace",
    "token_limit_of_key": "a number of a key, beside find_api_key",
    "token_rates_in_use": "as rates_in_use, of limits of tokens",
    "note_tokens": "what a batch of many workspaces took of limits of tokens, in the statement of admit",
    "find_execution_settings": "how a workspace executes, for the hot path's memory",
    "create_workspace": "a workspace that is not there yet",
    "create_organization": "an organization that is not there yet",
    "lock_workspace_count": "how many workspaces an organization has, before another one is made",
    "begin_plan": "what a plan gives to an organization that was just founded",
    "memberships_of": "the workspaces of a person who has not chosen one yet",
    "find_session": "before a session is known, so is no user",
    "find_identity": "before an identity is known, so is no user",
    "link_identity": "makes or joins the user of an identity",
    "create_user": "a user that is not there yet",
    "find_credential": "a password hash, for somebody who says to be this e-mail's owner",
    "set_password": "credentials have no grant",
    "add_password_reset": "links that set a password belong to a user, and have no grant",
    "has_identity": "who signs in at a provider is nobody's tenant",
    "find_password_reset": "whoever has the link has not signed in",
    "use_password_reset": "credentials and links have no grant",
    "replace_password_hash": "credentials have no grant",
    "end_sessions": "the other sessions of a user, noted for every gateway",
    "begin_sign_in": "counts tries, which belong to no workspace",
    "forgive_sign_in": "forgets tries, which belong to no workspace",
    "find_invitation": "whoever was invited is in no workspace yet",
    "workspaces_of": "the workspaces of an organization, for those who govern it",
    "members_of_organization": "the members of an organization, for those who govern it",
    "note_change": "the change sequence is one for all",
    "purge_prompt": "only the owner may remove versions; it looks into the caller's own workspace alone",
    "delete_texts": "no service may change texts; of an execution of the transaction's own workspace alone",
    "set_metadata": "the same",
    "admit": "a batch of many workspaces",
    "experiment_orders_due": "what the optimizer decided of experiments, of whichever workspace; ids alone",
    "claim_chain_runs": "runs that nobody holds, of whichever workspace",
    "look_at_chain_runs": "the runs that one gateway holds, of many workspaces",
    "release_chain_runs": "the same, when it ends",
    "claim_assistant_work": "sessions and enrichments that nobody asks a model for, of whichever workspace; ids with their owner alone",
    "renew_assistant_work": "those that one gateway holds, of many workspaces",
    "release_assistant_work": "the same, when it ends",
    "abandon": "writes the row of an execution that was admitted",
    "raise_fence": "takes an execution from its executor",
    "fund": "moves credit into a job's account",
    "close_funding": "gives the rest back",
    "add_funding": "moves more of it",
    "withdraw": "lets go of executions that were admitted and given to nobody",
    "cancel_queued": "writes the row of an execution that nobody has begun",
    "count_template_use": "adds one to a count of the whole installation",
    "best_prompts": "as find_prompts",
    "find_prompts": "ids of the transaction's own workspace, by an index that policies keep the gateway from",
    "count_clone": "adds one to an entry of the marketplace, most often another workspace's",
    "report_schedules_due": "ids of workspaces whose digest is due; a gateway then enters that workspace",
    "policy_rollouts_due": "ids of suggestions whose workspace's own policy rolls them out; a gateway then enters that workspace",
    "policy_starts_due": "ids of alerts whose workspace's own rule starts something; a gateway then enters that workspace",
    "schedules_due": "ids of schedules whose time has come; a gateway then enters that workspace",
    "model_migrations_due": "ids of moves to another model that go on; a gateway then enters that workspace",
    "erasures_standing": "two counts, for readiness after a restore",
    "erasures_without_key": "ids of erasures that a restore brought back",
    "add_credit": "credit comes in to whom the operator names",
    "make_allowance_account": "accounts are made by the books alone",
    "renew_allowance": "accounts are moved by the books alone",
    "refund": "gives a charge back; the operator names whose",
    "return_unbegun_fee": "gives the fee of a job back that was cancelled before anybody began it",
    "adjust": "takes back credit that should not have come in; the operator names whose",
    "charge_fee": "accounts are moved by the books alone",
    "credit_line_used": "one sum over the workspaces of one organization, whose line it is",
    "draw_credit_line": "accounts are moved by the books alone",
    "move_credit": "between two workspaces of one organization",
    "suspend_workspace": "the operator names which",
    "set_credit_warning": "accounts are changed by the books alone",
    "make_budget_account": "accounts are made by the books alone",
    "ready_accounts": "accounts are made by the books alone, each in the workspace of its budget's; gives back what it was given",
    "change_budget_account": "accounts are changed by the books alone",
    "close_budget_account": "accounts are changed by the books alone",
    "keep_in_vault": "schema vault is not the gateway's; takes a secret under the name of the caller's workspace only",
    "forget_in_vault": "the same, and never gives one out",
    "set_plan": "the operator chooses the plan of another organization",
}
"""Function → why a gateway may call it past row-level security. A new one is looked at twice before it gets here."""

REFERENCES_WITHOUT_WORKSPACE = {
    ("workspaces", "organizations"): "a workspace belongs to an organization, which stands above workspaces",
    ("members", "users"): "a member is a user, who stands above workspaces",
}

LOGINS = tuple(GROUP_OF_LOGIN)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def project_urls(supabase: SupabaseCluster) -> AsyncIterator[DatabaseUrls]:
    urls = await supabase.clone()
    yield urls
    await supabase.drop(urls)


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["plain", "supabase"])
async def catalog(
    request: pytest.FixtureRequest, module_database_urls: DatabaseUrls, project_urls: DatabaseUrls
) -> AsyncIterator[asyncpg.Connection]:
    """Of a plain PostgreSQL, and of a Supabase project: the same rules hold in both."""
    urls = project_urls if request.param == "supabase" else module_database_urls
    connection = await asyncpg.connect(urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


async def _tables(catalog: asyncpg.Connection) -> list[Any]:
    return list(
        await catalog.fetch(
            """SELECT c.oid, c.relname AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
                      c.relispartition AS is_partition, obj_description(c.oid, 'pg_class') AS comment, pg_get_userbyid(c.relowner) AS owner,
                      EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
                        AS has_workspace
                 FROM pg_class c WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 2"""
        )
    )


async def _tenant_tables(catalog: asyncpg.Connection) -> list[Any]:
    return [one for one in await _tables(catalog) if one["has_workspace"] and one["name"] not in SYSTEM_TABLES]


@pytest.mark.promise("T-02")
async def test_every_table_of_a_workspace_forces_row_level_security(catalog: asyncpg.Connection) -> None:
    tables = await _tenant_tables(catalog)
    assert len(tables) > 30
    assert not [one["name"] for one in tables if not (one["enabled"] and one["forced"])]


@pytest.mark.promise("T-02")
async def test_tables_without_a_workspace_are_the_ones_we_name(catalog: asyncpg.Connection) -> None:
    unprotected = {one["name"] for one in await _tables(catalog) if not one["enabled"]}
    assert unprotected == set(SYSTEM_TABLES)


@pytest.mark.promise("T-02")
async def test_policies_let_each_role_see_and_write_its_own_workspaces_only(catalog: asyncpg.Connection) -> None:
    """Partitions need none: nobody has a grant on them, so they are reached through their parent alone."""
    rows = await catalog.fetch(
        """SELECT tablename, policyname, roles::text[], cmd, permissive, qual, with_check FROM pg_policies WHERE schemaname = 'burnish'"""
    )
    by_table: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_table.setdefault(row["tablename"], {})[row["policyname"]] = row
    wrong: list[str] = []
    for table in await _tenant_tables(catalog):
        policies = by_table.pop(table["name"], {})
        if table["is_partition"]:
            wrong += [f"{table['name']}: {name} on a partition" for name in policies if name != "migrate"]
            continue
        shared = policies.pop("shared", None)
        if (shared is not None) != (table["name"] in READ_BY_OTHERS) or (shared is not None and not _is_for_reading(shared)):
            wrong.append(f"{table['name']}: shared")
        wrong += [f"{table['name']}: {name}" for name in set(policies) ^ set(POLICIES)]
        wrong += [f"{table['name']}: {name} is not what it should be" for name, one in policies.items() if not _is_right(one)]
        if (table["name"] in OF_ONE_OWNER) != ("auth.uid()" in str(policies["app"]["qual"] if "app" in policies else "")):
            wrong.append(f"{table['name']}: whose rows are they?")
    assert not wrong, "\n".join(wrong)
    guarded = {one["name"] for one in await _tables(catalog) if one["enabled"] and one["forced"] and not one["has_workspace"]}
    assert guarded == set(by_table) == set(POLICIES_OF_THEIR_OWN)
    for table, policies in by_table.items():
        own = {name for name, one in policies.items() if set(one["roles"]) & {"burnish_app", "burnish_worker", "public"}}
        assert own and all("app." in (policies[name]["qual"] or "") for name in own), table


@pytest.mark.promise("T-02", "T-03")
async def test_partitions_and_public_have_no_grants(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT c.relname, a.grantee::regrole::text AS grantee, a.privilege_type
             FROM pg_class c, aclexplode(c.relacl) a
            WHERE c.relnamespace = 'burnish'::regnamespace AND a.grantee <> c.relowner AND (c.relispartition OR a.grantee = 0)"""
    )
    assert not [tuple(row) for row in rows]


@pytest.mark.promise("T-03")
async def test_services_log_in_as_nobody_special(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication AS is_special,
                  pg_has_role(oid, 'burnish_owner', 'MEMBER') OR pg_has_role(oid, 'burnish_lookup', 'MEMBER') AS may_become,
                  has_schema_privilege(oid, 'burnish', 'CREATE') OR has_schema_privilege(oid, 'public', 'CREATE') AS may_create,
                  EXISTS (SELECT FROM pg_shdepend d WHERE d.refobjid = oid AND d.deptype = 'o') AS owns
             FROM pg_roles WHERE rolname = ANY ($1::text[] || ARRAY['burnish_app', 'burnish_worker'])""",
        list(LOGINS),
    )
    assert len(rows) == len(LOGINS) + 2
    assert not [tuple(row) for row in rows if row["is_special"] or row["may_become"] or row["may_create"] or row["owns"]]


@pytest.mark.promise("T-03")
async def test_who_looks_across_workspaces_and_who_owns_cannot_log_in(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT rolname FROM pg_roles
            WHERE rolname IN ('burnish_owner', 'burnish_lookup') AND NOT (rolcanlogin OR rolsuper OR rolbypassrls)"""
    )
    assert len(rows) == 2


@pytest.mark.promise("T-03")
async def test_no_service_may_truncate_reference_or_trigger(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT r.rolname, c.relname, p.kind FROM pg_class c, pg_roles r, unnest(ARRAY['TRUNCATE', 'REFERENCES', 'TRIGGER']) p(kind)
            WHERE c.relnamespace = 'burnish'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
              AND r.rolname = ANY ($1::text[] || ARRAY['burnish_lookup']) AND has_table_privilege(r.oid, c.oid, p.kind)""",
        list(LOGINS),
    )
    assert not [tuple(row) for row in rows]


@pytest.mark.promise("T-03")
async def test_everything_is_owned_by_the_owner(catalog: asyncpg.Connection) -> None:
    assert {one["owner"] for one in await _tables(catalog)} == {"burnish_owner"}
    assert await catalog.fetchval("SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'burnish'") == "burnish_owner"
    assert MIGRATOR not in LOGINS


@pytest.mark.promise("T-03")
async def test_functions_that_look_across_workspaces_are_pinned_owned_and_not_for_everybody(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT p.proname AS name, p.proconfig AS settings, pg_get_userbyid(p.proowner) AS owner,
                  has_function_privilege('public', p.oid, 'EXECUTE') AS everybody,
                  p.prorettype = ANY (ARRAY['json', 'jsonb', 'record']::regtype[]) AND p.proallargtypes IS NULL
                    OR ARRAY['json', 'jsonb']::regtype[]::oid[] && coalesce(p.proallargtypes, '{}') AS content
             FROM pg_proc p WHERE p.pronamespace = 'burnish'::regnamespace AND p.prosecdef"""
    )
    assert len(rows) > 15
    wrong = [
        f"{row['name']}: {what}"
        for row in rows
        for what, is_wrong in {
            "search_path": [one for one in row["settings"] or () if not one.startswith("enable_")] != ["search_path=burnish, pg_temp"],
            "owner": row["owner"] != ("burnish_owner" if row["name"] in OWNED_BY_THE_OWNER else "burnish_lookup"),
            "everybody": row["everybody"],
            "content": row["content"],
        }.items()
        if is_wrong
    ]
    assert not wrong, wrong
    assert set(OWNED_BY_THE_OWNER) <= {row["name"] for row in rows}


@pytest.mark.promise("T-03")
async def test_what_a_gateway_may_do_across_workspaces_is_what_we_name(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT proname FROM pg_proc WHERE pronamespace = 'burnish'::regnamespace AND prosecdef
              AND has_function_privilege('burnish_gateway', oid, 'EXECUTE')"""
    )
    assert {row["proname"] for row in rows} == set(GATEWAY_LOOKS_ACROSS)


@pytest.mark.promise("T-03")
async def test_views_show_what_their_reader_may_see(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'burnish'::regnamespace AND relkind IN ('v', 'm')
              AND NOT (relkind = 'v' AND coalesce(reloptions, '{}') && ARRAY['security_invoker=true', 'security_invoker=on'])"""
    )
    assert not [tuple(row) for row in rows]


@pytest.mark.promise("T-05")
async def test_unique_indexes_of_a_workspace_include_it(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT c.relname AS name, array_agg(a.attname::text ORDER BY k.n) AS columns, bool_and(a.atttypid = 'uuid'::regtype) AS random
             FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid, unnest(i.indkey) WITH ORDINALITY k(attnum, n)
             JOIN pg_attribute a ON a.attnum = k.attnum WHERE a.attrelid = i.indrelid AND i.indisunique AND k.attnum > 0
              AND c.relnamespace = 'burnish'::regnamespace AND NOT c.relispartition GROUP BY i.indexrelid, c.relname"""
    )
    tenant = {one["name"] for one in await _tenant_tables(catalog)}
    wrong = [
        (row["name"], row["columns"])
        for row in rows
        if row["name"] in tenant and "workspace_id" not in row["columns"] and not row["random"]
        and tuple(row["columns"]) not in UNIQUE_WITHOUT_WORKSPACE.get(row["name"], set())
    ]  # fmt: skip
    assert len(rows) > 30
    assert not wrong, wrong


@pytest.mark.promise("T-05")
async def test_references_between_tables_of_a_workspace_stay_in_it(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT c.conrelid::regclass::text AS child, c.confrelid::regclass::text AS parent, c.conname,
                  EXISTS (SELECT FROM unnest(c.conkey, c.confkey) k(a, b)
                            JOIN pg_attribute x ON x.attrelid = c.conrelid AND x.attnum = k.a AND x.attname = 'workspace_id'
                            JOIN pg_attribute y ON y.attrelid = c.confrelid AND y.attnum = k.b AND y.attname = 'workspace_id') AS stays
             FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'burnish'::regnamespace AND c.conparentid = 0"""
    )
    tenant = {one["name"] for one in await _tenant_tables(catalog)}
    leaving = {(row["child"], row["parent"]) for row in rows if row["child"] in tenant and not row["stays"]}
    assert len(rows) > 10
    assert leaving == set(REFERENCES_WITHOUT_WORKSPACE)


async def test_every_table_names_its_writer(catalog: asyncpg.Connection) -> None:
    silent = [
        one["name"]
        for one in await _tables(catalog)
        if not one["is_partition"] and not re.match(r"(system table, )?writer: \S", one["comment"] or "")
    ]
    assert not silent, silent


@pytest.mark.promise("C-08")
async def test_no_service_may_change_or_delete_what_is_append_only(catalog: asyncpg.Connection) -> None:
    rows = await catalog.fetch(
        """SELECT r.rolname, t.name FROM pg_roles r,
                  unnest(ARRAY['transfers', 'audit_log', 'executions', 'execution_contents', 'prompt_versions', 'model_prices']) t(name)
            WHERE r.rolname = ANY ($1::text[] || ARRAY['burnish_lookup'])
              AND (has_any_column_privilege(r.oid, t.name, 'UPDATE') OR has_table_privilege(r.oid, t.name, 'DELETE'))""",
        list(LOGINS),
    )
    assert not [tuple(row) for row in rows]


def _is_for_reading(policy: Any) -> bool:
    """Of what is public or of the caller's organization, to the gateway alone, for SELECT alone."""
    return bool(
        policy["cmd"] == "SELECT"
        and policy["roles"] == ["burnish_app"]
        and "visibility = 'public'" in policy["qual"]
        and "app.organization" in policy["qual"]
        and policy["qual"].count(" OR ") == 1
    )


def _is_right(policy: Any) -> bool:
    """For all commands, permissive, for its one role; WITH CHECK is USING where it is not given (CREATE POLICY, PostgreSQL manual)."""
    needed = {"app": "app.workspace'", "worker": "app.workspaces'", "lookup": "true", "migrate": "true"}[policy["policyname"]]
    is_of_tenants = policy["policyname"] in {"app", "worker"}
    is_scoped = policy["policyname"] in {"lookup", "migrate"} or "workspace_id = " in policy["qual"]
    return bool(
        policy["roles"] == [POLICIES[policy["policyname"]]]
        and policy["cmd"] == "ALL"
        and policy["permissive"] == "PERMISSIVE"
        and needed in policy["qual"]
        and (not is_of_tenants or "SELECT" in policy["qual"])  # asked once for each statement, not once for each row
        and is_scoped
        and (policy["with_check"] is None or needed in policy["with_check"])
    )
