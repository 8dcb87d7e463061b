"""The inbox of each member: whom comments and reviews tell, what is read, and what others never see (PRODUCT P4, P5, U1)."""

import asyncio
import json
from typing import Any

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack
from tests.embedded.superuser import as_superuser
from tests.integration.access.browser import Browser, join, newcomer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("U1", "P4", "P5")]

PROMPT = {"slug": "hello", "template": "one {{x}}", "model": "simulated/chat"}
COMMENTS = "/v1/prompts/hello/comments"
REVIEW = "/v1/prompts/hello/versions/1/review"


async def done(person: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await person(method, path, body)
    assert answer.status in (200, 201, 204), answer.body
    return answer.body


async def inbox(person: Browser, query: str = "") -> list[tuple[str, str]]:
    """Kind and text of each item, the newest first."""
    return [(one["kind"], one["text"]) for one in (await done(person, "GET", f"/v1/inbox{query}"))["data"]]


async def unread(person: Browser) -> int:
    count: int = (await done(person, "GET", "/v1/inbox?limit=1"))["unread"]
    return count


async def events(stack: Stack, person: Browser, kind: str) -> list[dict[str, Any]]:
    async with as_superuser(stack.urls["superuser"]) as connection:
        rows = await connection.fetch(
            """SELECT o.body FROM burnish.outbox o JOIN burnish.members m ON position(m.workspace_id::text IN o.subject) > 0
                WHERE m.user_id = $1::text::uuid AND o.subject LIKE 'burnish.v1.' || $2 || '.%' ORDER BY o.outbox_id""",
            person.user_id,
            kind,
        )
    return [json.loads(row["body"])["data"] for row in rows]


async def test_comments_tell_the_writer_of_the_version_whoever_is_mentioned_and_the_thread(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob, cleo, dan = [await join(stack, ada, role="editor") for _ in range(3)]
    await done(ada, "POST", "/v1/prompts", PROMPT)
    first = await done(bob, "POST", COMMENTS, {"version": 1, "body": f"Shorter? @{cleo.email}", "mentions": []})
    assert await inbox(ada) == [("comment", first["body"])], "she wrote the version"
    assert await inbox(cleo) == [("mention", first["body"])]
    assert await inbox(bob) == [] and await inbox(dan) == []
    answer = {"version": 1, "reply_to": first["id"], "body": "Yes.", "mentions": [ada.user_id]}
    await done(cleo, "POST", COMMENTS, answer)
    assert await inbox(bob) == [("answer", "Yes.")]
    assert await inbox(ada, "?unread=true") == [("mention", "Yes."), ("comment", first["body"])], "by the nearest reason, once"
    assert await unread(cleo) == 0, "who answers has read the thread"
    await done(dan, "POST", COMMENTS, answer | {"body": "Me too.", "mentions": []})
    assert [(await inbox(one))[0] for one in (bob, cleo)] == [("answer", "Me too.")] * 2
    (made, _, last) = await events(stack, ada, "prompt.comment.created")
    assert (made["comment_id"], made["author"], made["mentions"], made["reply_to"]) == (
        first["id"], f"user:{bob.user_id}", [cleo.user_id], None,
    )  # fmt: skip
    assert last["reply_to"] == first["id"] and "body" not in made

    await done(bob, "PATCH", f"{COMMENTS}/{first['id']}", {"body": f"Shorter? @{cleo.email} @{dan.email}"})
    assert len(await inbox(cleo)) == 2, "who was told before is not told again"
    assert ("mention", f"Shorter? @{cleo.email} @{dan.email}") in await inbox(dan)
    for _ in range(2):
        await done(ada, "PATCH", f"{COMMENTS}/{first['id']}", {"resolved": True})
    assert [await unread(one) for one in (ada, bob, cleo, dan)] == [0, 0, 0, 0], "what is settled waits for nobody"
    (settled,) = await events(stack, ada, "prompt.comment.resolved")
    assert settled["resolved_by"] == f"user:{ada.user_id}"
    assert all(one["resolved_at"] for one in (await done(ada, "GET", "/v1/inbox"))["data"])
    await done(bob, "DELETE", f"{COMMENTS}/{first['id']}")
    assert [await inbox(one) for one in (ada, bob, cleo, dan)] == [[], [], [], []], "it goes with the comment"


async def test_a_review_asks_whom_it_names_else_whoever_may_decide(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob, cleo = [await join(stack, ada, role="editor") for _ in range(2)]
    viewer = await join(stack, ada, role="viewer")
    await done(ada, "POST", "/v1/prompts", PROMPT)
    for wrong in (viewer.user_id, str(new_uuid()), bob.user_id, (await newcomer(stack)).user_id):
        refused = await bob("POST", REVIEW, {"reviewers": [wrong]})
        assert (refused.status, refused.body["error"]["param"]) == (422, "reviewers"), refused.body
    asked = await done(bob, "POST", REVIEW, {"note": "Polite?", "reviewers": [cleo.user_id, cleo.user_id]})
    assert asked["reviews"][0]["reviewers"] == [cleo.user_id]
    assert await inbox(cleo) == [("review_asked", "Polite?")] and await inbox(ada) == [] and await inbox(bob) == []
    await done(ada, "POST", f"{REVIEW}/send-back", {"comment": "Warmer."})
    assert await unread(cleo) == 0, "nobody is asked any more"
    assert await inbox(bob) == [("review_decided", "Warmer.")] and await inbox(ada) == [], "she decided herself"
    (told,) = (await done(bob, "GET", "/v1/inbox"))["data"]
    assert (told["review_status"], told["by"], told["slug"], told["version"]) == ("sent_back", f"user:{ada.user_id}", "hello", 1)

    await done(bob, "POST", REVIEW)
    assert [await unread(one) for one in (ada, bob, cleo, viewer)] == [1, 1, 1, 0]
    await done(cleo, "POST", f"{REVIEW}/approve", {"comment": "Good."})
    assert (await inbox(bob))[0] == (await inbox(ada))[0] == ("review_decided", "Good."), "who asked, and who wrote it"
    requested, decided = [await events(stack, ada, f"prompt.review.{one}") for one in ("requested", "decided")]
    assert [one["reviewers"] for one in requested] == [[cleo.user_id], []]
    assert [(one["status"], one["decided_by"]) for one in decided] == [
        ("sent_back", f"user:{ada.user_id}"), ("approved", f"user:{cleo.user_id}"),
    ]  # fmt: skip
    await done(ada, "POST", f"{REVIEW}/send-back", {"comment": "Again."})
    await done(ada, "PATCH", f"/v1/workspaces/{ada.workspace}", {"own_approval": False})
    await done(cleo, "POST", REVIEW, {"note": "Third."})
    assert (await inbox(bob))[0] == ("review_asked", "Third."), "he may decide"
    assert ("review_asked", "Third.") not in await inbox(ada), "she wrote it, and nobody approves their own here"
    await done(cleo, "POST", f"{REVIEW}/withdraw")
    await done(ada, "PATCH", f"/v1/workspaces/{ada.workspace}", {"only_admins_change_prompts": True})
    assert (await ada("POST", REVIEW, {"reviewers": [bob.user_id]})).status == 422, "an editor may not decide here"


async def test_a_member_marks_their_own_items_and_nobody_elses(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob, cleo = [await join(stack, ada, role="viewer" if n else "editor") for n in range(2)]
    stranger = await newcomer(stack)
    await done(ada, "POST", "/v1/prompts", PROMPT)
    for n in range(5):
        await done(bob, "POST", COMMENTS, {"version": 1, "body": str(n), "mentions": [cleo.user_id]})
    page = await done(ada, "GET", "/v1/inbox?limit=2")
    rest = await done(ada, "GET", f"/v1/inbox?limit=9&cursor={page['next_cursor']}")
    assert [one["text"] for one in page["data"] + rest["data"]] == list("43210") and page["unread"] == 5
    ids = [one["id"] for one in page["data"] + rest["data"]]
    for other in (cleo, stranger):
        assert (await done(other, "POST", "/v1/inbox/read", {"ids": ids}))["changed"] == 0
    assert await unread(cleo) == 5, "a viewer is told, too"
    assert await unread(stranger) == 0 and await unread(ada) == 5
    assert await done(ada, "POST", "/v1/inbox/read", {"ids": ids[:1]}) == {"changed": 1, "unread": 4}
    assert await done(ada, "POST", "/v1/inbox/read", {"up_to": ids[2]}) == {"changed": 3, "unread": 1}
    assert await inbox(ada, "?unread=true") == [("comment", "3")]
    assert await done(ada, "POST", "/v1/inbox/read", {"ids": ids[-1:], "read": False}) == {"changed": 1, "unread": 2}
    assert await inbox(ada, "?unread=false") == [("comment", "4"), ("comment", "2"), ("comment", "1")]
    for wrong in ({}, {"ids": []}, {"ids": ids, "up_to": ids[0]}, {"up_to": "x"}):
        assert (await ada("POST", "/v1/inbox/read", wrong)).status == 422
    key = (await done(ada, "POST", "/v1/api-keys", {"name": "k", "role": "admin"}))["key"]
    async with stack.session.get(f"{ada.url}/v1/inbox", headers={"authorization": f"Bearer {key}"}) as answer:
        assert answer.status == 403, "a key has no inbox"
    await done(ada, "DELETE", f"/v1/members/{cleo.user_id}")
    async with as_superuser(stack.urls["superuser"]) as connection:
        left = await connection.fetchval("SELECT count(*) FROM burnish.inbox_items WHERE user_id = $1::text::uuid", cleo.user_id)
    assert left == 0, "items go with the membership"


async def test_a_long_text_is_cut_with_a_sign_that_there_is_more(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob = await join(stack, ada, role="editor")
    await done(ada, "POST", "/v1/prompts", PROMPT)
    whole, longer = "word " * 55 + "whole", "word " * 80
    for body in (whole, longer):
        await done(bob, "POST", COMMENTS, {"version": 1, "body": body})
    (_, cut), (_, short) = await inbox(ada)
    assert len(whole) == 280 and short == whole
    assert cut == ("word " * 56).strip() + "…" and len(cut) <= 280


async def test_a_comment_is_heard_at_once_on_the_live_stream(stack: Stack) -> None:
    ada = await newcomer(stack)
    bob = await join(stack, ada, role="editor")
    await done(ada, "POST", "/v1/prompts", PROMPT)
    headers = {"accept": "text/event-stream", "x-burnish-workspace": ada.workspace}
    headers["cookie"] = "; ".join(f"{name}={value}" for name, value in ada.cookies.items())
    async with stack.session.get(f"{ada.url}/v1/live", headers=headers) as stream, asyncio.timeout(30):
        assert (await stream.content.readline()).startswith((b"id:", b"event: hello"))
        await done(bob, "POST", COMMENTS, {"version": 1, "body": "secret words"})
        heard = b""
        while b"prompt.comment.created" not in heard:
            heard += await stream.content.readline()
        heard += await stream.content.readline()
    assert b"comment_id" in heard and b"secret words" not in heard
