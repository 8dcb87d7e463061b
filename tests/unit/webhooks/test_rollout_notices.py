"""What chats and mail are told of rollouts, and that PagerDuty's incident of an endpoint ends."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from tests.fakes.alert_services import check_pagerduty, check_slack, check_teams

from burnish_shared.contracts.alert_channels import ENDPOINT_GONE, ENDPOINT_OFF, ENDPOINT_ON, ChannelKind
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.ids import new_uuid
from burnish_webhooks.core import rollouts
from burnish_webhooks.core.chat_messages import pagerduty_event, slack_message, teams_message
from burnish_webhooks.core.mail import mail_of
from burnish_webhooks.core.notice import Channel, Notice, wants

pytestmark = pytest.mark.capability("A4")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORKSPACE = new_uuid()
DATA: dict[str, dict[str, Any]] = {
    "experiment.started": {"shares": {"control": 0.95, "candidate": 0.05}, "step": 0},
    "experiment.advanced": {"shares": {"control": 0.75, "candidate": 0.25}, "step": 1, "reason": "step", "before": {}},
    "experiment.held": {"step": 1, "why": "The error rate cannot be told apart yet."},
    "experiment.decided": {"outcome": "rolled_out", "winner": "candidate", "winner_version": 2, "sentence": "It is at least as good."},
    "experiment.rolled_back": {"step": 1, "version": 2, "decided_by": "system:optimizer", "sentence": "Errors rose by 6.2 points."},
}


def event(event_type: str, **data: Any) -> Event:
    whose = {"experiment_id": str(new_uuid()), "slug": "triage", "name": "Shorter", "kind": "rollout", "label": "production", "epoch": 1}
    return Event(
        id=new_uuid(), type=cast(EventType, event_type), workspace_id=WORKSPACE, occurred_at=NOW,
        data=whose | DATA.get(event_type, {}) | data,
    )  # fmt: skip


def channel(kind: ChannelKind = "slack", **filters: Any) -> Channel:
    return Channel(new_uuid(), WORKSPACE, filters, kind)


def notice(event_type: str, **data: Any) -> Notice:
    return Notice(event_type, None, event(event_type, **data).data, NOW, False, "https://burnish.example/app/experiments/1")


@pytest.mark.parametrize("event_type", list(DATA))
def test_each_step_of_a_rollout_is_told_in_the_words_of_each_service(event_type: str) -> None:
    one = notice(event_type)
    check_slack(slack_message(one))
    check_teams(teams_message(one))
    mail = mail_of(one, sender="a@example.com", recipients=["b@example.com"], message_id="1", domain="example.com")
    assert "Shorter" in mail["Subject"] and one.summary and ("Prompt", "triage") in one.facts()
    assert one.link_text == "Show the experiment"


def test_a_rollback_says_why_and_a_step_says_who_gets_what() -> None:
    back = notice("experiment.rolled_back")
    assert (back.title, back.summary, back.severity) == ("Rolled back: Shorter", "Errors rose by 6.2 points.", "error")
    assert notice("experiment.advanced").summary == "Shares of the calls now: control 75 %, candidate 25 %."
    assert notice("experiment.held").severity == "warning"


def test_of_other_experiments_only_the_end_is_told_and_of_rollouts_no_share_set_by_hand() -> None:
    assert all(rollouts.is_told(event(one)) for one in DATA)
    assert [one for one in DATA if rollouts.is_told(event(one, kind="ab"))] == ["experiment.decided"]
    assert not rollouts.is_told(event("experiment.advanced", reason="allocation"))
    assert not rollouts.is_told(event("experiment.paused"))


def test_what_a_person_chose_is_told_as_a_choice() -> None:
    """Without a single answer the mail said "The candidate is better"."""

    def title(outcome: str, decided_by: str) -> str:
        return rollouts.title_of("experiment.decided", event("experiment.decided", outcome=outcome, decided_by=decided_by).data)

    assert [title(one, "user:1") for one in ("better", "worse", "stopped")] == [
        "Winner chosen by hand: Shorter", "Winner chosen by hand: Shorter", "Ended: Shorter",
    ]  # fmt: skip
    assert title("better", "system:optimizer") == "The candidate is better: Shorter"
    assert title("rolled_out", "user:1") == "Rolled out: Shorter"
    assert title("better", "") == "The candidate is better: Shorter", "an event that does not say tells of no person"


def test_channels_choose_by_kind_prompt_and_severity_and_pagerduty_hears_of_none() -> None:
    back, step = event("experiment.rolled_back"), event("experiment.advanced")
    for told in (channel(), channel("email"), channel(kinds=["experiment"]), channel(prompts=["triage"]), channel(min_severity="error")):
        assert wants(told, back)
    for untold in (channel("pagerduty"), channel(kinds=["budget"]), channel(prompts=["other"]), channel(min_severity="critical")):
        assert not wants(untold, back)
    assert not wants(channel(min_severity="warning"), step) and wants(channel(), step)


def test_an_endpoint_that_is_on_again_or_gone_ends_its_incident() -> None:
    endpoint_id = str(new_uuid())
    told = [
        Notice(one, None, {"endpoint_id": endpoint_id, "reason": "gone"}, NOW, False) for one in (ENDPOINT_OFF, ENDPOINT_ON, ENDPOINT_GONE)
    ]
    sent = [pagerduty_event(one, routing_key="R" * 32, notice_id=str(no), source="s") for no, one in enumerate(told)]
    for one in sent:
        check_pagerduty(one)
    assert [one["event_action"] for one in sent] == ["trigger", "resolve", "resolve"] and len({one["dedup_key"] for one in sent}) == 1
    for one in told:
        check_slack(slack_message(one))
        check_teams(teams_message(one))
    assert [one.severity for one in told] == ["warning", "info", "info"]
