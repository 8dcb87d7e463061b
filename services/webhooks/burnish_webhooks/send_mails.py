"""Sends mails with a link for one person: claims those that are due, sends without a transaction, writes down what came of it."""

import asyncio
from dataclasses import dataclass
from typing import Final, assert_never

import structlog

from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import Clock
from burnish_shared.contracts.mails import LinkMail, mail_context
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_shared.waiting import came
from burnish_webhooks import metrics
from burnish_webhooks.core.link_mail import link_mail
from burnish_webhooks.core.notice import CANNOT_BE_MADE, NOT_SENT, NOT_SENT_DETAIL, Failed, Sent, Told, TryAgain, again
from burnish_webhooks.core.partly_mailed import told_of
from burnish_webhooks.io import mails_store as store
from burnish_webhooks.io.mailer import Mailer
from burnish_webhooks.io.mails_store import DueMail, MailClaim

log = structlog.get_logger("burnish.webhooks")

AT_ONCE: Final = 8

LEASE_S: Final = 90.0
"""Longer than an attempt may take, so that nobody sends beside us."""

LINK_OVER: Final = "link_over"
"""Why a mail was not sent: its link had ended by then."""


@dataclass(frozen=True, slots=True)
class MailSender:
    """At least once, with one Message-ID for all attempts. `factor` scales the waits between them."""

    db: Database
    mailer: Mailer
    keyring: Keyring
    clock: Clock
    interval_s: float = 1.0
    factor: float = 1.0

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until `stop`."""
        while not stop.is_set():
            try:
                taken = await self.round()
            except Unavailable as error:
                log.warning("mails.put_off", error=error.message)
                taken = 0
            if taken < AT_ONCE:
                await came(stop, within_s=in_step(self.interval_s))

    async def round(self) -> int:
        """Sends what is due, and waits for it. Returns how many there were."""
        async with self.db.unit_of_work(one_statement=True) as tx:
            claims = await store.claim_due(tx, limit=AT_ONCE, lease_s=LEASE_S)
        await asyncio.gather(*(self._send_one(claim) for claim in claims))
        return len(claims)

    async def _send_one(self, claim: MailClaim) -> None:
        try:
            told = await self._attempt(claim)
            metrics.mails_total.labels("not_sent" if told is None else type(told).__name__.lower()).inc()
        except Unavailable as error:
            log.warning("mails.attempt_not_settled", error=error.message, mail_id=str(claim.mail_id))
        except Exception:
            # The edge of one mail: its lease brings it back, and no other waits for it.
            metrics.mails_total.labels("broken").inc()
            log.exception("mails.attempt_failed", mail_id=str(claim.mail_id))

    async def _attempt(self, claim: MailClaim) -> Told | None:
        """None where the claim was lost, or what the link is for was taken back."""
        async with self.db.unit_of_work(workspaces={claim.workspace_id}) as tx:
            due = await store.load(tx, claim)
        if due is None:
            return None
        told = await self._tell(due) if due.expires_at > self.clock.now() else Failed(LINK_OVER, None)
        async with self.db.unit_of_work(workspaces={claim.workspace_id}) as tx:
            match told:
                case Sent(error, detail):
                    await store.settle(tx, claim, status="sent", error=error, detail=detail)
                case Failed(error, detail):
                    await store.settle(tx, claim, status="failed", error=error, detail=detail)
                case TryAgain(delay_s, error, detail):
                    await store.put_off(tx, claim, delay_s=delay_s, error=error, detail=detail)
                case _:
                    assert_never(told)
        return told

    async def _tell(self, due: DueMail) -> Told:
        """What cannot be made is an attempt that failed, in place of one that is made again and again unseen."""
        try:
            return await self._mail(due)
        except CANNOT_BE_MADE:
            log.exception("mails.attempt_not_made", mail_id=str(due.claim.mail_id))
            return again(NOT_SENT, NOT_SENT_DETAIL, failed_before=due.failed_before, factor=self.factor)

    async def _mail(self, due: DueMail) -> Told:
        """The link is opened for this attempt alone."""
        context = mail_context(due.claim.workspace_id, due.claim.mail_id)
        mail = LinkMail.from_bytes(self.keyring.open(due.sealed, context=context))
        message = link_mail(
            due.kind, mail, workspace=due.workspace, sender=self.mailer.sender or "burnish@burnish.invalid", written_at=due.created_at,
            ends_at=due.expires_at, message_id=str(due.claim.mail_id), domain=self.mailer.domain,
        )  # fmt: skip
        answer = await self.mailer.send(message)
        told, _ = told_of(answer, recipients=[mail.recipient], before=None, failed_before=due.failed_before, factor=self.factor)
        return told


async def forget_old_mails(*, db: Database, days: int, most: int = 1_000) -> int:
    """Mails past their time, a bounded number."""
    async with db.unit_of_work() as tx:
        return await store.forget_old(tx, days=days, most=most)
