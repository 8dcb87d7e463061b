"""Reviewers claim answers, label, correct, skip and undo; what they decide becomes dataset items (PRODUCT F5)."""

import asyncio
from json import dumps
from secrets import token_hex
from typing import Any
from uuid import UUID

import pytest

from burnish_shared.ids import new_uuid
from tests.embedded.held_back import WAITING
from tests.embedded.stack import Caller, Stack
from tests.embedded.superuser import as_superuser
from tests.integration.review.conftest import Team

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F5")]


async def claim(caller: Caller, **body: Any) -> list[dict[str, Any]]:
    answer = await caller("POST", "/v1/review/claim", body)
    assert answer.status == 200, answer.body
    return list(answer.body["data"])


async def items_of(caller: Caller, dataset_id: str) -> list[dict[str, Any]]:
    return list((await caller("GET", f"/v1/datasets/{dataset_id}/items")).body["data"])


async def test_json_is_kept_as_text_and_told_by_its_value(team: Team) -> None:
    review = await team.pick("json")
    await claim(team.ann)
    said = (await team.ann("POST", f"/v1/review/{review}/correct", {"expected": {"b": 1.0, "a": [True]}})).body
    assert (said["item"]["verdict"], said["item"]["expected"]) == ("bad", '{"a":[true],"b":1}')
    [item] = await items_of(team.viewer, said["dataset_item"]["dataset_id"])
    assert item["expected"] == '{"a":[true],"b":1}'
    for wrong in (None, ""):
        refused = await team.ann("POST", f"/v1/review/{review}/correct", {"expected": wrong})
        assert (refused.status, refused.body["error"]["param"]) == (422, "expected"), refused.body


async def test_a_good_answer_becomes_an_item_that_expects_it_and_a_corrected_one_expects_the_correction(team: Team) -> None:
    good, wrong = await team.pick("first"), await team.pick("second")
    [shown] = await claim(team.ann)
    assert shown["id"] == good and shown["status"] == "claimed" and shown["variables"] == {"text": "first"} and shown["output"]
    labelled = (await team.ann("POST", f"/v1/review/{good}/label", {"verdict": "good", "next": {}})).body
    assert labelled["item"]["status"] == "decided" and labelled["dataset_item"]["added"] and labelled["next"]["id"] == wrong
    corrected = (await team.ann("POST", f"/v1/review/{wrong}/correct", {"expected": "billing", "next": {}})).body
    assert corrected["item"]["verdict"] == "bad" and corrected["item"]["expected"] == "billing" and corrected["next"] is None
    items = await items_of(team.viewer, corrected["dataset_item"]["dataset_id"])
    assert {one["input"]["text"]: one["expected"] for one in items} == {"first": shown["output"], "second": "billing"}
    assert items[0]["metadata"] == {"source": "review", "review_id": good, "execution_id": shown["execution_id"]}
    settings = (await team.viewer("GET", "/v1/review/settings")).body["data"]
    assert [(one["prompt"], one["dataset_id"]) for one in settings] == [("route", corrected["dataset_item"]["dataset_id"])]
    progress = (await team.viewer("GET", "/v1/review/progress?prompt=route")).body
    assert [progress[name] for name in ("waiting", "decided", "good", "bad", "corrected")] == [0, 2, 1, 1, 1]
    assert [(one["decided"], one["good"], one["bad"]) for one in progress["by_reviewer"]] == [(2, 1, 1)]


async def test_the_last_answer_of_a_prompt_that_is_gone_can_be_decided(team: Team) -> None:
    last = await team.pick("last")
    assert (await team.admin("POST", "/v1/prompts/route/archive")).status == 200
    assert (await team.admin("POST", "/v1/prompts/route/purge", {"confirm": "route"})).status == 200
    assert [one["id"] for one in await claim(team.ann, prompt="route")] == [last]
    told = await team.ann("POST", f"/v1/review/{last}/label", {"verdict": "bad", "next": {"prompt": "route"}})
    assert (told.status, told.body.get("next")) == (200, None), "what was said of it counts, though nothing comes next"
    assert (await team.viewer("GET", f"/v1/review/{last}")).body["verdict"] == "bad"
    assert (await team.ann("POST", "/v1/review/claim", {"prompt": "route"})).status == 404


async def test_the_same_input_again_is_answered_with_the_item_that_is_there(team: Team) -> None:
    first, again = await team.pick("same"), await team.pick("same")
    made = (await team.ann("POST", f"/v1/review/{first}/correct", {"expected": "one"})).body["dataset_item"]
    held = (await team.ann("POST", f"/v1/review/{again}/correct", {"expected": "two"})).body["dataset_item"]
    assert made["added"] and held == made | {"added": False} and held["expected"] == "one"
    assert len(await items_of(team.ann, made["dataset_id"])) == 1


async def test_a_bad_answer_alone_a_call_without_text_and_a_wish_for_none_make_no_item(team: Team) -> None:
    bad, unwanted = await team.pick("bad"), await team.pick("unwanted")
    answer = (await team.ann("POST", f"/v1/review/{bad}/label", {"verdict": "bad"})).body
    assert answer["dataset_item"] is None and "right one" in answer["not_kept"] and answer["item"]["verdict"] == "bad"
    none = (await team.ann("POST", f"/v1/review/{unwanted}/label", {"verdict": "good", "add_to_dataset": False})).body
    assert none["dataset_item"] is None and none["not_kept"]
    assert (await team.viewer("GET", "/v1/datasets")).body["data"] == []


async def test_two_reviewers_are_never_given_the_same_answer(team: Team) -> None:
    """Ten claims at once of six answers: each goes to one of them, and what somebody holds is shown to them again, not to others."""
    waiting = {await team.pick(f"answer {n}") for n in range(6)}
    given = await asyncio.gather(*(claim(who, count=1, reason="picked") for who in (team.ann, team.bob)))
    mine, theirs = ({one["id"] for one in some} for some in given)
    assert len(mine | theirs) == 2
    rest = await asyncio.gather(*(claim(who, count=6) for who in (team.ann, team.bob)))
    got = [{one["id"] for one in some} for some in rest]
    assert not got[0] & got[1] and got[0] | got[1] == waiting and mine <= got[0] and theirs <= got[1]
    assert {one["id"] for one in await claim(team.ann, count=6)} == got[0]
    refused = await team.bob("POST", f"/v1/review/{min(got[0])}/label", {"verdict": "good"})
    assert refused.status == 409 and "claim the next one" in refused.body["error"]["message"]


async def test_several_who_work_at_once_decide_each_answer_once(team: Team) -> None:
    """Each keeps labelling what the last call brought with it. Nobody is refused, nothing is left, nothing is decided twice."""
    reviews = {await team.pick(f"answer {n}") for n in range(16)}

    async def work(who: Caller) -> list[str]:
        done: list[str] = []
        [held] = await claim(who)
        while held is not None:
            answer = await who("POST", f"/v1/review/{held['id']}/label", {"verdict": "good", "next": {}})
            assert answer.status == 200, answer.body
            done.append(held["id"])
            held = answer.body["next"]
        return done

    decided = [one for some in await asyncio.gather(*(work(who) for who in (team.ann, team.bob, team.admin))) for one in some]
    assert sorted(decided) == sorted(reviews)
    progress = (await team.viewer("GET", "/v1/review/progress")).body
    assert (progress["waiting"], progress["decided"]) == (0, 16) and sum(one["decided"] for one in progress["by_reviewer"]) == 16
    [dataset] = (await team.viewer("GET", "/v1/datasets")).body["data"]
    assert sum(dataset["counts"].values()) == 16


async def test_of_two_who_decide_on_one_answer_at_once_the_second_hears_of_the_first(team: Team, stack: Stack) -> None:
    """Nobody holds it, so both are let in: the row decides who was first."""
    review = await team.pick("wanted by both")
    async with as_superuser(stack.urls["superuser"]) as holder, holder.transaction():
        await holder.execute("SELECT FROM burnish.review_items WHERE review_id = $1::uuid FOR UPDATE", review)
        both = [
            asyncio.create_task(who("POST", f"/v1/review/{review}/label", {"verdict": verdict}))
            for who, verdict in ((team.ann, "good"), (team.bob, "bad"))
        ]
        async with asyncio.timeout(60):
            while await holder.fetchval(WAITING) < len(both):
                await asyncio.sleep(0.005)
    answers = await asyncio.gather(*both)
    assert sorted(one.status for one in answers) == [200, 409]
    [won] = [one for one in answers if one.status == 200]
    assert (await team.viewer("GET", f"/v1/review/{review}")).body["verdict"] == won.body["item"]["verdict"]


async def test_a_lease_that_is_over_gives_the_answer_to_the_next(team: Team, stack: Stack) -> None:
    review = await team.pick("left behind")
    await claim(team.ann)
    assert await claim(team.bob) == []
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE review_items SET claimed_until = now() - interval '1 second' WHERE review_id = $1", UUID(review))
    assert [one["id"] for one in await claim(team.bob)] == [review]
    assert (await team.bob("POST", f"/v1/review/{review}/label", {"verdict": "good"})).status == 200


async def test_what_somebody_skips_goes_to_others_and_what_is_set_aside_to_nobody(team: Team) -> None:
    first, second = await team.pick("hard"), await team.pick("nonsense")
    skipped = (await team.ann("POST", f"/v1/review/{first}/skip", {"next": {}})).body
    assert skipped["next"]["id"] == second and skipped["item"]["status"] == "waiting"
    aside = (await team.ann("POST", f"/v1/review/{second}/skip", {"for_everybody": True, "note": "spam"})).body
    assert aside["item"]["status"] == "set_aside" and aside["item"]["note"] == "spam"
    assert await claim(team.ann, count=9) == []
    assert [one["id"] for one in await claim(team.bob, count=9)] == [first]
    progress = (await team.viewer("GET", "/v1/review/progress")).body
    assert [progress[name] for name in ("waiting", "claimed", "skipped", "set_aside")] == [1, 1, 1, 1]
    undone = (await team.ann("POST", f"/v1/review/{second}/undo")).body["item"]
    assert undone["status"] == "claimed" and undone["skipped_by"] == []


async def test_undo_takes_the_item_out_of_the_dataset_and_gives_the_answer_back(team: Team) -> None:
    one, two = await team.pick("one"), await team.pick("two")
    for review in (one, two):
        kept = (await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good"})).body["dataset_item"]
    undone = (await team.ann("POST", f"/v1/review/{two}/undo")).body
    assert undone["item_removed"] and undone["item"]["status"] == "claimed" and undone["item"]["verdict"] is None
    assert [item["input"]["text"] for item in await items_of(team.ann, kept["dataset_id"])] == ["one"]
    assert (await team.ann("POST", f"/v1/review/{two}/undo")).body["item_removed"] is False
    three = await team.pick("three")
    assert (await team.ann("POST", f"/v1/review/{three}/label", {"verdict": "good"})).status == 200
    again = (await team.ann("POST", f"/v1/review/{two}/correct", {"expected": "other"})).body
    assert again["dataset_item"]["added"] and again["dataset_item"]["expected"] == "other"
    assert [item["input"]["text"] for item in await items_of(team.ann, kept["dataset_id"])] == ["one", "three", "two"]
    dataset = (await team.ann("GET", f"/v1/datasets/{kept['dataset_id']}")).body
    assert sum(dataset["counts"].values()) == 3 and dataset["version"] > 3


@pytest.mark.parametrize("how", ["undo", "skip", "label"])
async def test_taking_a_correction_back_leaves_what_another_reviewer_said_of_the_same_input(team: Team, how: str) -> None:
    first, again, third = [await team.pick("same") for _ in range(3)]
    made = (await team.ann("POST", f"/v1/review/{first}/correct", {"expected": "one"})).body["dataset_item"]
    for review, expected in ((again, "two"), (third, "three")):
        held = (await team.bob("POST", f"/v1/review/{review}/correct", {"expected": expected})).body["dataset_item"]
        assert held["item_id"] == made["item_id"] and not held["added"]
    answer = await team.ann("POST", f"/v1/review/{first}/{how}", {"verdict": "bad"} if how == "label" else {} if how == "skip" else None)
    assert answer.status == 200, answer.body
    [item] = await items_of(team.ann, made["dataset_id"])
    assert item["expected"] == "two" and item["metadata"]["review_id"] == again
    for review in (again, third):
        assert (await team.viewer("GET", f"/v1/review/{review}")).body["dataset_item_id"] == item["id"]
    assert (await team.bob("POST", f"/v1/review/{again}/undo")).body["item_removed"]
    assert [one["expected"] for one in await items_of(team.ann, made["dataset_id"])] == ["three"]
    assert (await team.bob("POST", f"/v1/review/{third}/undo")).body["item_removed"]
    assert await items_of(team.ann, made["dataset_id"]) == []


async def test_a_decision_outlives_the_dataset_that_its_item_was_in(team: Team) -> None:
    made = (await team.admin("POST", "/v1/datasets", {"name": "aside", "items": [{"input": "a", "expected": "b"}]})).body["id"]
    review = await team.pick("kept aside")
    told = (await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good", "dataset_id": made})).body
    assert told["item"]["dataset_id"] == made
    assert (await team.admin("DELETE", f"/v1/datasets/{made}")).status == 200
    shown = (await team.viewer("GET", f"/v1/review/{review}")).body
    assert (shown["verdict"], shown["dataset_id"], shown["dataset_item_id"]) == ("good", None, None)
    undone = (await team.ann("POST", f"/v1/review/{review}/undo")).body
    assert undone["item_removed"] is False and undone["item"]["verdict"] is None


async def test_an_archived_dataset_takes_no_decided_answer(team: Team) -> None:
    made = (await team.admin("POST", "/v1/datasets", {"name": "aside", "items": [{"input": "a", "expected": "b"}]})).body["id"]
    await team.admin("PATCH", f"/v1/datasets/{made}", {"archived": True})
    review = await team.pick("kept aside")
    refused = await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good", "dataset_id": made})
    assert (refused.status, refused.body["error"]["param"]) == (409, "dataset_id")
    assert (await team.viewer("GET", f"/v1/review/{review}")).body["verdict"] is None


async def test_a_decision_is_not_taken_back_out_of_an_archived_dataset(team: Team) -> None:
    made = (await team.admin("POST", "/v1/datasets", {"name": "aside", "items": [{"input": "a", "expected": "b"}]})).body["id"]
    review = await team.pick("kept aside")
    await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good", "dataset_id": made})
    before = (await team.admin("PATCH", f"/v1/datasets/{made}", {"archived": True})).body
    refused = await team.ann("POST", f"/v1/review/{review}/undo")
    assert (refused.status, refused.body["error"]["param"]) == (409, "dataset_id"), refused.body
    assert (await team.viewer("GET", f"/v1/review/{review}")).body["verdict"] == "good"
    assert (await team.admin("GET", f"/v1/datasets/{made}")).body == before
    await team.admin("PATCH", f"/v1/datasets/{made}", {"archived": False})
    assert (await team.ann("POST", f"/v1/review/{review}/undo")).body["item_removed"] is True


async def test_the_newest_word_of_one_person_counts_and_anothers_stands_until_an_admin_undoes_it(team: Team) -> None:
    review = await team.pick("contested")
    await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good"})
    again = (await team.ann("POST", f"/v1/review/{review}/correct", {"expected": "better"})).body
    assert again["item"]["verdict"] == "bad" and again["dataset_item"]["added"]
    assert [one["expected"] for one in await items_of(team.ann, again["dataset_item"]["dataset_id"])] == ["better"]
    assert (await team.bob("POST", f"/v1/review/{review}/label", {"verdict": "good"})).status == 409
    assert (await team.bob("POST", f"/v1/review/{review}/undo")).status == 403
    assert (await team.admin("POST", f"/v1/review/{review}/undo")).body["item"]["status"] == "claimed"
    actions = [one["action"] for one in (await team.admin("GET", "/v1/audit?object_kind=review")).body["data"]]
    assert actions == ["review.undone", "review.decided", "review.undone", "review.decided"]


async def test_what_was_measured_on_stays_in_its_dataset(team: Team) -> None:
    reviews = [await team.pick(f"measured {n}") for n in range(4)]
    for review in reviews:
        kept = (await team.ann("POST", f"/v1/review/{review}/correct", {"expected": "yes"})).body["dataset_item"]
    run = {"prompt": "route", "dataset_id": kept["dataset_id"], "split": kept["split"]}
    assert (await team.ann("POST", "/v1/test-runs", run)).status == 202
    undone = (await team.ann("POST", f"/v1/review/{reviews[0]}/undo")).body
    assert undone["item_removed"] is False and undone["item"]["verdict"] is None
    assert len(await items_of(team.ann, kept["dataset_id"])) == 4


async def test_a_dataset_can_be_named_in_the_call_or_in_the_settings(team: Team) -> None:
    made = [
        (await team.ann("POST", "/v1/datasets", {"name": name, "items": [{"input": "x", "expected": "y"}]})).body["id"]
        for name in ("prompt's", "workspace's", "named")
    ]
    await team.ann("PUT", "/v1/review/settings", {"dataset_id": made[1]})
    reviews = [await team.pick(f"place {n}") for n in range(3)]
    first = (await team.ann("POST", f"/v1/review/{reviews[0]}/label", {"verdict": "good"})).body
    await team.ann("PUT", "/v1/review/settings/route", {"dataset_id": made[0]})
    second = (await team.ann("POST", f"/v1/review/{reviews[1]}/label", {"verdict": "good"})).body
    third = (await team.ann("POST", f"/v1/review/{reviews[2]}/label", {"verdict": "good", "dataset_id": made[2]})).body
    assert [one["dataset_item"]["dataset_id"] for one in (first, second, third)] == [made[1], made[0], made[2]]
    absent = str(new_uuid())
    assert (await team.ann("PUT", "/v1/review/settings/route", {"dataset_id": absent})).status == 404
    assert (await team.ann("PUT", "/v1/review/settings/nobodys", {"sample": 0.5})).status == 404
    assert (await team.ann("DELETE", "/v1/review/settings/route")).body["dataset_id"] == made[0]
    assert (await team.ann("DELETE", "/v1/review/settings/route")).status == 404


async def test_viewers_look_and_editors_decide(team: Team) -> None:
    review = await team.pick("seen")
    seen = (await team.viewer("GET", f"/v1/review/{review}")).body
    assert seen["output"] and seen["status"] == "waiting" and seen["added_by"].startswith("api_key:") and seen["reasons"] == ["picked"]
    for path, body in (("claim", {}), (f"{review}/label", {"verdict": "good"}), (f"{review}/skip", {}), (f"{review}/undo", None)):
        assert (await team.viewer("POST", f"/v1/review/{path}", body)).status == 403
    assert (await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "superb"})).status == 422
    assert (await team.ann("POST", "/v1/review", {"execution_id": str(new_uuid())})).status == 404
    assert (await team.ann("POST", "/v1/review/claim", {"prompt": "nobodys"})).status == 404
    again = await team.ann("POST", "/v1/review", {"execution_id": seen["execution_id"], "note": "look at the tone"})
    assert (again.status, again.body["id"], again.body["note"]) == (201, review, "look at the tone")


async def test_a_decided_review_says_what_was_asked_and_who_decided(team: Team, stack: Stack) -> None:
    by_key, by_person = await team.pick("Where is my parcel? " + "x" * 400), await team.pick("second")
    for review in (by_key, by_person):
        assert (await team.ann("POST", f"/v1/review/{review}/label", {"verdict": "good"})).status == 200
    workspace, person = team.admin.workspace.workspace_id, new_uuid()
    async with as_superuser(stack.urls["superuser"]) as superuser:
        ann = (await team.viewer("GET", f"/v1/review/{by_key}")).body["decided_by"]
        await superuser.execute("UPDATE burnish.api_keys SET name = 'Ann''s' WHERE 'api_key:' || api_key_id = $1", ann)
        await superuser.execute("INSERT INTO burnish.users (user_id, email, name) VALUES ($1, $2, 'Ada')", person, f"{person}@example.com")
        await superuser.execute("INSERT INTO burnish.members (workspace_id, user_id, role) VALUES ($1, $2, 'editor')", workspace, person)
        decided = "UPDATE burnish.review_items SET decided_by = 'user:' || $2::uuid WHERE review_id = $1"
        await superuser.execute(decided, UUID(by_person), person)

    async def told() -> list[tuple[str, str | None]]:
        listed = (await team.viewer("GET", "/v1/review?status=decided")).body["data"]
        return [(one["question"][:20], one["decided_by_name"]) for one in listed]

    assert await told() == [("second", "Ada"), ("Where is my parcel? ", "Ann's")]
    alone = (await team.viewer("GET", f"/v1/review/{by_key}")).body
    assert alone["decided_by_name"] == "Ann's" and "question" not in alone, "its texts are there"
    listed = (await team.viewer("GET", "/v1/review?status=decided")).body["data"]
    assert len(listed[1]["question"]) == 300
    async with as_superuser(stack.urls["superuser"]) as superuser:
        await superuser.execute("DELETE FROM burnish.members WHERE user_id = $1", person)
        parts = """[{"role": "user", "content": [{"type": "text", "text": "in"}, {"type": "image_url"}, {"type": "text", "text": "parts"}]},
                    {"role": "assistant", "content": null}]"""
        await superuser.execute(
            """UPDATE burnish.execution_contents c SET messages = $2::text::jsonb
                 FROM burnish.review_items r WHERE r.review_id = $1 AND c.execution_id = r.execution_id""",
            UUID(by_person), parts,
        )  # fmt: skip
    assert (await told())[0] == ("in parts", None)
    async with as_superuser(stack.urls["superuser"]) as superuser:
        of_review = "FROM burnish.review_items r WHERE r.review_id = $1 AND c.execution_id = r.execution_id"
        large = f"UPDATE burnish.execution_contents c SET messages = messages || $2::jsonb {of_review}"
        await superuser.execute(large, UUID(by_person), dumps([{"role": "user", "content": token_hex(80_000)}]))
        await superuser.execute(f"DELETE FROM burnish.execution_contents c {of_review.replace('FROM', 'USING', 1)}", UUID(by_key))
    assert [one["question"] for one in (await team.viewer("GET", "/v1/review?status=decided")).body["data"]] == [None, None]


@pytest.mark.promise("P-02")
async def test_what_is_kept_for_a_repeated_change_holds_no_question(team: Team) -> None:
    """The answers of changes are kept for their idempotency keys, and an erasure does not reach into them."""
    review = await team.pick("Where is my parcel?")
    for path, body in (("label", {"verdict": "good"}), ("undo", {}), ("skip", {})):
        answered = await team.ann("POST", f"/v1/review/{review}/{path}", body)
        assert answered.status == 200 and "question" not in answered.body["item"], path


async def test_the_list_is_filtered_and_comes_in_pages(team: Team) -> None:
    reviews = [await team.pick(f"listed {n}") for n in range(3)]
    await team.ann("POST", f"/v1/review/{reviews[0]}/label", {"verdict": "good"})

    async def listed(query: str) -> list[str]:
        return [one["id"] for one in (await team.viewer("GET", f"/v1/review?{query}")).body["data"]]

    assert await listed("") == reviews[::-1] and await listed("status=decided") == reviews[:1]
    assert await listed("status=waiting&prompt=route&reason=picked") == reviews[:0:-1]
    assert await listed("reason=sampled") == [] and await listed("prompt=other") == []
    first = (await team.viewer("GET", "/v1/review?limit=2")).body
    assert await listed(f"limit=2&cursor={first['next_cursor']}") == reviews[:1]


async def test_an_answer_whose_text_is_not_kept_cannot_be_reviewed(team: Team, stack: Stack) -> None:
    kept, gone = await team.pick("kept"), await team.pick("gone")
    async with as_superuser(stack.urls["superuser"]) as connection:
        execution_id = await connection.fetchval("SELECT execution_id FROM review_items WHERE review_id = $1", UUID(gone))
        await connection.execute("DELETE FROM execution_contents WHERE execution_id = $1", execution_id)
    assert [one["id"] for one in await claim(team.ann, count=9)] == [kept]
    assert (await team.ann("POST", "/v1/review", {"execution_id": str(execution_id)})).status == 409
    decided = (await team.ann("POST", f"/v1/review/{gone}/correct", {"expected": "blind"})).body
    assert decided["dataset_item"] is None and "not kept" in decided["not_kept"]
