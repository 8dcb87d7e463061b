"""What alert channels are told, in the words of each service, and which of them are told."""

from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from tests.fakes.alert_services import check_pagerduty, check_slack, check_teams

from burnish_shared.contracts.events import Event
from burnish_shared.ids import new_uuid
from burnish_shared.refusal import StartRefused
from burnish_webhooks.core.chat_messages import pagerduty_event, slack_message, teams_message
from burnish_webhooks.core.figures import changes, figures
from burnish_webhooks.core.mail import mail_of
from burnish_webhooks.core.notice import Channel, Failed, Notice, Sent, TryAgain, judged, report_facts, unlinked, wants
from burnish_webhooks.core.outcome import NoResponse, Response
from burnish_webhooks.core.partly_mailed import Mailed, NotMailed, still_to_tell, told_of, whom_it_did_not_reach
from burnish_webhooks.io.mailer import SmtpServer, sender_of

pytestmark = pytest.mark.capability("A4")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NASTY = "<!channel> & <https://evil.example|click> [Sign in again](https://evil.example)\r\nSeverity: info\x0b\u2028\u202e " + "x" * 5000

LINK = "https://burnish.example/v1/alerts/1"

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
    return Notice(event_type, UUID(DATA["alert_id"]) if event_type != "test" else None, {**DATA, **data}, NOW, True, LINK)


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


def test_the_end_of_an_alert_does_not_read_as_if_it_still_were_so() -> None:
    said = [notice("alert.resolved", resolution=one).summary for one in ("recovered", "superseded", "rule_disabled", "unused", "new")]
    assert said[0] == f"It is over. It said: {DATA['summary']}" and said[4] == said[0]
    assert said[1].startswith("Another alert tells of it from now on. It said: ")
    assert len(set(said[:4])) == 4
    assert dict(notice("alert.resolved", kind="credits", after={"available_nusd": 0}).facts())["Then"] == "available 0.0000 credits"


def test_an_alert_that_a_worse_one_replaces_is_no_all_clear() -> None:
    """Seen: `Resolved: budget, threshold` in the second in which the budget was used up."""
    assert notice("alert.resolved", kind="budget", prompt=None, metric="threshold", resolution="superseded").title == (
        "Replaced: budget, threshold"
    )
    assert notice("alert.resolved", kind="budget", prompt=None, metric="threshold", resolution="recovered").title.startswith("Resolved: ")


def test_an_alert_of_a_version_that_is_served_no_more_sends_nobody_to_look_for_another_alert() -> None:
    told = notice("alert.resolved", kind="feedback_threshold", resolution="superseded")
    assert told.summary.startswith("The label serves another version now. It said: ")
    assert told.title.startswith("Resolved: ")


def test_an_acknowledgement_names_who_it_was_as_people_do() -> None:
    assert notice("alert.acknowledged", acknowledged_by="user:1", acknowledged_by_name="Ann").summary == "Acknowledged by Ann."
    assert notice("alert.acknowledged", acknowledged_by="user:1", acknowledged_by_name=None).summary == "Acknowledged by user:1."


def test_the_notice_of_a_budget_says_that_it_is_one_and_shows_no_ids() -> None:
    """Seen: `Alert: triage, exhausted`, and `Changed: hard False, name prompt a day, target prompt, budget_id 01a2…`."""
    told = notice(
        kind="budget", metric="exhausted", before={"limit_nusd": 20_000_000}, after={"available_nusd": 0, "spent_nusd": 36_700_000},
        changed={"hard": False, "name": "a day", "target": "prompt", "budget_id": "b1", "resets_at": "2026-11-28T00:00:00Z"},
    )  # fmt: skip
    assert told.title == "Alert: triage, budget exhausted"
    shown = dict(told.facts())
    assert (shown["Expected"], shown["Now"]) == ("limit 2.0000 credits", "spent 3.6700 credits, available 0.0000 credits")
    assert shown["About"] == "begins anew 2026-11-28 00:00 UTC"


def test_what_changed_is_told_by_names() -> None:
    assert changes({"evaluator": {"id": "e1", "name": "Polite", "version": 2}, "version": {"from": 1, "to": 2}}) == (
        "evaluator Polite v2, version 1 → 2"
    )
    assert changes({"model": {"from": ["a", "b"], "to": ["c"]}, "successor": None}) == "model a, b → c"
    assert changes({"example_execution_id": "x", "hour": "2026-11-27T15:00:00+00:00"}) == "hour 2026-11-27 15:00 UTC"
    assert figures({"high": 0.2, "low": 0.0, "samples": 14, "reactions": 14, "satisfaction": 0.1}) == (
        "satisfaction 10.0%, at least 0.0%, at most 20.0%, reactions 14"
    )
    assert figures({"since": "2026-11-27T15:04:05Z", "code": "timeout", "failed_calls": 12}) == (
        "since 2026-11-27 15:04 UTC, code timeout, failed in a row 12"
    )


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


def test_what_somebody_wrote_adds_no_line_and_turns_nothing_round() -> None:
    """Seen in the text of a mail: a workspace's name that went on with lines of its own, as if they were ours."""
    name = "Desk\r\n\r\nYour password ends today: https://evil.example\x1b[2J\u202e\u200e\u200f\u061c"
    one = replace(notice(summary=f"{name} fell.", changed={"code": name}, prompt=name), workspace=name, endpoint=name)
    mail = mail_of(one, sender="alerts@example.com", recipients=["ann@example.com"], message_id="e.c", domain="example.com")
    plain = mail.get_body(("plain",))
    assert plain is not None
    payload = pagerduty_event(replace(one, data={**one.data, "label": name}), routing_key="r", notice_id="n", source="s")["payload"]
    shown = [one.title, one.summary, *(value for _, value in one.facts()), mail["Subject"], *plain.get_content().splitlines()]
    shown += [payload["component"], payload["group"]]
    assert not any(character in text for text in shown for character in "\r\n\x1b\u202e\u200e\u200f\u061c")
    assert not any(line.startswith("Your password") for line in shown) and "Desk Your password" in shown[0]
    off = replace(notice("webhook.endpoint_disabled"), endpoint=name)
    assert "\n" not in dict(off.facts())["Endpoint"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("pay at evil.example now", "pay at evil.|example now"),
        ("HTTPS://evil.example/a.b?c=d.e", "HTTPS:|//evil.|example/a.|b?c=d.|e"),
        ("www.evil.example:8080", "www.|evil.|example:8080"),
        ("(платеж.рф)", "(платеж.|рф)"),
        ("http://ada@evil.example", "http:|//ada@evil.|example"),
        ("ada@burnish.example fell from 85.0% to 1,234.5.", "ada@burnish.example fell from 85.0% to 1,234.5."),
        ("gpt-4.1 v1.2.3, e.g. 10.0.0.1", "gpt-4.1 v1.2.3, e.|g. 10.0.0.1"),
    ],
)
def test_what_somebody_called_a_thing_becomes_no_link_and_looks_the_same(said: str, shown: str) -> None:
    """Only the notice's own address is one."""
    shown = shown.replace("|", "\u2060")
    assert unlinked(said) == shown and unlinked(shown) == shown and shown.replace("\u2060", "") == said
    one = replace(notice(summary=said, label=said), workspace=said)
    mail = mail_of(one, sender="a@b.example", recipients=["c@d.example"], message_id="m", domain="b.example")
    for part in mail.iter_parts():
        text = unescape(part.get_content()).replace(LINK, "")  # type: ignore[attr-defined]
        assert text.count(shown) == 3 and (said == shown or said not in text)
    slack, teams = slack_message(one), teams_message(one)
    assert shown in slack["text"] and not slack["unfurl_links"]
    assert all(text["verbatim"] for text in (slack["blocks"][1]["text"], *slack["blocks"][2]["fields"]))
    card = teams["attachments"][0]["content"]["body"]
    assert card[1]["text"] == shown and {"title": "Workspace", "value": shown} in card[2]["facts"]


def test_a_digest_of_a_time_without_executions_lists_no_zeros() -> None:
    figures = {"executions": 0, "success_rate": None, "satisfaction_samples": 0, "cost_nusd": 0, "projected_cost_nusd": 0, "alerts": 0}
    of_a_day = {"period_start": "2026-11-26T00:00:00+00:00", "period_end": "2026-11-27T00:00:00+00:00"}
    assert [name for name, _ in report_facts(of_a_day | {"figures": figures})] == ["Period"]
    told = dict(report_facts(of_a_day | {"figures": figures | {"projected_cost_nusd": 36_700_000, "alerts": 2}}))
    assert (told["This month at its end"], told["Alerts"]) == ("3.6700 credits", "2") and "Cost" not in told
    free = dict(report_facts(of_a_day | {"figures": figures | {"executions": 3, "success_rate": 0.0}}))
    assert (free["Executions"], free["Successful"], free["Cost"]) == ("3", "0.0 %", "0.0000 credits")


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
    assert figures({"samples": 1_200, "low": 0.7, "voices_held_back": 0, "most_of_one_voice": 60}) == "at least 70.0%, samples 1,200"
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


@pytest.mark.parametrize(
    ("answer", "before", "failed_before", "status", "kept"),
    [
        (Mailed(), None, 0, Sent(), None),
        (Mailed({"b": None}), None, 0, TryAgain, {"b": None}),
        (Mailed({"b": "550 no"}), None, 0, Sent("smtp_recipients_refused", "Not delivered to b: 550 no"), {"b": "550 no"}),
        (Mailed(), {"a": "550 no", "b": None}, 1, Sent("smtp_recipients_refused", "Not delivered to a: 550 no"), {"a": "550 no"}),
        (NotMailed("timeout"), None, 0, TryAgain, None),
        (NotMailed("timeout"), {"b": None}, 1, TryAgain, {"b": None}),
        (NotMailed("timeout"), {"b": None}, 7, Sent, {"b": None}),
        (NotMailed("timeout"), None, 7, Failed, None),
        (NotMailed("smtp_recipients_refused", lasting=True, refused={"b": "550 no"}), {"b": None}, 1, Sent, {"b": "550 no"}),
        (NotMailed("smtp_recipients_refused", lasting=True, refused={"a": "5", "b": "5"}), None, 0, Failed, {"a": "5", "b": "5"}),
        (NotMailed("smtp_not_configured", "No.", lasting=True), None, 0, Failed("smtp_not_configured", "No."), {"a": "No.", "b": "No."}),
        (NotMailed("smtp_recipients_refused", refused={"b": None}), None, 0, TryAgain, None),
        (NotMailed("smtp_recipients_refused", refused={"a": "550 no", "b": None}), None, 0, TryAgain, {"a": "550 no", "b": None}),
        (NotMailed("smtp_554", "Spam.", lasting=True), {"b": None}, 1,
         Sent("smtp_recipients_refused", "Not delivered to b: Spam."), {"b": "Spam."}),
    ],
)  # fmt: skip
def test_a_mail_that_some_got_is_sent_and_the_others_are_tried_again_or_named(
    answer: Mailed | NotMailed, before: dict[str, str | None] | None, failed_before: int, status: Any, kept: dict[str, str | None] | None
) -> None:
    told, refused = told_of(answer, recipients=["a", "b"], before=before, failed_before=failed_before, factor=1)
    assert told == status if not isinstance(status, type) else isinstance(told, status), told
    assert refused == kept


@pytest.mark.parametrize(
    ("before", "end"),
    [({"b": None}, Sent()), ({"a": "550 no", "b": None}, Sent("smtp_recipients_refused", "Not delivered to a: 550 no"))],
)
def test_who_was_refused_is_named_also_where_those_who_waited_were_taken_off(before: dict[str, str | None], end: Sent) -> None:
    assert still_to_tell(["a", "c"], before) == []
    assert whom_it_did_not_reach(before) == end
