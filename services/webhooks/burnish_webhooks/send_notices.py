"""Keeps telling: claims the next due notice of each channel, sends it without a transaction, writes down what came of it."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

import structlog

from burnish_shared import failpoints
from burnish_shared.auth.keyring import Keyring
from burnish_shared.clock import Clock
from burnish_shared.contracts.alert_channels import PAGERDUTY_URLS, channel_context
from burnish_shared.db.session import Database
from burnish_shared.errors import Unavailable
from burnish_shared.in_step import in_step
from burnish_webhooks import metrics
from burnish_webhooks.core.chat_messages import pagerduty_event, slack_message, teams_message
from burnish_webhooks.core.mail import mail_of, mailable
from burnish_webhooks.core.notice import CANNOT_BE_MADE, NOT_SENT, NOT_SENT_DETAIL, Failed, Sent, Told, TryAgain, again, judged
from burnish_webhooks.core.outcome import Answer
from burnish_webhooks.core.partly_mailed import Refused, still_to_tell, told_of, whom_it_did_not_reach
from burnish_webhooks.io import notices_store
from burnish_webhooks.io.mailer import Mailer
from burnish_webhooks.io.notices_store import DueNotice, NoticeClaim

log = structlog.get_logger("burnish.webhooks")

AT_ONCE: Final = 40
"""Each channel has one under way at most."""

LEASE_S: Final = 90.0
"""Longer than an attempt may take, so that nobody sends beside us."""

USER_AGENT: Final = "Burnish-Alerts/1"


class Sender(Protocol):
    """What makes the POST; `io.sender.HttpSender` in production."""

    async def post(self, url: str, *, body: bytes, headers: dict[str, str]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class NoticeSender:
    """At least once: a process that dies between sending and commit leaves the claim to its lease. PagerDuty and mail carry a key of their
    own by which twice is once. `factor` scales the waits between attempts."""

    db: Database
    http: Sender
    mailer: Mailer
    keyring: Keyring
    clock: Clock
    base_url: str
    interval_s: float = 1.0
    factor: float = 1.0
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        self._woken.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until `stop`, then waits for what is under way. A channel that hangs holds up its own notices alone."""
        under_way: set[asyncio.Task[None]] = set()

        def ended(task: asyncio.Task[None]) -> None:
            under_way.discard(task)
            self._woken.set()

        while not stop.is_set():
            self._woken.clear()
            room = AT_ONCE - len(under_way)
            claims = await self._claim_patiently(room) if room > 0 else []
            for claim in claims:
                task = asyncio.create_task(self._send_one(claim))
                under_way.add(task)
                task.add_done_callback(ended)
            if len(claims) < room or room <= 0:
                await self._rest(stop)
        if under_way:
            await asyncio.wait(under_way)

    async def round(self) -> int:
        """Sends what is due, one of each channel, and waits for it. Returns how many there were."""
        claims = await self._claim(AT_ONCE)
        await asyncio.gather(*(self._send_one(claim) for claim in claims))
        return len(claims)

    async def _claim(self, room: int) -> list[NoticeClaim]:
        async with self.db.unit_of_work(one_statement=True) as tx:
            return await notices_store.claim_due(tx, limit=room, lease_s=LEASE_S)

    async def _claim_patiently(self, room: int) -> list[NoticeClaim]:
        try:
            return await self._claim(room)
        except Unavailable as error:
            log.warning("notices.put_off", error=error.message)
            return []

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until something is due, a place is free, the interval is over, or `stop`."""
        stopping, woken = asyncio.create_task(stop.wait()), asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait({stopping, woken}, timeout=in_step(self.interval_s), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (stopping, woken):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _send_one(self, claim: NoticeClaim) -> None:
        try:
            told = await self._attempt(claim)
            metrics.notices_total.labels("not_sent" if told is None else type(told).__name__.lower()).inc()
        except Unavailable as error:
            log.warning("notices.attempt_not_settled", error=error.message, event_id=str(claim.event_id))
        except Exception:
            # The edge of one notice: its lease brings it back, and no other channel waits for it.
            metrics.notices_total.labels("broken").inc()
            log.exception("notices.attempt_failed", event_id=str(claim.event_id), channel_id=str(claim.channel_id))

    async def _attempt(self, claim: NoticeClaim) -> Told | None:
        """None where nothing left this process: the claim was lost, the channel was switched off, or it is over."""
        async with self.db.unit_of_work(workspaces={claim.workspace_id}) as tx:
            due = await notices_store.load(tx, claim, base_url=self.base_url)
            if due is None:
                await notices_store.drop_needless(tx, claim)
                return None
        told, refused = await self._tell(due)
        await failpoints.hit("notices.after_send")
        async with self.db.unit_of_work(workspaces={claim.workspace_id}) as tx:
            match told:
                case Sent(error, detail):
                    await notices_store.settle(tx, claim, status="sent", error=error, detail=detail)
                case Failed(error, detail):
                    await notices_store.settle(tx, claim, status="failed", error=error, detail=detail)
                case TryAgain(delay_s, error, detail):
                    await notices_store.put_off(tx, claim, delay_s=delay_s, error=error, detail=detail, mail_refused=refused)
                case _:
                    assert_never(told)
        return told

    async def _tell(self, due: DueNotice) -> tuple[Told, Refused | None]:
        """What cannot be made is an attempt that failed, in place of one that is made again and again unseen."""
        try:
            return await self._mail(due) if due.kind == "email" else (await self._post(due), None)
        except CANNOT_BE_MADE:
            log.exception("notices.attempt_not_made", event_id=str(due.claim.event_id), channel_id=str(due.claim.channel_id))
            return again(NOT_SENT, NOT_SENT_DETAIL, failed_before=due.failed_before, factor=self.factor), due.mail_refused

    async def _post(self, due: DueNotice) -> Told:
        url, body = self._message(due)
        headers = {"content-type": "application/json", "user-agent": USER_AGENT, "accept-encoding": "identity"}
        answer = await self.http.post(url, body=json.dumps(body).encode(), headers=headers)
        return judged(answer, kind=due.kind, failed_before=due.failed_before, now=self.clock.now(), factor=self.factor)

    def _message(self, due: DueNotice) -> tuple[str, dict[str, object]]:
        """Where to, and what. The secret is opened for this attempt alone."""
        context = channel_context(due.claim.workspace_id, due.claim.channel_id)
        secret = self.keyring.open(due.secret_sealed or b"", context=context).decode()
        if due.kind == "slack":
            return secret, slack_message(due.notice)
        if due.kind == "teams":
            return secret, teams_message(due.notice)
        source = self.base_url or f"burnish workspace {due.claim.workspace_id}"
        event = pagerduty_event(due.notice, routing_key=secret, notice_id=str(due.claim.event_id), source=source)
        return due.settings.get("url") or PAGERDUTY_URLS[due.settings.get("region", "us")], event

    async def _mail(self, due: DueNotice) -> tuple[Told, Refused | None]:
        """What came of it, and whom the mail server did not take, for the next attempt."""
        recipients = mailable(due.settings["recipients"])
        if not recipients:
            return Failed("smtp_recipients_refused", "No mail server takes any of these addresses."), None
        tried = still_to_tell(recipients, due.mail_refused)
        if not tried:
            return whom_it_did_not_reach(due.mail_refused), None
        mail = mail_of(
            due.notice,
            sender=self.mailer.sender or "burnish@burnish.invalid",
            recipients=tried,
            message_id=f"{due.claim.event_id}.{due.claim.channel_id}",
            domain=self.mailer.domain,
        )
        answer = await self.mailer.send(mail)
        return told_of(answer, recipients=recipients, before=due.mail_refused, failed_before=due.failed_before, factor=self.factor)


async def forget_old_notices(*, db: Database, days: int, most: int = 1_000) -> int:
    """Notices past their time, a bounded number."""
    async with db.unit_of_work() as tx:
        return await notices_store.forget_old(tx, days=days, most=most)
