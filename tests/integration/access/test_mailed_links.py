"""Invitations and links that set a password go out by mail where the installation has a mail server, and are shown all the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from burnish_gateway.access import mail_link
from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import SystemClock
from burnish_shared.db.session import Database
from burnish_webhooks.io.mailer import Mailer, SmtpServer
from burnish_webhooks.send_mails import MailSender
from tests.embedded.stack import KEK, Stack
from tests.embedded.superuser import as_superuser
from tests.fakes.alert_services import MailServer, mail_server
from tests.integration.access.browser import PASSWORD, Browser, join, newcomer, nobody, unknown_email
from tests.integration.access.conftest import CHEAP

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("T1")]

SENDER = "Burnish <burnish@example.com>"
PUBLIC = "http://burnish.example.com"


@dataclass(slots=True)
class Post:
    """A gateway that writes mails, and the webhooks' side, which takes them to `server` when it is told to."""

    url: str
    db: Database
    server: MailServer

    async def send(self, *, to: SmtpServer | None = None, rounds: int = 1, keyring: Keyring | None = None) -> int:
        mailer = Mailer(to or SmtpServer.parse(self.server.url), sender=SENDER)
        sender = MailSender(self.db, mailer, keyring or Keyring.from_texts([KEK]), SystemClock(), factor=0)
        return sum([await sender.round() for _ in range(rounds)])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mailing(stack: Stack) -> str:
    return await stack.start_gateway(**CHEAP, sign_up="open", smtp_from=SENDER, public_url=PUBLIC)


@pytest_asyncio.fixture(loop_scope="session")
async def post(stack: Stack, mailing: str) -> AsyncIterator[Post]:
    db = await Database.open(stack.urls["webhooks"], application_name="test-webhooks", max_size=2)
    async with mail_server() as server:
        yield Post(mailing, db, server)
    await db.close()
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("DELETE FROM burnish.mails")


async def mail_of(admin: Browser) -> list[tuple[Any, Any]]:
    return [(one["mail"], one["mail_error"]) for one in (await admin("GET", "/v1/invitations")).body["data"]]


async def stored(stack: Stack, what: str) -> Any:
    async with as_superuser(stack.urls["superuser"]) as connection:
        return await connection.fetchval(f"SELECT {what} FROM burnish.mails")


async def test_an_invitation_is_mailed_and_whoever_has_the_mail_joins(stack: Stack, post: Post) -> None:
    ada = (await newcomer(stack, organization="Evil https://evil.example\r\nCorp")).at(post.url)
    email = unknown_email()
    answer = await ada("POST", "/v1/invitations", {"email": email, "role": "editor"})
    assert answer.body["is_mailed"] is True and answer.body["token"] in answer.body["url"], "shown all the same"
    sealed = await stored(stack, "sealed")
    assert answer.body["token"].encode() not in sealed and email.encode() not in sealed
    assert await mail_of(ada) == [("pending", None)]
    assert await post.send() == 1 and await post.send() == 0
    assert await mail_of(ada) == [("sent", None)] and await stored(stack, "sealed") is None
    [(recipients, mail)] = post.server.mails
    assert recipients == [email] and mail["From"] == SENDER and mail["Message-ID"] == f"<{answer.body['id']}@example.com>"
    for kind in ("plain", "html"):
        part = mail.get_body((kind,))
        assert part is not None
        text = part.get_content()
        assert answer.body["url"] in text and "works once" in text and f"{ada.email} invites you to the workspace" in text
        assert "https://evil.example" not in text
    assert "\n" not in mail["Subject"]
    accepted = await nobody(stack)("POST", "/v1/invitations/accept", {"token": answer.body["token"], "password": "a long passphrase"})
    assert accepted.status == 200


async def test_a_mail_that_cannot_be_opened_is_not_tried_for_ever(stack: Stack, post: Post) -> None:
    ada = (await newcomer(stack)).at(post.url)
    assert (await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "editor"})).status == 201
    other = Keyring(bytes(32))
    assert await post.send(keyring=other) == 1
    assert await mail_of(ada) == [("pending", "not_sent")]
    assert await post.send(keyring=other, rounds=9) == 7 and await post.send() == 0
    assert await mail_of(ada) == [("failed", "not_sent")] and await stored(stack, "sealed") is None and post.server.mails == []


async def test_a_link_that_sets_a_password_is_mailed_to_its_owner(stack: Stack, post: Post) -> None:
    ada = (await newcomer(stack)).at(post.url)
    grace = await join(stack, ada, role="viewer")
    await post.send()
    post.server.mails.clear()
    replaced = await ada("POST", f"/v1/members/{grace.user_id}/password-reset")
    answer = await ada("POST", f"/v1/members/{grace.user_id}/password-reset")
    assert answer.status == 201 and replaced.body["is_mailed"] is answer.body["is_mailed"] is True
    await post.send()
    [(recipients, mail)] = post.server.mails  # the link that the newer one replaced works no more, and is not mailed
    part = mail.get_body(("plain",))
    assert recipients == [grace.email] and part is not None and answer.body["url"] in part.get_content()


async def test_whose_password_was_changed_is_told_by_mail(stack: Stack, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = (await newcomer(stack, organization="Evil https://evil.example\r\nCorp")).at(post.url)
    grace = await join(stack, ada, role="viewer")
    reset = (await ada("POST", f"/v1/members/{grace.user_id}/password-reset")).body["token"]
    monkeypatch.setattr(mail_link, "MOST_A_DAY", 0)  # an admin who uses up the day's mails does not silence this one
    there = nobody(stack).at(post.url)
    assert (await there("POST", "/v1/auth/password-reset", {"token": reset, "new_password": "short"})).status == 422
    body = {"token": reset, "new_password": "another long passphrase"}
    assert (await there("POST", "/v1/auth/password-reset", body)).status == 204
    assert (await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": "one more passphrase"})).status == 204
    assert await post.send() == 2
    by_recipient = {recipients[0]: mail for recipients, mail in post.server.mails}
    assert by_recipient.keys() == {grace.email, ada.email}
    for mail in by_recipient.values():
        part = mail.get_body(("plain",))
        assert part is not None and mail["Subject"] == "Your password for Burnish was changed"
        text = part.get_content()
        assert f"{PUBLIC}/app/" in text and "https://evil.example" not in text and "passphrase" not in text


async def test_whoever_changes_a_password_over_and_over_fills_no_mailbox(stack: Stack, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account may be in the name of a stranger, who would get each of these mails."""
    monkeypatch.setattr(mail_link, "NEWS_MOST_A_DAY", 2)
    ada = (await newcomer(stack)).at(post.url)
    grace = (await join(stack, ada, role="viewer")).at(post.url)
    await post.send()
    post.server.mails.clear()
    words = [PASSWORD, *(f"a long passphrase, number {n}" for n in range(4))]
    for old, new in pairwise(words):
        assert (await grace("POST", "/v1/auth/password", {"old_password": old, "new_password": new})).status == 204
    assert (await ada("POST", "/v1/auth/password", {"old_password": PASSWORD, "new_password": words[-1]})).status == 204
    await post.send()
    assert sorted(recipients[0] for recipients, _ in post.server.mails) == sorted([grace.email, grace.email, ada.email])


async def test_what_was_taken_back_or_used_is_not_mailed(stack: Stack, post: Post) -> None:
    ada = (await newcomer(stack)).at(post.url)
    email = unknown_email()
    revoked = (await ada("POST", "/v1/invitations", {"email": email, "role": "viewer"})).body
    assert (await ada("DELETE", f"/v1/invitations/{revoked['id']}")).status == 204
    for role in ("viewer", "editor"):
        newest = (await ada("POST", "/v1/invitations", {"email": email, "role": role})).body
    grace = await join(stack, ada, role="viewer")
    reset = (await ada("POST", f"/v1/members/{grace.user_id}/password-reset")).body["token"]
    used = await nobody(stack)("POST", "/v1/auth/password-reset", {"token": reset, "new_password": "another long passphrase"})
    assert used.status == 204
    late = (await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"})).body
    async with as_superuser(stack.urls["superuser"]) as connection:
        await connection.execute("UPDATE burnish.mails SET expires_at = now() WHERE mail_id = $1::uuid", late["id"])
    assert await post.send() == 2
    [(_, mail)] = post.server.mails
    assert newest["id"] in mail["Message-ID"]
    assert await mail_of(ada) == [
        ("failed", "link_over"),
        ("failed", "taken_back"),
        ("sent", None),
        ("failed", "taken_back"),
        ("failed", "taken_back"),
    ]


async def test_a_mail_that_is_put_off_is_tried_again_and_one_that_is_refused_is_not(stack: Stack, post: Post) -> None:
    ada = (await newcomer(stack)).at(post.url)
    await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"})
    post.server.refuse = ["450 later"]
    assert await post.send() == 1
    assert await mail_of(ada) == [("pending", "smtp_recipients_refused")]
    assert await post.send() == 1 and await mail_of(ada) == [("sent", None)]
    await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"})
    post.server.refuse = ["550 no such mailbox"]
    assert await post.send(rounds=2) == 1
    assert (await mail_of(ada))[0] == ("failed", "smtp_recipients_refused")


async def test_a_workspace_fills_no_mailboxes_and_other_gateways_write_no_mail(
    stack: Stack, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_link, "MOST_A_DAY", 2)
    ada = (await newcomer(stack)).at(post.url)
    made = [(await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"})).body for _ in range(3)]
    assert [one["is_mailed"] for one in made] == [True, True, False]
    plain = await ada.at(stack.gateways[0])("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"})
    assert plain.body["is_mailed"] is False
    assert (await mail_of(ada))[:2] == [(None, None), (None, None)]


async def test_where_no_public_url_is_set_no_mail_leads_to_the_host_that_a_caller_names(stack: Stack, post: Post) -> None:
    url = await stack.start_gateway(**CHEAP, sign_up="open", smtp_from=SENDER)
    ada = (await newcomer(stack)).at(url)
    evil = {"host": "evil.example", "origin": "http://evil.example"}
    answer = await ada("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"}, headers=evil)
    assert answer.status == 201 and answer.body["is_mailed"] is False
    assert await post.send() == 0 and post.server.mails == []
    there = await ada.at(post.url)("POST", "/v1/invitations", {"email": unknown_email(), "role": "viewer"}, headers=evil)
    assert there.body["is_mailed"] is True and there.body["url"].startswith(f"{PUBLIC}/app/invite#")
