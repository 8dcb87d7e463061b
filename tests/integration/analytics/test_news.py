"""`feedback.created` for webhooks that name it: many reactions in one event, each told once; `feedback.retracted` (F2, W2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from burnish_analytics.io import news_store
from burnish_shared.contracts.event_catalogue import faults
from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid
from tests.embedded.workspaces import Workspace
from tests.integration.analytics.traffic import Analytics, execution, thumb

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("F2", "W2")]


async def listen(analytics: Analytics, workspace: Workspace, *events: str) -> None:
    await analytics.rows(
        "INSERT INTO webhook_endpoints (endpoint_id, workspace_id, url, events, secret_sealed) "
        "VALUES ($1, $2, 'https://x.example', $3, '')",
        new_uuid(),
        workspace.workspace_id,
        list(events),
    )


async def told(analytics: Analytics, workspace: Workspace, kind: str = "feedback.created") -> list[dict[str, Any]]:
    while await analytics.housework.tell_news():
        pass
    return [one for one in await analytics.events(workspace.workspace_id) if one["type"] == kind]


@pytest.mark.promise("M-02")
async def test_reactions_are_told_once_in_events_of_at_most_a_hundred(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "alert.raised", "feedback.created")
    done = [execution(workspace.workspace_id) for _ in range(230)]
    said = [thumb(one, 1, comment="secret words") for one in done]
    await analytics.count(*done, *said)
    await analytics.count(*said)
    events = await told(analytics, workspace)
    assert [one["data"]["count"] for one in events] == [100, 100, 30]
    reactions = [reaction for one in events for reaction in one["data"]["reactions"]]
    assert {one["feedback_id"] for one in reactions} == {str(one.feedback_id) for one in said} and len(reactions) == 230
    assert all(one["simulated"] for one in events) and "secret words" not in str(events) and "user-of" not in str(events)
    assert [problem for one in events for problem in faults(Event.model_validate(one))] == []
    again = said[0].model_copy(update={"value": 0.0, "accepted_at": said[0].accepted_at.replace(minute=30)})
    await analytics.count(again)
    [changed] = (await told(analytics, workspace))[3:]
    assert (changed["data"]["kind"], changed["data"]["value"], changed["data"]["execution_id"]) == ("thumb", 0.0, again.target_id)


async def test_nobody_is_told_who_did_not_name_it(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "*", "feedback.*")
    one = execution(workspace.workspace_id)
    await analytics.count(one, thumb(one, 1))
    assert await told(analytics, workspace) == []
    assert await analytics.rows("SELECT 1 FROM feedback_news WHERE workspace_id = $1", workspace.workspace_id) == []


@pytest.mark.capability("W1")
async def test_an_event_is_about_one_prompt_and_label_so_that_filters_match(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "feedback.created")
    served = [("route", "production", False), ("route", "staging", True), ("other", "production", True)]
    done = [execution(workspace.workspace_id, slug=slug, label=label, simulated=simulated) for slug, label, simulated in served]
    unknown = execution(workspace.workspace_id)
    await analytics.count(*done, *(thumb(one, 1) for one in (*done, *done, unknown)))
    events = await told(analytics, workspace)
    found = {(one["data"]["prompt"], one["data"]["label"], one["simulated"]): one["data"]["count"] for one in events}
    assert found == {served[0]: 2, served[1]: 2, served[2]: 2, (None, None, False): 1}


async def test_feedback_that_is_faster_than_its_execution_is_told_with_the_prompt(
    analytics: Analytics, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_store, "WAITS_S", 3600.0)  # However slow the machine is, its execution comes in time.
    await listen(analytics, workspace, "feedback.created")
    done = execution(workspace.workspace_id)
    await analytics.count(thumb(done, 1, accepted_at=datetime.now(UTC)))
    assert await told(analytics, workspace) == []
    await analytics.count(done)
    [event] = await told(analytics, workspace)
    assert (event["data"]["prompt"], event["simulated"]) == ("route", True)


@pytest.mark.promise("W-13")
async def test_what_a_webhook_caused_is_told_apart_with_its_rounds(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "feedback.created")
    done = execution(workspace.workspace_id)
    await analytics.count(done, *(thumb(done, 1, user_id=f"u{hops}", hops=hops) for hops in (0, 2, 0, 3)))
    assert [(one["hops"], one["data"]["count"]) for one in await told(analytics, workspace)] == [(0, 2), (2, 1), (3, 1)]


async def test_a_reaction_to_a_session_names_the_session(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "feedback.created")
    done = execution(workspace.workspace_id)
    on_session = thumb(done, 1).model_copy(update={"target_kind": "session", "target_id": "chat-7", "feedback_id": new_uuid()})
    await analytics.count(on_session)
    [event] = await told(analytics, workspace)
    assert (event["data"]["session_id"], event["data"]["execution_id"]) == ("chat-7", None)
    assert event["data"]["reactions"][0]["session_id"] == "chat-7"
    await analytics.count(done, thumb(done, 1, accepted_at=datetime.now(UTC)))
    assert (await told(analytics, workspace))[-1]["data"]["session_id"] is None


async def test_what_is_taken_back_is_told_once_and_apart_from_what_is_new(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "feedback.created")
    done, other = execution(workspace.workspace_id), execution(workspace.workspace_id, label="staging")
    said = [thumb(done, 1, user_id="a"), thumb(done, 0, user_id="b"), thumb(other, 0, comment="secret words")]
    await analytics.count(done, other, *said)
    await told(analytics, workspace)
    back = [
        one.model_copy(
            update={"value": None, "comment": None, "is_taken_back": True, "accepted_at": one.accepted_at + timedelta(seconds=1)}
        )
        for one in said
    ]
    await analytics.count(*back, thumb(done, 1, user_id="c"))
    await analytics.count(*back)
    events = await told(analytics, workspace, "feedback.retracted")
    found = {one["data"]["label"]: [(it["feedback_id"], it["kind"]) for it in one["data"]["reactions"]] for one in events}
    assert found == {
        "production": [(str(one.feedback_id), "thumb") for one in said[:2]],
        "staging": [(str(said[2].feedback_id), "thumb")],
    }
    assert [one["data"]["count"] for one in events] == [2, 1] and "secret words" not in str(events) and "value" not in str(events)
    assert [problem for one in events for problem in faults(Event.model_validate(one))] == []
    assert [one["data"]["count"] for one in await told(analytics, workspace)] == [2, 1, 1]


async def test_of_what_is_taken_back_everybody_is_told_who_asked_for_any_event(analytics: Analytics, workspace: Workspace) -> None:
    await listen(analytics, workspace, "*")
    one = execution(workspace.workspace_id)
    said = thumb(one, 1)
    await analytics.count(one, said)
    await analytics.count(
        said.model_copy(update={"value": None, "is_taken_back": True, "accepted_at": said.accepted_at + timedelta(seconds=1)})
    )
    [event] = await told(analytics, workspace, "feedback.retracted")
    assert (event["object_id"], event["data"]["execution_id"]) == (str(said.feedback_id), str(one.execution_id))
    assert await told(analytics, workspace) == []
