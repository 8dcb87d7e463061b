"""What Slack, Microsoft Teams and PagerDuty document of what may be sent to them, as checks; and a mail server that keeps what it gets."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

LINK = re.compile(r"\[[^\]]*\]\(")
"""Adaptive Cards read this much of Markdown in texts and facts."""


def check_slack(body: dict[str, Any]) -> None:
    """Incoming webhooks and Block Kit: text, at most 50 blocks, limits of header, section, fields and context, no control characters."""
    assert isinstance(body["text"], str) and body["text"]
    assert 1 <= len(body["blocks"]) <= 50
    assert set(body) <= {"text", "blocks", "thread_ts", "mrkdwn", "response_type", "unfurl_links"}
    for block in body["blocks"]:
        match block["type"]:
            case "header":
                assert block["text"]["type"] == "plain_text" and 1 <= len(block["text"]["text"]) <= 150
            case "section":
                assert ("text" in block) != ("fields" in block)
                if "text" in block:
                    _mrkdwn(block["text"], most=3000)
                assert len(block.get("fields", [])) <= 10
                for one in block.get("fields", []):
                    _mrkdwn(one, most=2000)
            case "context":
                assert 1 <= len(block["elements"]) <= 10
            case other:
                raise AssertionError(other)


def _mrkdwn(text: dict[str, Any], *, most: int) -> None:
    assert text["type"] == "mrkdwn" and 1 <= len(text["text"]) <= most
    assert "<!" not in text["text"], "would ping a channel"
    assert text.get("verbatim") is True, "would make links of addresses, and of names of people and channels"


def check_teams(body: dict[str, Any]) -> None:
    """A workflow's webhook takes a message with Adaptive Cards of at most version 1.5, below 28 KB."""
    assert body["type"] == "message"
    [attachment] = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert card["type"] == "AdaptiveCard" and card["version"] in ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5")
    for element in card["body"]:
        assert element["type"] in ("TextBlock", "FactSet")
        said = [element.get("text", ""), *(one["value"] for one in element.get("facts", []))]
        assert not any(LINK.search(one) for one in said), "would be a link that shows other words than its address"
        assert element.get("color", "default") in ("default", "dark", "light", "accent", "good", "warning", "attention")
        for fact in element.get("facts", []):
            assert isinstance(fact["title"], str) and isinstance(fact["value"], str)
    for action in card.get("actions", []):
        assert action["type"] == "Action.OpenUrl" and action["url"].startswith("http")
    assert len(str(body).encode()) < 28_000


def check_pagerduty(body: dict[str, Any]) -> None:
    """Events API v2: three actions; a trigger needs summary, source and severity; the others only the key of the incident."""
    assert body["routing_key"] and body["event_action"] in ("trigger", "acknowledge", "resolve")
    assert 1 <= len(body["dedup_key"]) <= 255
    if body["event_action"] == "trigger":
        payload = body["payload"]
        assert 1 <= len(payload["summary"]) <= 1024 and payload["source"]
        assert payload["severity"] in ("critical", "error", "warning", "info")
        datetime.fromisoformat(payload["timestamp"])
        assert set(payload) <= {"summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details"}
        for link in body.get("links", []):
            assert link["href"].startswith("http")


@dataclass
class MailServer:
    """`refuse`: answers to successive RCPT commands instead of 250. `extensions`: what it says to EHLO that it can."""

    port: int = 0
    extensions: list[str] = field(default_factory=list)
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 mail.example ready")
        recipients: list[str] = []
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            if word == "RCPT":
                answer = self.refuse.pop(0) if self.refuse else "250 ok"
                recipients += [line.partition(":")[2].strip(" <>")] if answer.startswith("250") else []
                say(answer)
            elif word == "DATA":
                say("354 go on")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                self.mails.append((recipients, cast(EmailMessage, message_from_bytes(raw, policy=policy.default))))
                say("250 taken")
            elif word == "EHLO":
                say("250-mail.example")
                for one in self.extensions:
                    say(f"250-{one}")
                say("250 ok")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                recipients = [] if word in ("MAIL", "RSET") else recipients
                say("250 ok")
        writer.close()


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
