"""Review, protected labels and comments over HTTP: what is served to everybody was looked at by somebody else."""

import json
import threading
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import asyncpg
import pytest

from burnish_gateway.registry.content import VersionContent
from burnish_gateway.registry.own_text import pieces_of
from burnish_shared.ids import new_uuid
from tests.embedded.superuser import as_superuser
from tests.integration.registry.conftest import Bench, Caller, RunningGateway

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("P5")]


async def created(call: Caller, **changes: Any) -> Any:
    return await call("POST", "/v1/prompts", {"slug": "hello", "template": "one {{x}}", "model": "simulated/chat"} | changes)


async def saved(call: Caller, text: str, *, base: int) -> int:
    answer = await call("POST", "/v1/prompts/hello/versions", {"template": text, "base_version": base})
    assert answer.status == 201, answer.body
    return answer.body["version"]  # type: ignore[no-any-return]


async def protect(admin: Caller, **settings: Any) -> None:
    answer = await admin("PATCH", f"/v1/workspaces/{admin.workspace_id}", {"protected_labels": ["Production"]} | settings)
    assert answer.status == 200 and answer.body["protected_labels"] == ["production"], answer.body


async def move(call: Caller, version: int, label: str = "production") -> Any:
    return await call("PUT", f"/v1/prompts/hello/labels/{label}", {"version": version})


async def sql(bench: Bench, text: str, *arguments: Any) -> list[asyncpg.Record]:
    async with as_superuser(bench.urls["superuser"]) as connection:
        return list(await connection.fetch(text, *arguments))


async def a_member(bench: Bench, workspace_id: UUID, email: str, name: str = "") -> UUID:
    user_id = new_uuid()
    await sql(bench, "INSERT INTO users (user_id, email, name) VALUES ($1, $2, $3)", user_id, email, name)
    await sql(bench, "INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'editor')", workspace_id, user_id)
    return user_id


async def a_run(
    bench: Bench,
    call: Caller,
    version: int,
    *,
    accuracy: float | None,
    status: str = "completed",
    model: str = "simulated/chat",
    split: str = "test",
    items: int = 20,
    repeats: int = 1,
    result: dict[str, Any] | None = None,
) -> UUID:
    """`items` of the split, each asked `repeats` times."""
    (prompt,) = await sql(bench, "SELECT prompt_id FROM prompts WHERE workspace_id = $1", call.workspace_id)
    dataset_id, run_id = new_uuid(), new_uuid()
    await sql(
        bench, "INSERT INTO datasets (dataset_id, workspace_id, name, created_by) VALUES ($1, $2, $3, 'test')",
        dataset_id, call.workspace_id, str(dataset_id),
    )  # fmt: skip
    await sql(
        bench,
        """INSERT INTO test_runs (test_run_id, workspace_id, prompt_id, slug, version, model, dataset_id, dataset_version, split, status,
                                  total, repeats, result, funding_account_id, created_by, finished_at)
           SELECT $1, $2, $3, 'hello', $4, $8, $5, 1, $9, $6, $10, $11, $7, credit_account_id, 'test', now()
             FROM workspaces WHERE workspace_id = $2""",
        run_id, call.workspace_id, prompt["prompt_id"], version, dataset_id, status,
        json.dumps(result or {"metrics": {"overall_accuracy": accuracy}}), model, split, items * repeats, repeats,
    )  # fmt: skip
    return run_id


async def test_a_protected_label_moves_to_what_was_approved(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    assert (await created(call)).body["label"] == "production"
    await saved(call, "two {{x}}", base=1)
    await protect(admin)
    refused = await move(call, 2)
    assert (refused.status, refused.body["error"]["code"], refused.body["error"]["param"]) == (409, "label_protected", "version")
    assert refused.body["error"]["details"] == {"lacking": ["approval"], "review": "draft"}
    assert "version 2 is not approved: nobody was asked to review it." in refused.body["error"]["message"]
    assert (await move(call, 2, "staging")).status == 200
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 409, "nobody asked for a review"
    asked = await call("POST", "/v1/prompts/hello/versions/2/review", {"note": "shorter"})
    assert (asked.status, asked.body["status"], asked.body["labels"]) == (201, "in_review", ["staging"])
    assert (await call("POST", "/v1/prompts/hello/versions/2/review")).status == 409
    waiting = (await call("GET", "/v1/version-reviews?status=in_review")).body["data"]
    assert [(one["slug"], one["version"], one["note"]) for one in waiting] == [("hello", 2, "shorter")]
    assert (await move(call, 2)).body["error"]["details"]["review"] == "in_review"
    approved = await admin("POST", "/v1/prompts/hello/versions/2/review/approve", {"comment": "good"})
    (review,) = approved.body["reviews"]
    assert (approved.body["status"], review["comment"], review["decided_by"] != review["requested_by"]) == ("approved", "good", True)
    assert review["decided_at"] and (await admin("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 200
    assert [one["status"] for one in (await call("GET", "/v1/prompts/hello/versions")).body["data"]] == ["approved", "draft"]
    assert (await move(call, 2)).status == 200
    assert (await move(call, 1)).status == 409, "version 1 was never approved"
    back = await call("POST", "/v1/prompts/hello/labels/production/rollback")
    assert (back.status, back.body["version"]) == (200, 1), "whoever must go back needs nobody's leave"
    removed = await call("DELETE", "/v1/prompts/hello/labels/production")
    assert (removed.status, removed.body["error"]["param"]) == (403, "label")
    assert (await admin("DELETE", "/v1/prompts/hello/labels/production")).status == 200


async def test_what_a_protected_label_serves_is_changed_by_nobody_alone(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, slug="sign", template="Kind regards", label="live")
    await created(call, slug="letter", template="{{> sign@live}}")
    await created(call, template="Dear. {{> letter}}")
    await protect(admin)
    assert (await call("POST", "/v1/prompts/sign/versions", {"template": "EVIL", "base_version": 1})).status == 201
    refused = await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})
    assert (refused.status, refused.body["error"]["code"]) == (409, "label_protected"), refused.body
    assert "letter" in refused.body["error"]["message"] and refused.body["error"]["details"]["review"] == "draft"
    assert (await call("PUT", "/v1/prompts/sign/labels/staging", {"version": 2})).status == 200, "nobody includes it by that"
    await call("POST", "/v1/prompts/sign/versions/2/review")
    await admin("POST", "/v1/prompts/sign/versions/2/review/approve")
    assert (await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})).status == 200
    assert (await call("POST", "/v1/prompts/sign/labels/live/rollback")).status == 409, "version 1 was never approved, nor asked about"
    archived = await call("POST", "/v1/prompts/hello/archive")
    assert (archived.status, archived.body["error"]["param"]) == (403, "prompt")
    assert (await admin("POST", "/v1/prompts/hello/archive")).status == 200


async def test_what_is_included_by_its_number_leads_to_a_protected_label_too(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, slug="sign", template="Kind regards", label="live")
    await created(call, slug="letter", template="{{> sign@live}}", label="draft")
    await created(call, template="Dear. {{> letter@1}}")
    await call("POST", "/v1/prompts/letter/versions", {"template": "no sign", "base_version": 1})
    assert (await call("PUT", "/v1/prompts/letter/labels/draft", {"version": 2})).status == 200, "version 1 is included, and no more"
    await protect(admin)
    await call("POST", "/v1/prompts/sign/versions", {"template": "EVIL", "base_version": 1})
    refused = await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})
    assert (refused.status, refused.body["error"]["code"]) == (409, "label_protected"), refused.body
    assert "'hello'" in refused.body["error"]["message"]
    assert (await call("POST", "/v1/prompts/sign/archive")).status == 409, "production includes it"


async def test_a_protected_label_takes_no_snippet_along_that_nobody_approved(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, slug="sign", template="Kind regards", label="live")
    await created(call, slug="letter", template="{{> sign@live}}", label=None)
    await created(call, template="Dear. {{> letter@1}}")
    assert (await saved(call, "Dear.", base=1), await saved(call, "Hello. {{> letter@1}}", base=2)) == (2, 3)
    await protect(admin)
    for version in (2, 3):
        await call("POST", f"/v1/prompts/hello/versions/{version}/review")
        await admin("POST", f"/v1/prompts/hello/versions/{version}/review/approve")
    assert (await move(call, 2)).status == 200
    assert (await call("POST", "/v1/prompts/hello/labels/production/rollback")).status == 200, "all of it as it stood then"
    assert (await move(call, 2)).status == 200
    await call("POST", "/v1/prompts/sign/versions", {"template": "EVIL", "base_version": 1})
    await move(call, 2, "staging")
    assert (await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})).status == 200, "production includes it no more"
    refused = await move(call, 3)
    assert (refused.status, refused.body["error"]["code"], refused.body["error"]["param"]) == (409, "label_protected", "version")
    assert "'sign@live'" in refused.body["error"]["message"]
    told = {"lacking": ["approval"], "review": "draft", "snippet": "sign", "snippet_version": 2}
    assert refused.body["error"]["details"] == told
    assert (await call("POST", "/v1/prompts/hello/labels/production/rollback")).status == 409, "it does not say what it said then"
    assert (await move(call, 3, "staging")).status == 200, "nobody protects that"
    await call("POST", "/v1/prompts/sign/versions/2/review")
    await admin("POST", "/v1/prompts/sign/versions/2/review/approve")
    assert (await move(call, 3)).status == 200


async def test_what_snippets_lack_is_told_beforehand_too(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, slug="sign", template="Kind regards", label="live")
    await created(call, template="Dear. {{> sign@live}}")
    await saved(call, "Hello. {{> sign@live}}", base=1)
    await protect(admin)
    await call("POST", "/v1/prompts/hello/versions/2/review")
    await admin("POST", "/v1/prompts/hello/versions/2/review/approve")

    async def told(path: str) -> Any:
        answer = await call("GET", f"/v1/prompts/{path}")
        assert answer.status == 200, answer.body
        return answer.body

    of_user = await told("hello/labels/production/protection?version=2")
    details = (await move(call, 2)).body["error"]["details"]
    assert (of_user["lacking"], of_user["review"], of_user["reached"]) == (details["lacking"], "approved", None)
    assert of_user["snippet"] == {"included_as": "sign@live", "slug": "sign", "version": 1, "review": details["review"]}

    await call("POST", "/v1/prompts/sign/versions", {"template": "EVIL", "base_version": 1})
    of_snippet = await told("sign/labels/live/protection")
    refused = await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})
    assert refused.status == 409 and of_snippet["lacking"] == refused.body["error"]["details"]["lacking"] == ["approval"]
    assert (of_snippet["is_protected"], of_snippet["version"], of_snippet["review"]) == (False, 2, "draft")
    assert of_snippet["reached"] == {"slug": "hello", "label": "production"}

    await call("POST", "/v1/prompts/sign/versions/2/review")
    await admin("POST", "/v1/prompts/sign/versions/2/review/approve")
    assert (await told("sign/labels/live/protection"))["reached"] is None
    assert (await call("PUT", "/v1/prompts/sign/labels/live", {"version": 2})).status == 200
    ready = await told("hello/labels/production/protection?version=2")
    assert (ready["lacking"], ready["snippet"]) == ([], None) and (await move(call, 2)).status == 200


async def test_rules_choose_approved_versions_in_the_place_of_a_protected_label(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    await saved(call, "two {{x}}", base=1)
    await move(call, 2, "staging")
    await protect(admin)
    for use, field in (({"version": 2}, "version"), ({"label": "staging"}, "label"), ({"label": "latest"}, "label")):
        rules = [{"name": "m", "when": "true", "use": {"model": "auto"}}, {"name": "x", "when": "stream == false", "use": use}]
        refused = await call("PUT", "/v1/prompts/hello/routing", {"rules": rules})
        assert (refused.status, refused.body["error"]["code"]) == (409, "label_protected"), refused.body
        assert refused.body["error"]["param"] == f"rules[1].use.{field}"
        assert (await call("PUT", "/v1/prompts/hello/routing", {"rules": rules[:1]})).status == 200
    await call("POST", "/v1/prompts/hello/versions/2/review")
    await admin("POST", "/v1/prompts/hello/versions/2/review/approve")
    assert (await call("PUT", "/v1/prompts/hello/routing", {"rules": rules})).status == 200


async def test_a_protected_label_goes_back_to_nothing_that_it_has_never_named(bench: Bench, first: RunningGateway, call: Caller) -> None:
    """To go back asks nobody: it would be the way to serve what nobody approved."""
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    await saved(call, "two {{x}}", base=1)
    await protect(admin)
    for caller in (call, admin):
        refused = await caller("POST", "/v1/prompts/hello/labels/production/rollback", {"version": 2})
        assert (refused.status, refused.body["error"]["param"]) == (409, "version"), refused.body
    assert (await call("GET", "/v1/prompts/hello?label=production")).body["version"] == 1


async def test_what_is_approved_is_not_withdrawn_and_nothing_is_approved_that_is_put_away(bench: Bench, call: Caller) -> None:
    await created(call, label=None)
    await saved(call, "two {{x}}", base=1)
    for version in (1, 2):
        assert (await call("POST", f"/v1/prompts/hello/versions/{version}/review")).status == 201
    assert (await call("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 200
    assert (await call("POST", "/v1/prompts/hello/versions/1/review/withdraw")).status == 409
    assert (await call("POST", "/v1/prompts/hello/archive")).status == 200
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 409
    statuses = [one["status"] for one in (await call("GET", "/v1/prompts/hello/versions")).body["data"]]
    assert statuses == ["in_review", "approved"]


async def test_a_version_is_sent_back_and_an_approval_taken_back(bench: Bench, call: Caller) -> None:
    await created(call)
    review = "/v1/prompts/hello/versions/1/review"
    await call("POST", review)
    assert (await call("POST", f"{review}/send-back", {"comment": ""})).status == 422, "it says what is to be changed"
    back = await call("POST", f"{review}/send-back", {"comment": "too long"})
    assert (back.body["status"], back.body["reviews"][0]["comment"]) == ("draft", "too long")
    assert (await call("POST", f"{review}/send-back", {"comment": "again"})).status == 409
    await call("POST", review)
    assert (await call("POST", f"{review}/withdraw")).body["status"] == "draft"
    await call("POST", review)
    await call("POST", f"{review}/approve")
    taken = (await call("POST", f"{review}/send-back", {"comment": "it is wrong after all"})).body
    assert (taken["status"], [one["status"] for one in taken["reviews"]]) == ("draft", ["sent_back", "withdrawn", "sent_back"])
    entries = await sql(bench, "SELECT action FROM audit_log WHERE workspace_id = $1 ORDER BY audit_id", call.workspace_id)
    assert [row["action"] for row in entries if "version" in row["action"]] == [
        "prompt.version.review_requested", "prompt.version.sent_back", "prompt.version.review_requested", "prompt.version.withdrawn",
        "prompt.version.review_requested", "prompt.version.approved", "prompt.version.sent_back",
    ]  # fmt: skip


async def test_nobody_approves_their_own_where_the_workspace_says_so(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    await protect(admin, own_approval=False)
    asked = await call("POST", "/v1/prompts/hello/versions/1/review")
    own = await call("POST", "/v1/prompts/hello/versions/1/review/approve")
    assert own.status == 403 and "own" in own.body["error"]["message"]
    refused = own.body["error"]["message"]
    assert asked.body["approval_refused"] == refused, "said before somebody tries"
    assert (await call("GET", "/v1/prompts/hello/versions/1/review")).body["approval_refused"] == refused
    assert (await admin("GET", "/v1/prompts/hello/versions/1/review")).body["approval_refused"] is None
    sister = await bench.caller(first, workspace_id=call.workspace_id)
    keys = await sql(bench, "SELECT api_key_id FROM api_keys WHERE workspace_id = $1 ORDER BY api_key_id", call.workspace_id)
    for column, value in (("created_by", f"user:{new_uuid()}"), ("first_key_id", keys[0]["api_key_id"])):
        await sql(bench, f"UPDATE api_keys SET {column} = $2 WHERE workspace_id = $1 AND role = 'editor'", call.workspace_id, value)
        assert (await sister("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 403, f"another key, but the same {column}"
        back = "operator" if column == "created_by" else None
        await sql(bench, f"UPDATE api_keys SET {column} = $2 WHERE workspace_id = $1", call.workspace_id, back)
    assert (await sister("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 200


async def test_a_key_that_a_key_made_approves_nothing_of_whoever_made_that(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    await protect(admin, own_approval=False)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    made = [await bench.caller(first, workspace_id=call.workspace_id) for _ in range(2)]
    every = "SELECT api_key_id FROM api_keys WHERE workspace_id = $1 AND role = 'editor' ORDER BY api_key_id"
    author, maker, last = [row["api_key_id"] for row in await sql(bench, every, call.workspace_id)]
    by = "UPDATE api_keys SET created_by = 'api_key:' || $3::text WHERE workspace_id = $1 AND api_key_id = $2"
    await sql(bench, by, call.workspace_id, maker, str(author))
    await sql(bench, by, call.workspace_id, last, str(maker))
    for one in made:
        assert (await one("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 403
    assert (await admin("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 200


async def test_an_approval_that_is_taken_back_stays_told(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    review = "/v1/prompts/hello/versions/1/review"
    (asked,) = (await call("POST", review)).body["reviews"]
    assert (asked["approved_by"], asked["approved_at"], asked["approval_comment"]) == (None, None, "")
    (approved,) = (await admin("POST", f"{review}/approve", {"comment": "good"})).body["reviews"]
    assert (approved["approved_by"], approved["approved_at"]) == (approved["decided_by"], approved["decided_at"])
    (taken,) = (await call("POST", f"{review}/send-back", {"comment": "wrong after all"})).body["reviews"]
    assert (taken["status"], taken["comment"], taken["approval_comment"]) == ("sent_back", "wrong after all", "good")
    assert (taken["approved_by"], taken["approved_at"]) == (approved["decided_by"], approved["decided_at"])
    assert taken["decided_by"] == asked["requested_by"] != taken["approved_by"] and taken["decided_at"] > taken["approved_at"]
    (listed,) = (await call("GET", "/v1/version-reviews?status=sent_back")).body["data"]
    assert listed == taken
    await call("POST", review)
    again = (await call("POST", f"{review}/send-back", {"comment": "not yet"})).body["reviews"]
    assert [one["approved_by"] for one in again] == [None, taken["approved_by"]], "the second one was never approved"


async def test_nobody_is_the_only_one_to_approve_text_of_their_own(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    other = await bench.caller(first, workspace_id=call.workspace_id)
    await created(call, template="one {{x}}\nBe polite.")
    await protect(admin, own_approval=False)
    second = {"template": "two {{x}}\nBe polite.", "base_version": 1}
    assert (await other("POST", "/v1/prompts/hello/versions", second)).status == 201
    await other("POST", "/v1/prompts/hello/versions/2/review")
    own = await call("POST", "/v1/prompts/hello/versions/2/review/approve")
    assert (own.status, own.body["error"]["param"]) == (403, "version"), own.body
    assert own.body["error"]["details"] == {"written_in": 1, "part": "messages", "text": "Be polite."}
    assert "version 1 (messages: 'Be polite.')" in own.body["error"]["message"]
    said = (await call("GET", "/v1/prompts/hello/versions/2/review")).body
    assert (said["status"], said["approval_refused"]) == ("in_review", own.body["error"]["message"])
    await call("POST", "/v1/prompts/hello/versions/1/review")
    assert (await other("POST", "/v1/prompts/hello/versions/1/review/approve")).status == 200, "the other one never wrote that"
    assert (await call("GET", "/v1/prompts/hello/versions/2/review")).body["approval_refused"] is None
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 200, "somebody else approved it"
    assert (await admin("POST", "/v1/prompts/hello/versions/1/review/send-back", {"comment": "no"})).status == 200
    assert (await admin("POST", "/v1/prompts/hello/versions/2/review/send-back", {"comment": "no"})).status == 200
    await other("POST", "/v1/prompts/hello/versions/2/review")
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 403, "no approval of it stands any more"
    other_model = {"template": "three {{x}}", "model": "simulated/reader", "base_version": 2}
    assert (await other("POST", "/v1/prompts/hello/versions", other_model)).status == 201
    await other("POST", "/v1/prompts/hello/versions/3/review")
    assert (await call("POST", "/v1/prompts/hello/versions/3/review/approve")).status == 200, "nothing of it is left"


async def test_text_and_approval_of_a_key_are_those_of_everybody_behind_it(bench: Bench, first: RunningGateway, call: Caller) -> None:
    """call made a key, that one another, and that one the last."""
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    between, last, stranger = [await bench.caller(first, workspace_id=call.workspace_id) for _ in range(3)]
    every = "SELECT api_key_id FROM api_keys WHERE workspace_id = $1 AND role = 'editor' ORDER BY api_key_id"
    ids = [row["api_key_id"] for row in await sql(bench, every, call.workspace_id)]
    by = "UPDATE api_keys SET created_by = 'api_key:' || $3::text WHERE workspace_id = $1 AND api_key_id = $2"
    for maker, made in ((ids[0], ids[1]), (ids[1], ids[2])):
        await sql(bench, by, call.workspace_id, made, str(maker))
    await created(last, template="one {{x}}\nBe polite.")
    await protect(admin, own_approval=False)
    second = {"template": "two {{x}}\nBe polite.", "base_version": 1}
    assert (await stranger("POST", "/v1/prompts/hello/versions", second)).status == 201
    await stranger("POST", "/v1/prompts/hello/versions/2/review")
    refused = await call("POST", "/v1/prompts/hello/versions/2/review/approve")
    assert refused.status == 403 and refused.body["error"]["details"]["written_in"] == 1, "text of the last key is theirs"
    await call("POST", "/v1/prompts/hello/versions/1/review")
    approved = "UPDATE prompt_reviews SET status = 'approved', decided_by = $2, decided_at = now() WHERE workspace_id = $1 AND version = 1"
    await sql(bench, approved, call.workspace_id, f"api_key:{ids[2]}")
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 403, "nobody else approved it"
    assert (await between("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 403
    await sql(bench, approved, call.workspace_id, f"api_key:{ids[3]}")
    assert (await call("POST", "/v1/prompts/hello/versions/2/review/approve")).status == 200


async def test_whose_text_it_is_is_read_beside_everybody_elses_calls(
    bench: Bench, first: RunningGateway, call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt of a thousand versions: none of them is read where other calls are answered."""
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    other = await bench.caller(first, workspace_id=call.workspace_id)
    await created(other, template="one {{x}}\nBe polite.")
    assert await saved(call, "two {{x}}\nBe kind.", base=1) == 2
    await protect(admin, own_approval=False)
    await sql(
        bench,
        """INSERT INTO prompt_versions (workspace_id, prompt_id, version, model, content, content_hash, source, author, api_key_id)
           SELECT v.workspace_id, v.prompt_id, n, v.model, replace(v.content::text, 'Be kind.', 'Be kind.\\nLine ' || n)::json,
                  sha256(n::text::bytea), 'manual', v.author, v.api_key_id
             FROM prompt_versions v, generate_series(3, 1000) n WHERE v.workspace_id = $1 AND v.version = 2""",
        call.workspace_id,
    )
    await sql(bench, "UPDATE prompts SET latest_version = 1000 WHERE workspace_id = $1", call.workspace_id)
    assert await saved(other, "three {{x}}\nBe polite.\nLine 1000", base=1000) == 1001
    assert (await other("POST", "/v1/prompts/hello/versions/1001/review")).status == 201
    threads: list[int] = []

    def noted(content: VersionContent) -> Any:
        threads.append(threading.get_ident())
        return pieces_of(content)

    monkeypatch.setattr("burnish_gateway.registry.own_text.pieces_of", noted)
    refused = await call("POST", "/v1/prompts/hello/versions/1001/review/approve")
    assert refused.status == 403, refused.body
    assert refused.body["error"]["details"] == {"written_in": 1000, "part": "messages", "text": "Line 1000"}
    assert len(threads) > 1000 and threads.count(threading.get_ident()) == 1, "the version itself alone, and 1,000 in threads"


async def test_the_gate_asks_for_the_newest_test_run(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None)
    await protect(admin, test_run_gate=True)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    lacking = (await move(call, 1)).body["error"]["details"]
    none = "version 1 has no completed test run by its model 'simulated/chat' over 20 validation or test items or more"
    assert (lacking["lacking"], lacking["test_run"], "run" in lacking) == (["approval", "test_run"], none, False)
    await admin("POST", "/v1/prompts/hello/versions/1/review/approve")
    await a_run(bench, call, 1, accuracy=0.9)
    run_id = await a_run(bench, call, 1, accuracy=0.7, split="validation")
    below = (await move(call, 1)).body["error"]["details"]
    assert below.pop("run") == {
        "test_run_id": str(run_id), "dataset_id": ANY, "split": "validation", "model": "simulated/chat", "items": 20, "accuracy": 0.7,
        "threshold": 0.8,
    }  # fmt: skip
    assert below == {"lacking": ["test_run"], "test_run": "its newest test run reached 70.0% of the 80.0% that it must"}
    await a_run(bench, call, 1, accuracy=0.8)
    assert (await move(call, 1)).status == 200
    (column,) = (await call("GET", "/v1/prompts/hello/compare?version=1")).body["data"]
    assert sorted(one["accuracy"] for one in column["test_runs"]) == [0.7, 0.8, 0.9]


@pytest.mark.parametrize(("threshold", "opens"), [(0.95, False), (0.9, True), (0.4, True)])
async def test_the_gate_asks_for_as_much_as_the_version_says_itself(
    bench: Bench, first: RunningGateway, call: Caller, threshold: float, opens: bool
) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None, quality_threshold=threshold)
    await protect(admin, test_run_gate=True)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    await admin("POST", "/v1/prompts/hello/versions/1/review/approve")
    await a_run(bench, call, 1, accuracy=0.9 if threshold > 0.5 else 0.5)
    moved = await move(call, 1)
    assert moved.status == (200 if opens else 409), moved.body
    if not opens:
        assert moved.body["error"]["details"]["run"]["threshold"] == threshold


async def test_what_a_protected_label_asks_is_told_beforehand(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None)

    async def told(label: str = "production") -> Any:
        answer = await call("GET", f"/v1/prompts/hello/labels/{label}/protection?version=1")
        assert answer.status == 200, answer.body
        return answer.body

    free = {
        "slug": "hello", "version": 1, "is_protected": False, "lacking": [], "review": None, "own_approval": True, "test_run": None,
        "snippet": None, "reached": None,
    }  # fmt: skip
    assert await told() == free | {"label": "production"}
    await protect(admin, test_run_gate=True, own_approval=False)
    assert await told("canary") == free | {"label": "canary", "own_approval": False}
    before = await told()
    assert (before["is_protected"], before["review"], before["own_approval"]) == (True, "draft", False)
    refused = (await move(call, 1)).body["error"]["details"]
    assert (before["lacking"], before["test_run"]["problem"]) == (refused["lacking"], refused["test_run"])
    assert (before["test_run"]["least_items"], before["test_run"]["run"]) == (20, None)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    assert (await told())["review"] == "in_review"
    await admin("POST", "/v1/prompts/hello/versions/1/review/approve")
    run_id = await a_run(bench, call, 1, accuracy=0.7)
    short = await told()
    assert short["lacking"] == ["test_run"] and short["test_run"]["run"]["test_run_id"] == str(run_id)
    await a_run(bench, call, 1, accuracy=0.9)
    ready = await told()
    assert (ready["lacking"], ready["test_run"]["problem"]) == ([], None)
    assert (await move(call, 1)).status == 200
    await a_run(bench, call, 1, accuracy=0.7)
    stands = await told()
    assert stands["lacking"] == [] and stands["test_run"]["problem"] is not None, "it stands there: a move is none, and not refused"
    assert (await move(call, 1)).status == 200
    assert (await call("GET", "/v1/prompts/hello/labels/production/protection?version=9")).status == 404
    assert (await call("GET", "/v1/prompts/none/labels/production/protection")).status == 404


NO_PROOF = [
    {"model": "simulated/reader"}, {"split": "train"}, {"items": 19}, {"items": 5, "repeats": 20}, {"status": "running"},
    {"status": "failed"}, {"status": "cancelled"},
]  # fmt: skip
"""What is no run of the version as it will be served, or proves nothing."""


@pytest.mark.parametrize("other", NO_PROOF, ids=str)
@pytest.mark.parametrize(("accuracy", "status"), [(0.7, 409), (0.9, 200)])
async def test_a_run_that_proves_nothing_neither_opens_the_gate_nor_shuts_it(
    bench: Bench, first: RunningGateway, call: Caller, other: dict[str, Any], accuracy: float, status: int
) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None)
    await protect(admin, test_run_gate=True)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    await admin("POST", "/v1/prompts/hello/versions/1/review/approve")
    await a_run(bench, call, 1, **({"accuracy": 1.0} | other))
    assert (await move(call, 1)).body["error"]["details"]["test_run"].startswith("version 1 has no completed test run")
    await a_run(bench, call, 1, accuracy=accuracy)
    await a_run(bench, call, 1, **({"accuracy": 1.6 - accuracy} | other))
    assert (await move(call, 1)).status == status


async def test_the_gate_asks_for_as_many_items_as_the_workspace_and_for_any_model_where_routing_chooses(
    bench: Bench, first: RunningGateway, call: Caller
) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call, label=None, model="auto")
    await protect(admin, test_run_gate=True, min_samples=30)
    await call("POST", "/v1/prompts/hello/versions/1/review")
    await admin("POST", "/v1/prompts/hello/versions/1/review/approve")
    await a_run(bench, call, 1, accuracy=1.0, items=29)
    said = (await move(call, 1)).body["error"]["details"]["test_run"]
    assert said == "version 1 has no completed test run over 30 validation or test items or more"
    await a_run(bench, call, 1, accuracy=1.0, items=30, model="any/other")
    assert (await move(call, 1)).status == 200


async def test_a_new_prompt_gets_no_protected_label_by_itself(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await protect(admin)
    asked = await created(call, slug="other", label="production")
    assert (asked.status, asked.body["error"]["code"]) == (409, "label_protected")
    quiet = await created(call)
    assert (quiet.status, quiet.body["label"], quiet.body["labels"]) == (201, None, {"latest": 1})


@pytest.mark.capability("T4")
async def test_settings_of_labels_are_checked_and_kept(bench: Bench, first: RunningGateway) -> None:
    admin = await bench.caller(first, role="admin")
    path = f"/v1/workspaces/{admin.workspace_id}"
    for wrong in (["latest"], ["7"], "production"):
        refused = await admin("PATCH", path, {"protected_labels": wrong})
        assert (refused.status, refused.body["error"]["param"]) == (422, "protected_labels")
    changed = (await admin("PATCH", path, {"protected_labels": ["b", "A", "a"], "own_approval": False, "test_run_gate": True})).body
    assert (changed["protected_labels"], changed["own_approval"], changed["test_run_gate"]) == (["a", "b"], False, True)
    (entry,) = await sql(
        bench, "SELECT before, after FROM audit_log WHERE workspace_id = $1 AND action = 'workspace.changed'", admin.workspace_id
    )
    assert json.loads(entry["after"])["protected_labels"] == ["a", "b"] and json.loads(entry["before"])["own_approval"] is True


@pytest.mark.capability("P4")
async def test_comments_mention_members_and_are_settled(bench: Bench, first: RunningGateway, call: Caller) -> None:
    admin = await bench.caller(first, role="admin", workspace_id=call.workspace_id)
    await created(call)
    await saved(call, "two {{x}}", base=1)
    ann = await a_member(bench, call.workspace_id, "ann@example.com", "Ann")
    bob = await a_member(bench, call.workspace_id, "bob@example.com")
    await a_member(bench, (await bench.caller(first)).workspace_id, "eve@example.com")
    comments = "/v1/prompts/hello/comments"
    said = "Shorter, @Ann@example.com. Not @eve@example.com; write to me@example.com."
    one = await call("POST", comments, {"version": 2, "against": 1, "part": "messages[0]", "body": said, "mentions": [str(bob)]})
    assert one.status == 201, one.body
    assert sorted((mention["user_id"], mention["name"]) for mention in one.body["mentions"]) == sorted(
        [(str(ann), "Ann"), (str(bob), "bob@example.com")]
    )
    answer = await admin("POST", comments, {"version": 2, "body": "Done.", "reply_to": one.body["id"]})
    assert (answer.body["reply_to"], answer.body["against"], answer.body["part"]) == (one.body["id"], 1, "messages[0]")
    further = await call("POST", comments, {"version": 1, "body": "Thanks.", "reply_to": answer.body["id"]})
    assert (further.body["reply_to"], further.body["version"], further.body["against"]) == (one.body["id"], 2, 1), "of the same thread"
    stranger = await call("POST", comments, {"version": 2, "body": "x", "mentions": [str(new_uuid())]})
    assert (stranger.status, stranger.body["error"]["param"]) == (422, "mentions")
    for wrong in ({"version": 9}, {"version": 1, "against": 9}, {"version": 1, "reply_to": str(new_uuid())}):
        assert (await call("POST", comments, {"body": "x"} | wrong)).status == 404
    for wrong, param in (({"body": " \n"}, "body"), ({"against": 1}, "against"), ({"part": "tone"}, "part")):
        refused = await call("POST", comments, {"version": 1, "body": "x"} | wrong)
        assert (refused.status, refused.body["error"]["param"]) == (422, param), refused.body
    thread = [further.body["id"], answer.body["id"], one.body["id"]]
    for query in ("version=2", "version=2&against=1"):
        assert [found["id"] for found in (await call("GET", f"{comments}?{query}")).body["data"]] == thread
    assert [found["id"] for found in (await call("GET", f"/v1/prompt-comments?mentions={ann}")).body["data"]] == [one.body["id"]]
    assert (await call("GET", "/v1/prompt-comments?mentions=me")).status == 422, "a key is nobody"
    path = f"{comments}/{one.body['id']}"
    assert (await admin("PATCH", path, {"body": "mine now"})).status == 403
    assert (await call("PATCH", path, {"body": " "})).status == 422
    edited = (await call("PATCH", path, {"body": "Shorter, please."})).body
    assert (edited["body"], edited["mentions"]) == ("Shorter, please.", []) and edited["edited_at"]
    settled = (await admin("PATCH", path, {"resolved": True})).body
    assert settled["resolved_by"] and settled["resolved_at"]
    assert (await call("GET", f"{comments}?open=true")).body["data"] == [], "answers are settled with what they answer"
    assert [found["id"] for found in (await call("GET", f"{comments}?open=false")).body["data"]] == thread
    assert (await call("PATCH", path, {"resolved": False})).body["resolved_by"] is None
    assert (await call("DELETE", f"{comments}/{answer.body['id']}")).status == 403
    assert (await admin("DELETE", path)).status == 200
    assert (await call("GET", comments)).body["data"] == [], "answers go with what they answer"
    other = await bench.caller(first)
    assert (await other("GET", comments)).status == 404 and (await other("PATCH", path, {"resolved": True})).status == 404
    of_before = {"version": 1, "against": None, "part": "tone"}  # Saved by a release that took any part.
    old = (await call("POST", comments, {"version": 1, "body": "x"})).body["id"]
    async with as_superuser(bench.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.prompt_comments SET part = 'tone' WHERE comment_id = $1::text::uuid", old)
    reply = {"body": "y", "reply_to": old} | of_before
    assert (await call("POST", comments, reply)).status == 201, "it is about the same as what it answers"
    assert (await call("POST", comments, reply | {"part": "mood"})).status == 422


@pytest.mark.capability("P4")
async def test_comments_come_in_pages(call: Caller) -> None:
    await created(call)
    for n in range(5):
        await call("POST", "/v1/prompts/hello/comments", {"version": 1, "body": str(n)})
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await call("GET", f"/v1/prompts/hello/comments?limit=2{cursor}")).body
        found += [one["body"] for one in page["data"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == ["4", "3", "2", "1", "0"] and page["next_cursor"] is None
