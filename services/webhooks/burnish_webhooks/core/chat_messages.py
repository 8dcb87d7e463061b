"""Notices as Slack, Microsoft Teams and PagerDuty want to be sent them. Pure.

Slack: incoming webhooks with blocks (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, reference/block-kit/blocks):
a header of plain text up to 150 characters, sections of up to 3000 with up to 10 fields of up to 2000; `&<>` are escaped, and `verbatim`
says that no address, name or channel in it becomes a link; `text` is what notifications show, and clients that know no
blocks, where a bare address would be one: a word joiner breaks it. Teams: the
webhook trigger of a workflow takes a message with one Adaptive Card (the old connector cards are retired), whose texts may hold
links in Markdown. PagerDuty: Events API v2, one incident for each `dedup_key`.
"""

from typing import Any, Final

from burnish_shared.contracts.alert_channels import ENDPOINT_GONE, ENDPOINT_OFF, ENDPOINT_ON, TEST
from burnish_shared.moments import in_utc
from burnish_webhooks.core.notice import ENDPOINTS, REPORT, Notice, in_one_line, unlinked

HEADER_MOST: Final = 150
SECTION_MOST: Final = 3_000
FIELD_MOST: Final = 2_000
FIELDS_MOST: Final = 10
PAGERDUTY_SUMMARY_MOST: Final = 1_024

TEAMS_COLORS: Final = {"info": "accent", "warning": "warning", "error": "attention", "critical": "attention"}
PAGERDUTY_ACTIONS: Final = {
    "alert.raised": "trigger", "alert.acknowledged": "acknowledge", "alert.resolved": "resolve", ENDPOINT_OFF: "trigger",
    ENDPOINT_ON: "resolve", ENDPOINT_GONE: "resolve", TEST: "trigger",
}  # fmt: skip


def slack_message(notice: Notice) -> dict[str, Any]:
    """The body of a POST to a Slack incoming webhook."""
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(notice.title, HEADER_MOST), "emoji": False}},
        {"type": "section", "text": _verbatim(cut(escaped(notice.summary), SECTION_MOST) or " ")},
    ]
    facts = [_verbatim(cut(f"*{escaped(name)}*\n{escaped(value)}", FIELD_MOST)) for name, value in notice.facts()[:FIELDS_MOST]]
    if facts:
        blocks.append({"type": "section", "fields": facts})
    if notice.link:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{escaped(notice.link)}|{notice.link_text}>"}]})
    text = cut(escaped(f"{unlinked(notice.title)}. {unlinked(notice.summary)}"), SECTION_MOST)
    return {"text": text, "blocks": blocks, "unfurl_links": False}


def _verbatim(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def teams_message(notice: Notice) -> dict[str, Any]:
    """The body of a POST to the webhook of a Teams workflow ("When a Teams webhook request is received")."""
    good = notice.event_type in ("alert.resolved", REPORT, ENDPOINT_ON, TEST)
    title = {
        "type": "TextBlock",
        "size": "Large",
        "weight": "Bolder",
        "wrap": True,
        "text": without_links(notice.title),
        "color": "good" if good else TEAMS_COLORS[notice.severity],
    }
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            title,
            {"type": "TextBlock", "wrap": True, "text": without_links(notice.summary) or " "},
            {
                "type": "FactSet",
                "facts": [{"title": name, "value": cut(without_links(value), FIELD_MOST)} for name, value in notice.facts()],
            },
        ],
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": notice.link_text, "url": notice.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def pagerduty_event(notice: Notice, *, routing_key: str, notice_id: str, source: str) -> dict[str, Any]:
    """The body of a POST to `/v2/enqueue`. All that is told of one alert has one `dedup_key`; an endpoint's end and a test have one too."""
    about = "endpoint-" + str(notice.data.get("endpoint_id")) if notice.event_type in ENDPOINTS else f"test-{notice_id}"
    dedup_key = f"burnish-{notice.alert_id or about}"
    event: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": PAGERDUTY_ACTIONS[notice.event_type],
        "dedup_key": dedup_key,
    }
    if event["event_action"] != "trigger":
        return event
    data = notice.data
    event |= {
        "client": "Burnish",
        "payload": {
            "summary": cut(notice.summary or notice.title, PAGERDUTY_SUMMARY_MOST),
            "source": source,
            "severity": notice.severity,
            "timestamp": in_utc(notice.occurred_at),
            "component": in_one_line(str(data.get("prompt") or data.get("kind") or "burnish")),
            "group": in_one_line(str(data.get("label") or "burnish")),
            "class": in_one_line(str(data.get("metric") or "test")),
            "custom_details": dict(notice.facts()),
        },
    }
    if notice.link:
        event |= {"client_url": notice.link, "links": [{"href": notice.link, "text": notice.link_text}]}
    return event


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def escaped(text: str) -> str:
    """Slack's three characters of control: a summary must not be able to ping a channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_links(text: str) -> str:
    """What somebody called a thing must not become a link that shows other words than its address: a word joiner, which nobody sees, stands
    where Markdown allows nothing, and in bare addresses."""
    return unlinked(text).replace("](", "]\u2060(")
