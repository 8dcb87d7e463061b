"""What alert channels are told, in the words of each service, and which of them are told."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.fakes.alert_services import check_pagerduty, check_slack, check_teams

from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid
from burnish_shared.refusal import StartRefused
from burnish_webhooks.core.chat_messages import pagerduty_event, slack_message, teams_message
from burnish_webhooks.core.mail import mail_of
from burnish_webhooks.core.notice import Channel, Failed, Notice, Sent, TryAgain, figures, judged, report_facts, wants
from burnish_webhooks.core.outcome import NoResponse, Response
from burnish_webhooks.io.mailer import SmtpServer, sender_of

pytestmark = pytest.mark.capability("A4")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NASTY = "<!channel> & <https://evil.example|click> " + "x" * 5000

DATA: dict[str, Any] = {
    "alert_id": "0197a1b2-0000-7000-8000-000000000001",
    "kind": "degradation",
    "metric": "satisfaction",
    "severity": "error",
    "prompt": "triage",
    "label": "production",
    "version": 3,
    "summary": "Satisfaction with triage@production (version 3) fell from 85.0% to 74.0%.",
    "before": {"satisfaction": 0.85, "observations": 1000},
    "after": {"satisfaction": 0.7412345, "observations": 210},
    "changed": {"version": {"from": 2, "to": 3}},
    "raised_at": NOW.isoformat(),
}


def notice(event_type: str = "alert.raised", **data: Any) -> Notice:
    link = "https://burnish.example/v1/alerts/1"
    return Notice(event_type, UUID(DATA["alert_id"]) if event_type != "test" else None, {**DATA, **data}, NOW, True, link)


@pytest.mark.parametrize("event_type", ["alert.raised", "alert.acknowledged", "alert.resolved", "test"])
@pytest.mark.parametrize("summary", [DATA["summary"], NASTY, ""])
def test_every_notice_keeps_to_what_each_service_documents(event_type: str, summary: str) -> None:
    one = notice(event_type, summary=summary, label=NASTY[:100], changed={"model": NASTY})
    check_slack(slack_message(one))
    check_teams(teams_message(one))
    check_pagerduty(pagerduty_event(one, routing_key="R" * 32, notice_id="n1", source="https://burnish.example"))


def test_all_that_pagerduty_is_told_of_one_alert_is_one_incident() -> None:
    events = [
        pagerduty_event(notice(one), routing_key="R" * 32, notice_id=one, source="s")
        for one in ("alert.raised", "alert.acknowledged", "alert.resolved")
    ]
    assert [one["event_action"] for one in events] == ["trigger", "acknowledge", "resolve"]
    assert len({one["dedup_key"] for one in events}) == 1
    assert events[0]["payload"]["severity"] == "error"


def test_a_message_says_what_changed_and_shows_the_figures() -> None:
    shown = dict(notice().facts())
    assert shown["Before"] == "satisfaction 85.0%, observations 1,000"
    assert shown["After"] == "satisfaction 74.1%, observations 210"
    assert (shown["Changed"], shown["Data"]) == ("version 2 → 3", "simulated")


def test_a_mail_has_both_forms_and_no_header_of_somebody_elses() -> None:
    mail = mail_of(
        notice(prompt="triage\nBcc: all@example.com", summary="<script>alert(1)</script>"),
        sender="Burnish <alerts@example.com>", recipients=["ann@example.com", "bob@example.com"], message_id="e.c", domain="example.com",
    )  # fmt: skip
    assert mail["Bcc"] is None
    assert mail["To"] == "ann@example.com, bob@example.com"
    assert mail["Message-ID"] == "<e.c@example.com>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None and "<script>" in plain.get_content()
    assert html is not None and "<script>" not in html.get_content()


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"kinds": ["budget"]}, False),
        ({"kinds": ["budget", "degradation"]}, True),
        ({"prompts": ["other"]}, False),
        ({"prompts": ["triage"], "min_severity": "error"}, True),
        ({"min_severity": "critical"}, False),
    ],
)
def test_a_channel_is_told_of_what_its_filters_let_through(filters: dict[str, Any], wanted: bool) -> None:
    workspace_id = new_uuid()
    event = Event(id=new_uuid(), type="alert.raised", workspace_id=workspace_id, occurred_at=NOW, data=DATA)
    assert wants(Channel(new_uuid(), workspace_id, filters), event) is wanted
    assert not wants(Channel(new_uuid(), new_uuid(), {}), event)


def test_what_may_pass_is_tried_again_and_what_stays_is_not() -> None:
    def judge(status: int, *, failed_before: int = 0, **headers: str) -> object:
        answer = Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, "no_service", 5)
        return judged(answer, kind="slack", failed_before=failed_before, now=NOW)

    assert judge(202) == Sent()
    assert judge(404) == Failed("http_404", "no_service")
    assert judge(302) == Failed("http_302", "no_service")
    assert judge(500) == TryAgain(5.0, "http_500", "no_service")
    assert judge(429, retry_after="90") == TryAgain(90.0, "http_429", "no_service")
    assert judge(503, failed_before=7) == Failed("http_503", "no_service")
    assert judged(NoResponse("timeout", 5), kind="teams", failed_before=1, now=NOW) == TryAgain(30.0, "timeout", None)


def test_the_mail_servers_url_is_read_with_what_is_encoded_in_it() -> None:
    assert SmtpServer.parse("smtps://a%40b:p%3Aw@mail.example") == SmtpServer("smtps", "mail.example", 465, "a@b", "p:w")
    assert SmtpServer.parse("smtp://mail.example:25").port == 25


def test_amounts_are_told_in_credits() -> None:
    assert figures({"spent_nusd": 12_345_600, "limit": 3}) == "spent 1.2345 credits, limit 3"
    assert figures({"p95_nusd": 19_994.7, "share_above": 0.0512}) == "95 % within 0.0019 credits, beyond that 5.1%"
    assert figures({"p95_ms": 912.4, "version": 1}) == "95 % within 912 ms, version 1"
    assert figures({"samples": 1_200, "low": 0.7, "voices_held_back": 0, "most_of_one_voice": 60}) == "samples 1,200, at least 70.0%"
    assert figures({"voices_held_back": 1, "most_of_one_voice": 60}) == "voices held back 1, of one voice at most 60"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-19T00:00:00+01:00", "2026-11-20T00:00:00+01:00", "2026-11-19 (UTC+01:00)"),
        ("2026-10-23T00:00:00+02:00", "2026-10-30T00:00:00+01:00", "2026-10-23 to 2026-10-29 (UTC+01:00)"),
        ("2026-11-18T23:00:00+00:00", "2026-11-19T23:00:00+00:00", "2026-11-18 23:00 to 2026-11-19 23:00 (UTC)"),
        ("soon", "later", "soon to later"),
    ],
)
def test_a_report_says_which_days_it_covers(start: str, end: str, said: str) -> None:
    assert dict(report_facts({"period_start": start, "period_end": end}))["Period"] == said


@pytest.mark.parametrize("given", ["alerts@example.com\n", "Burnish <alerts@example.com>", "B\u00fcro <alerts@example.com>", ""])
def test_a_sender_is_one_address(given: str) -> None:
    assert sender_of(given) == given.strip()


@pytest.mark.parametrize(
    "given", ["alerts", "a@example.com, b@example.com", "x@y.com\nBcc: z@y.com", "Burnish <alerts@>", "<>", "A..b@x.com", 'bb>=,"', "a:@,<"]
)
def test_what_no_mail_could_come_from_is_refused_at_the_start(given: str) -> None:
    with pytest.raises(StartRefused, match="BURNISH_SMTP_FROM"):
        sender_of(given)
