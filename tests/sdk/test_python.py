"""The Python client against real services: what it runs, what it repeats, what it serves while they are away."""

import asyncio
import inspect
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from burnish_client import ApiError, AsyncBurnish, BadRequest, Burnish, NotReached, StreamBroke
from tests.embedded.installation import Installation, await_value
from tests.pace import within
from tests.sdk.conftest import SLOW, client

pytestmark = pytest.mark.capability("K1")

GIVEN = {"name": "Ada", "formal": True}


def test_a_prompt_runs_and_takes_feedback(burnish: Burnish, prompt: str) -> None:
    answer = burnish.execute(prompt, GIVEN, user_id="sdk-user", metadata={"from": "sdk"})
    assert answer["status"] == "success" and answer["output"] and answer["version"] == 1 and answer["simulated"]
    feedback_id = burnish.feedback(answer["id"], thumb="up", comment="well said", user_id="sdk-user")
    reactions = await_value(lambda: burnish.request("GET", f"/v1/executions/{answer['id']}")["feedback"], what="the feedback to be booked")
    assert feedback_id in json.dumps(reactions)


def test_a_refusal_names_the_field_and_is_not_repeated(burnish: Burnish, prompt: str) -> None:
    with pytest.raises(ApiError) as refused:
        burnish.execute(prompt, {})
    assert refused.value.status == 422 and refused.value.code == "missing_variables" and "name" in refused.value.message
    assert refused.value.request_id and not refused.value.retryable


def test_a_stream_comes_in_pieces_and_ends_with_the_whole(burnish: Burnish, prompt: str) -> None:
    with burnish.stream(prompt, GIVEN) as pieces:
        text = "".join(pieces)
    assert pieces.result is not None and text == pieces.result["output"] == pieces.text
    assert pieces.execution_id == pieces.result["id"]


def test_leaving_a_stream_ends_the_call(burnish: Burnish, prompt: str) -> None:
    with burnish.stream(messages=[{"role": "user", "content": "Write 300 words."}], model=SLOW) as pieces:
        next(iter(pieces))
    assert pieces.execution_id

    def ended() -> str:
        try:
            status = str(burnish.request("GET", f"/v1/executions/{pieces.execution_id}")["status"])
        except ApiError as error:
            assert error.status == 404
            return ""
        return "" if status == "running" else status

    assert await_value(ended, what="the call to end") == "cancelled"


def test_what_is_rendered_here_is_what_the_server_renders(burnish: Burnish, prompt: str) -> None:
    known = burnish.prompt(prompt)
    assert (known.source, known.stale, known.version) == ("network", False, 1)
    assert known.settings() == {"max_tokens": 50} and known.config == {"voice": "warm"}
    for given in (GIVEN, {"name": "{{name}}"}, {"name": "x", "tone": "brief"}):
        assert known.render(given) == burnish.request("POST", f"/v1/prompts/{prompt}/render", {"variables": given})["messages"]
    with pytest.raises(ValueError, match="name"):
        known.render({})
    assert burnish.prompt(prompt).source == "memory"


def test_a_changed_prompt_is_seen_once_memory_is_no_longer_trusted(installation: Installation, prompt: str, tmp_path: Path) -> None:
    with client(installation, cache_folder=tmp_path, prompt_fresh_s=0) as burnish:
        slug = "sdk-changes"
        body = {"slug": slug, "messages": [{"role": "user", "content": "one"}], "model": "simulated/chat"}
        burnish.request("POST", "/v1/prompts", body)
        assert burnish.prompt(slug).messages[0]["content"] == "one"
        assert burnish.prompt(slug).source == "network"
        burnish.request("POST", f"/v1/prompts/{slug}/versions", {"base_version": 1, "messages": [{"role": "user", "content": "two"}]})
        burnish.request("PUT", f"/v1/prompts/{slug}/labels/production", {"version": 2})
        await_value(lambda: burnish.prompt(slug).messages[0]["content"] == "two", what="the second version")
        assert burnish.prompt(slug).version == 2


def test_a_prompt_that_is_gone_is_not_served_from_an_old_copy(installation: Installation, prompt: str, tmp_path: Path) -> None:
    with client(installation, cache_folder=tmp_path, prompt_fresh_s=0) as burnish:
        slug = "sdk-goes"
        burnish.request(
            "POST",
            "/v1/prompts",
            {"slug": slug, "messages": [{"role": "user", "content": "one"}], "model": "simulated/chat", "label": "beta"},
        )
        assert burnish.prompt(slug, label="beta").version == 1
        burnish.request("DELETE", f"/v1/prompts/{slug}/labels/beta")

        def is_gone() -> bool:
            try:
                burnish.prompt(slug, label="beta")
            except ApiError as error:
                assert error.status == 404
                return True
            return False

        await_value(is_gone, what="the label to be gone")
        assert not list(tmp_path.glob("*.json"))
        with pytest.raises(ApiError):
            burnish.prompt(slug, label="beta", fallback="not for this: the server answered")


def test_while_burnish_is_away_prompts_come_from_memory_then_disk_then_code(
    installation: Installation, prompt: str, tmp_path: Path
) -> None:
    away = {"base_url": "http://127.0.0.1:9", "max_retries": 0}
    with client(installation, cache_folder=tmp_path, prompt_fresh_s=0) as burnish:
        wanted = burnish.prompt(prompt).render(GIVEN)
        burnish._http.base_url = httpx.URL(away["base_url"])
        kept = burnish.prompt(prompt)
        assert (kept.source, kept.stale) == ("memory", True) and kept.render(GIVEN) == wanted
    settings = {"api_key": installation.connection["api_key"], "cache_folder": tmp_path}
    with Burnish(base_url=installation.connection["url"], **settings) as later:
        later._http.base_url = httpx.URL(away["base_url"])
        stored = later.prompt(prompt)
        assert (stored.source, stored.stale) == ("disk", True) and stored.render(GIVEN) == wanted
        with within(2):
            assert later.prompt(prompt).source == "disk"
    with Burnish(api_key="another", cache_folder=tmp_path, **away) as stranger:
        with pytest.raises(NotReached):
            stranger.prompt(prompt)
        written = stranger.prompt(prompt, fallback="Greet {{name}}.")
        assert (written.source, written.stale) == ("code", True)
        assert written.render({"name": "Ada"}) == [{"role": "user", "content": "Greet Ada."}]


@pytest.mark.promise("G-02")
def test_a_gateway_killed_in_the_middle_of_a_stream_says_so_and_the_next_call_goes_on(
    installation: Installation, prompt: str, tmp_path: Path
) -> None:
    with client(installation, cache_folder=tmp_path, prompt_fresh_s=0) as burnish:
        before = burnish.prompt(prompt)
        with (
            pytest.raises(StreamBroke) as broke,
            burnish.stream(messages=[{"role": "user", "content": "Write 300 words."}], model=SLOW) as pieces,
        ):
            for number, _ in enumerate(pieces):
                if number == 2:
                    pid = installation.kill("gateway")
        assert broke.value.text and broke.value.execution_id == pieces.execution_id
        served = burnish.prompt(prompt)
        assert served.render(GIVEN) == before.render(GIVEN)
        installation.await_restart("gateway", of_pid=pid)
        assert burnish.execute(prompt, GIVEN)["status"] == "success"


CHAT = [{"role": "user", "content": "Where is my parcel?"}, {"role": "assistant", "content": "On its way."}]


@pytest.mark.capability("E17")
def test_a_chat_and_a_document_become_structured_results(burnish: Burnish, prompt: str) -> None:
    chat = burnish.analyze_chat(CHAT, external_id="sdk-chat", user_id="ada", metadata={"shop": "north"})
    assert chat["processing_status"] == "completed" and chat["source_type"] == "conversation" and chat["result"]
    assert burnish.analyze_chat("Where is my parcel?", limit_s=0)["processing_status"] in ("pending", "processing", "completed")
    again = burnish.enrich("conversation", id="sdk-chat")
    assert again["id"] == chat["id"]
    document = burnish.extract_document("Parcels are delivered within three days.", external_id="sdk-terms")
    assert document["processing_status"] == "completed" and document["source_type"] == "document" and document["result"]


@pytest.mark.capability("E17")
def test_many_chats_come_back_in_their_order(burnish: Burnish, prompt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("burnish_client.enrichments.MOST_AT_ONCE", 2)
    seen: list[Any] = []
    chats = [CHAT, "Thank you!", {"messages": CHAT, "external_id": "sdk-third"}]
    rows = burnish.batch_analyze_chats(chats, progress=seen.append, every_s=0.2, limit_s=60)
    assert [row["external_id"] for row in rows] == [None, None, "sdk-third"]
    assert all(row["processing_status"] == "completed" and row["result"] for row in rows)
    assert seen[-1] == {"total": 3, "pending": 0, "processing": 0, "completed": 3, "failed": 0, "cancelled": 0}
    assert len({row["group_id"] for row in rows}) == 2


def test_a_batch_tells_its_progress_and_its_results_in_order(burnish: Burnish, prompt: str) -> None:
    batch = burnish.start_batch([{"name": name} for name in ("Ada", "Grace", "Edsger")], prompt=prompt, name="greetings")
    seen: list[str] = []
    ended = burnish.await_batch(batch["id"], progress=lambda one: seen.append(one["status"]), every_s=0.2, limit_s=60)
    assert ended["status"] == "completed" and seen[-1] == "completed"
    results = list(burnish.batch_results(batch["id"]))
    assert [one["line"] for one in results] == sorted(one["line"] for one in results) and len(results) == 3
    assert all(one["response"]["body"]["status"] == "success" for one in results)


def test_lists_go_on_to_the_last_page(burnish: Burnish, prompt: str) -> None:
    slugs = [row["slug"] for row in burnish.list("/v1/prompts", limit=1, q="sdk")]
    assert {"sdk-greeting", "sdk-tone"} <= set(slugs) and len(slugs) == len(set(slugs))


async def test_the_awaited_client_does_the_same(installation: Installation, prompt: str, tmp_path: Path) -> None:
    connection = installation.connection
    async with AsyncBurnish(base_url=connection["url"], api_key=connection["api_key"], cache_folder=tmp_path) as burnish:
        answers = await asyncio.gather(*(burnish.execute(prompt, {"name": name}) for name in ("Ada", "Grace")))
        assert [one["status"] for one in answers] == ["success", "success"]
        assert await burnish.feedback(answers[0]["id"], score=0.5)
        async with burnish.stream(prompt, GIVEN) as pieces:
            text = "".join([piece async for piece in pieces])
        assert pieces.result is not None and pieces.result["output"] == text
        known = await burnish.prompt(prompt)
        assert known.render(GIVEN)[0]["content"].startswith("Be kind. Greet Ada.")
        assert {row["slug"] async for row in burnish.list("/v1/prompts", q="sdk")} >= {"sdk-greeting"}
        assert (await burnish.extract_document("Three days."))["result"]
        assert len(await burnish.batch_analyze_chats([CHAT], every_s=0.2)) == 1
        budget = await burnish.create_budget("end_user", 1, "day", target_id="nobody-else")
        assert (await burnish.change_budget(budget["id"], name="named"))["name"] == "named"
        assert [one["id"] async for one in burnish.budgets(end_user="nobody-else")] == [budget["id"]]
        await burnish.close_budget(budget["id"])
        assert (await burnish.budget(budget["id"]))["closed_at"]
        said = await burnish.add_comment("Look.", execution_id=answers[0]["id"])
        assert (await burnish.change_comment(said["id"], {"resolved": True}, execution_id=answers[0]["id"]))["resolved_at"]
        assert [one["id"] async for one in burnish.comments(execution_id=answers[0]["id"], open=False)] == [said["id"]]
        await burnish.delete_comment(said["id"], execution_id=answers[0]["id"])
        batch = await burnish.start_batch([{"name": "Ada"}], prompt=prompt)
        assert (await burnish.await_batch(batch["id"], every_s=0.2, limit_s=60))["status"] == "completed"
        assert len([one async for one in burnish.batch_results(batch["id"])]) == 1


def test_a_session_is_commented_on_answered_settled_and_cleared(burnish: Burnish, prompt: str) -> None:
    session = f"talk/{uuid4()}"
    burnish.execute(prompt, GIVEN, session_id=session)
    first = burnish.add_comment("Look at this answer.", session_id=session, idempotency_key=f"once-{session}")
    assert burnish.add_comment("Look at this answer.", session_id=session, idempotency_key=f"once-{session}")["id"] == first["id"]
    answer = burnish.add_comment("Fine.", session_id=session, reply_to=first["id"])
    assert (answer["session_id"], answer["reply_to"], answer["execution_id"]) == (session, first["id"], None)
    assert [one["body"] for one in burnish.comments(session_id=session)] == ["Fine.", "Look at this answer."]
    assert burnish.change_comment(first["id"], {"resolved": True, "body": "Look."}, session_id=session)["body"] == "Look."
    assert list(burnish.comments(session_id=session, open=True)) == []
    burnish.delete_comment(first["id"], session_id=session)
    assert list(burnish.comments(session_id=session)) == []
    with pytest.raises(ValueError, match="one of execution_id, session_id and chain_run_id"):
        burnish.add_comment("Look.")


def test_budgets_are_made_found_changed_and_closed(burnish: Burnish, prompt: str) -> None:
    made = burnish.create_budget("prompt", 5_000_000_000, "month", target_id=prompt, name="sdk", hard=False, warn_percent=None)
    assert (made["limit_nusd"], made["period"], made["hard"], made["warn_percent"]) == (5_000_000_000, "month", False, None)
    assert [one["id"] for one in burnish.budgets(target_kind="prompt", target_id=prompt)] == [made["id"]]
    changed = burnish.change_budget(made["id"], limit_nusd=6_000_000_000, warn_percent=50)
    assert (changed["limit_nusd"], changed["warn_percent"], changed["name"], changed["hard"]) == (6_000_000_000, 50, "sdk", False)
    assert burnish.change_budget(made["id"], warn_percent=None)["warn_percent"] is None
    burnish.close_budget(made["id"])
    assert burnish.budget(made["id"])["closed_at"] is not None
    usual = burnish.create_budget("end_user", 1, "day", target_id="nobody")
    assert (usual["hard"], usual["warn_percent"]) == (True, 80), "what is not said is the server's to say"
    assert [one["id"] for one in burnish.budgets(end_user="nobody")] == [usual["id"]]
    burnish.close_budget(usual["id"])
    with pytest.raises(BadRequest) as refused:
        burnish.create_budget("end_user", 1, "day")
    assert refused.value.param == "target_id"


def test_both_clients_have_the_same_methods() -> None:
    def surface(one: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in vars(one).items()
            if not name.startswith("_") and callable(method)
        }

    assert surface(Burnish) == surface(AsyncBurnish)
