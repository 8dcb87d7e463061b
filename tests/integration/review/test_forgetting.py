"""What reviewers wrote goes with the answers that they wrote it about; erasing a person takes the dataset items that came of theirs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from burnish_analytics.forget_old import forget_old
from burnish_shared.db.session import Database
from tests.embedded.stack import Stack
from tests.integration.privacy.past import days_ago, id_of
from tests.integration.review.conftest import Team
from tests.integration.review.test_intake import until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F5", "T8")]


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.urls["superuser"], server_settings={"search_path": "burnish"})
    yield connection
    await connection.close()


async def backdated(superuser: asyncpg.Connection, review: str, *, days: float) -> UUID:
    """As if the answer had been given so many days ago. Returns its id then."""
    then = id_of(days_ago(days))
    await superuser.execute("UPDATE review_items SET execution_id = $2 WHERE review_id = $1", UUID(review), then)
    return then


@pytest.mark.promise("P-01")
async def test_after_the_workspaces_days_verdicts_stay_and_words_go(team: Team, stack: Stack, superuser: asyncpg.Connection) -> None:
    waiting, decided, young, ancient = [await team.pick(f"old {n}") for n in range(4)]
    for review in (decided, young, ancient):
        body = {"expected": "a long word", "note": "written by hand"}
        kept = (await team.ann("POST", f"/v1/review/{review}/correct", body)).body["dataset_item"]
    for review, days in ((waiting, 40), (decided, 40), (ancient, 500)):
        await backdated(superuser, review, days=days)
    await superuser.execute("UPDATE workspaces SET retention_days = 30 WHERE workspace_id = $1", team.admin.workspace.workspace_id)
    db = await Database.open(stack.urls["analytics"], application_name="test-analytics", max_size=1)
    await forget_old(db, batch_rows=1)
    await db.close()
    left = {one["id"]: one for one in (await team.viewer("GET", "/v1/review")).body["data"]}
    assert set(left) == {decided, young}
    assert (left[decided]["verdict"], left[decided]["expected"], left[decided]["note"]) == ("bad", None, None)
    assert (left[young]["expected"], left[young]["note"]) == ("a long word", "written by hand")
    assert len((await team.viewer("GET", f"/v1/datasets/{kept['dataset_id']}/items")).body["data"]) == 3, "a dataset is kept on purpose"
    progress = (await team.viewer("GET", "/v1/review/progress")).body
    assert (progress["decided"], progress["bad"], progress["corrected"]) == (2, 2, 2)


async def of_person(team: Team, person: str, *, session: str | None = None, text: str) -> str:
    call: dict[str, Any] = {"prompt": "route", "variables": {"text": text}, "session_id": session}
    made = await team.admin("POST", "/v1/executions", call | ({"user_id": person} if person else {}))
    return str((await team.admin("POST", "/v1/review", {"execution_id": made.body["id"]})).body["id"])


@pytest.mark.promise("P-02")
async def test_erasing_a_person_takes_their_answers_out_of_the_queue_and_of_the_dataset(team: Team) -> None:
    theirs = await of_person(team, "dora", session="talk", text="the words of dora")
    in_session = await of_person(team, "", session="talk", text="more words of dora")
    still_waiting = await of_person(team, "dora", text="words that nobody looked at")
    others = await of_person(team, "emil", session="other talk", text="the words of emil")
    for review in (theirs, in_session, others):
        body = {"expected": f"correction {review}"}
        kept = (await team.ann("POST", f"/v1/review/{review}/correct", body)).body["dataset_item"]
    asked = (await team.admin("POST", "/v1/erasures", {"user_id": "dora"})).body

    async def done() -> dict[str, Any] | None:
        answer = (await team.admin("GET", f"/v1/erasures/{asked['id']}")).body
        return answer if answer["status"] == "completed" else None

    erasure = await until(done)
    assert (erasure["counts"]["review_items"], erasure["counts"]["dataset_items"]) == (3, 2)
    items = (await team.viewer("GET", f"/v1/datasets/{kept['dataset_id']}/items")).body["data"]
    assert [one["expected"] for one in items] == [f"correction {others}"]
    left = {one["id"]: one for one in (await team.viewer("GET", "/v1/review")).body["data"]}
    assert set(left) == {theirs, in_session, others} and still_waiting not in left
    assert [left[one]["expected"] for one in (theirs, in_session)] == [None, None] and left[theirs]["verdict"] == "bad"
    receipt = (await team.admin("GET", f"/v1/erasures/{asked['id']}/receipt")).body["receipt"]
    assert receipt["stores"]["review_items"] == 3


@pytest.mark.promise("P-02")
@pytest.mark.parametrize("undone", [False, True])
async def test_erasing_a_person_takes_what_their_item_was_corrected_to(team: Team, *, undone: bool) -> None:
    """The corrected item has an id that the decision does not name, and a decision that was taken back names none."""
    review = await of_person(team, "dora", text=f"the words of dora {undone}")
    kept = (await team.ann("POST", f"/v1/review/{review}/correct", {"expected": "wrong"})).body["dataset_item"]
    items = f"/v1/datasets/{kept['dataset_id']}/items"
    made = await team.admin("PATCH", f"{items}/{kept['item_id']}", {"expected": "right"})
    assert made.status == 200, made.body
    if undone:
        taken_back = await team.ann("POST", f"/v1/review/{review}/undo")
        assert taken_back.status == 200 and taken_back.body["item_removed"] is False, "what somebody corrected is theirs"
        assert (await team.viewer("GET", f"/v1/datasets/{kept['dataset_id']}")).body["version"] == made.body["dataset_version"]
    asked = (await team.admin("POST", "/v1/erasures", {"user_id": "dora"})).body

    async def done() -> dict[str, Any] | None:
        answer = (await team.admin("GET", f"/v1/erasures/{asked['id']}")).body
        return answer if answer["status"] == "completed" else None

    assert (await until(done))["counts"]["dataset_items"] == 2
    assert (await team.viewer("GET", f"{items}?item={kept['item_id']}&item={made.body['id']}")).body["data"] == []


@pytest.mark.promise("P-02")
async def test_the_id_of_a_corrected_item_is_as_old_as_what_it_replaces(team: Team, superuser: asyncpg.Connection) -> None:
    """An erasure looks at items whose ids are older than its request: one that is corrected only then is among them."""
    item = {"input": "a case", "expected": "wrong", "group": "dora"}
    dataset = (await team.admin("POST", "/v1/datasets", {"name": "cases", "items": [item]})).body["id"]
    items = f"/v1/datasets/{dataset}/items"
    [first] = (await team.admin("GET", items)).body["data"]
    before = id_of(days_ago(2))
    await superuser.execute("UPDATE dataset_items SET item_id = $2 WHERE item_id = $1", UUID(first["id"]), before)
    made = (await team.admin("PATCH", f"{items}/{before}", {"expected": "right"})).body
    assert UUID(made["id"]) != before and UUID(made["id"]).bytes[:6] == before.bytes[:6]


async def test_two_who_decide_at_once_make_one_dataset_and_one_item(team: Team) -> None:
    reviews = [await team.pick("the same words") for _ in range(2)]
    answers = await asyncio.gather(
        *(
            who("POST", f"/v1/review/{review}/correct", {"expected": "yes"})
            for who, review in zip((team.ann, team.bob), reviews, strict=True)
        )
    )
    assert sorted(one.body["dataset_item"]["added"] for one in answers) == [False, True]
    assert len({one.body["dataset_item"]["item_id"] for one in answers}) == 1
    assert len((await team.viewer("GET", "/v1/datasets")).body["data"]) == 1
