"""An answer of the queue that one member is asked to look at: their inbox, whose turn it is, and when it is done (PRODUCT F5, U1)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from burnish_shared.ids import new_uuid
from tests.embedded.stack import Stack, running_stack
from tests.integration.access.browser import Browser, join, newcomer

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F5", "U1")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(module_database_urls: Any, nats_server: Any) -> AsyncIterator[Stack]:
    """People who sign up, and an executor: what is reviewed was answered."""
    gateway = {"sign_up": "open", "password_memory_kib": 64, "password_passes": 1}
    async with running_stack(module_database_urls, nats_server, gateway=gateway) as running:
        yield running


async def done(person: Browser, method: str, path: str, body: Any = None) -> Any:
    answer = await person(method, path, body)
    assert answer.status in (200, 201, 204), answer.body
    return answer.body


async def team(stack: Stack) -> tuple[Browser, Browser, Browser]:
    """An admin with a prompt `route`, and two editors."""
    ada = await newcomer(stack)
    await done(ada, "POST", "/v1/prompts", {"slug": "route", "template": "{{text}}", "model": "simulated/chat"})
    bob, cleo = [await join(stack, ada, role="editor") for _ in range(2)]
    return ada, bob, cleo


async def queued(person: Browser, text: str, **more: Any) -> dict[str, Any]:
    made = await done(person, "POST", "/v1/executions", {"prompt": "route", "variables": {"text": text}})
    item: dict[str, Any] = await done(person, "POST", "/v1/review", {"execution_id": made["id"], **more})
    return item


async def inbox(person: Browser) -> list[tuple[str, str | None, bool]]:
    """Text, how it stands and whether it is unread, of each answer that the member is asked for; the newest first."""
    data = (await done(person, "GET", "/v1/inbox"))["data"]
    return [(one["text"], one["answer_status"], one["read_at"] is None) for one in data if one["kind"] == "queue_asked"]


async def claimed(person: Browser, **more: Any) -> tuple[list[str], int]:
    found = await done(person, "POST", "/v1/review/claim", {"count": 20, **more})
    return [one["id"] for one in found["data"]], found["waiting"]


async def test_whoever_is_asked_finds_it_in_the_inbox_and_first_in_the_queue_until_it_is_done(stack: Stack) -> None:
    ada, bob, cleo = await team(stack)
    free = await queued(ada, "for anybody")
    asked = await queued(ada, "for Bob", note="Is the tone right?", assignee=bob.user_id)
    assert (asked["assigned_to"], free["assigned_to"]) == (bob.user_id, None)
    assert await inbox(bob) == [("Is the tone right?", "waiting", True)] and await inbox(ada) == await inbox(cleo) == []
    [told] = (await done(bob, "GET", "/v1/inbox?unread=true"))["data"]
    assert (told["slug"], told["version"], told["queue_item_id"], told["by"]) == ("route", 1, asked["id"], f"user:{ada.user_id}")
    assert (told["review_id"], told["comment_id"], told["review_status"]) == (None, None, None)
    assert (await done(bob, "GET", "/v1/inbox?limit=1"))["unread"] == 1

    assert await claimed(cleo) == ([free["id"]], 0), "nobody else is given it"
    assert await claimed(bob) == ([asked["id"]], 0)
    await done(cleo, "POST", f"/v1/review/{free['id']}/skip", {})
    assert await claimed(bob) == ([asked["id"], free["id"]], 0), "what one is asked for comes first"
    assert await claimed(bob, count=1) == ([asked["id"]], 0)
    await done(bob, "POST", f"/v1/review/{asked['id']}/label", {"verdict": "good"})
    assert await inbox(bob) == [("Is the tone right?", "decided", False)]
    assert (await done(bob, "GET", "/v1/inbox?limit=1"))["unread"] == 0
    assert (await done(bob, "GET", f"/v1/review/{asked['id']}"))["assigned_to"] == bob.user_id


async def test_another_may_be_asked_or_decide_and_whoever_leaves_it_is_asked_no_more(stack: Stack) -> None:
    ada, bob, cleo = await team(stack)
    item = await queued(ada, "one", assignee=bob.user_id)
    assert await claimed(bob) == ([item["id"]], 0)
    again = {"execution_id": item["execution_id"], "note": "Rather you."}
    moved = await done(ada, "POST", "/v1/review", again | {"assignee": cleo.user_id})
    assert (moved["id"], moved["assigned_to"], moved["claimed_by"]) == (item["id"], cleo.user_id, None)
    assert await inbox(bob) == [("Rather you.", "passed_on", False)] and await inbox(cleo) == [("Rather you.", "waiting", True)]
    assert await claimed(bob) == ([], 0)
    assert (await done(ada, "POST", "/v1/review", again))["assigned_to"] == cleo.user_id, "a note alone leaves it with whom it is"
    await done(cleo, "POST", f"/v1/review/{item['id']}/skip", {})
    assert await inbox(cleo) == [("Rather you.", "passed_on", False)]
    assert await claimed(bob) == ([item["id"]], 0), "it is anybody's again"
    await done(ada, "POST", "/v1/review", again | {"assignee": bob.user_id})
    assert await inbox(bob) == [("Rather you.", "waiting", True)], "asked once more"
    await done(ada, "POST", f"/v1/review/{item['id']}/label", {"verdict": "good"})
    assert await inbox(bob) == [("Rather you.", "decided", False)]
    late = await ada("POST", "/v1/review", again | {"note": "once more", "assignee": cleo.user_id})
    assert (late.status, late.body["error"]["param"]) == (409, "execution_id") and (await inbox(cleo))[0][2] is False
    told = await done(ada, "POST", "/v1/review", again | {"note": "once more"})
    assert (told["status"], told["assigned_to"], told["note"]) == ("decided", bob.user_id, "Rather you."), "what was decided stays as it is"

    own = await queued(ada, "my own", assignee=ada.user_id)
    assert await inbox(ada) == [] and await claimed(ada) == ([own["id"]], 0), "nobody is told what they do themselves"
    await queued(ada, "left", assignee=bob.user_id)
    await done(ada, "DELETE", f"/v1/members/{bob.user_id}")
    assert len((await claimed(cleo))[0]) == 1, "who is a member no more is asked no more"


async def test_a_decision_that_is_undone_asks_again_whoever_was_asked(stack: Stack) -> None:
    ada, bob, cleo = await team(stack)
    item = await queued(ada, "one", note="Look.", assignee=bob.user_id)
    for who_undoes in (bob, ada):
        await done(bob, "POST", f"/v1/review/{item['id']}/label", {"verdict": "good"})
        assert await inbox(bob) == [("Look.", "decided", False)]
        await done(who_undoes, "POST", f"/v1/review/{item['id']}/undo")
        assert await inbox(bob) == [("Look.", "waiting", True)] and (await done(bob, "GET", "/v1/inbox?limit=1"))["unread"] == 1
    await done(ada, "POST", f"/v1/review/{item['id']}/skip", {"for_everybody": True})
    assert await inbox(bob) == [("Look.", "set_aside", False)]
    await done(ada, "POST", f"/v1/review/{item['id']}/undo")
    assert await inbox(bob) == [("Look.", "waiting", True)] and await inbox(cleo) == []


async def test_whoever_is_asked_once_more_is_told_who_asked_last_and_when(stack: Stack) -> None:
    ada, bob, cleo = await team(stack)
    item = await queued(ada, "one", assignee=bob.user_id)
    await queued(ada, "two", note="another", assignee=bob.user_id)
    [_, before] = (await done(bob, "GET", "/v1/inbox"))["data"]
    again = {"execution_id": item["execution_id"], "note": "Please.", "assignee": bob.user_id}
    await done(cleo, "POST", "/v1/review", again)
    [told, other] = (await done(bob, "GET", "/v1/inbox"))["data"]
    assert (told["text"], told["by"], other["text"]) == ("Please.", f"user:{cleo.user_id}", "another")
    assert told["at"] > before["at"] and (before["queue_item_id"], before["by"]) == (item["id"], f"user:{ada.user_id}")
    assert (await done(bob, "GET", "/v1/inbox?limit=1"))["unread"] == 2


async def test_only_members_who_review_are_asked(stack: Stack) -> None:
    ada, _, _ = await team(stack)
    viewer, stranger = await join(stack, ada, role="viewer"), await newcomer(stack)
    made = await done(ada, "POST", "/v1/executions", {"prompt": "route", "variables": {"text": "x"}})
    for wrong in (viewer.user_id, stranger.user_id, str(new_uuid()), "me"):
        refused = await ada("POST", "/v1/review", {"execution_id": made["id"], "assignee": wrong})
        assert (refused.status, refused.body["error"]["param"]) == (422, "assignee"), refused.body
    assert (await done(ada, "GET", "/v1/review"))["data"] == []


async def test_what_was_asked_of_a_member_who_reviews_no_more_is_anybodys(stack: Stack) -> None:
    ada, bob, cleo = await team(stack)
    item = await queued(ada, "one", assignee=bob.user_id)
    assert await claimed(cleo) == ([], 0)
    await done(ada, "PATCH", f"/v1/members/{bob.user_id}", {"role": "viewer"})
    assert (await bob("POST", "/v1/review/claim", {})).status == 403
    assert await claimed(cleo) == ([item["id"]], 0)
    assert await claimed(ada) == ([], 0), "once it is claimed it is nobody else's"
