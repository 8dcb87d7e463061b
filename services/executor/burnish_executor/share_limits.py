"""What one executor hears of a provider's limits, all others hear too: by core NATS, where a message that is lost is a call in vain."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import nats.errors
import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from burnish_executor.borrow_tickets import Account, Tickets
from burnish_executor.core.failure import Failure
from burnish_executor.core.limits import said_by
from burnish_executor.rests import Rests
from burnish_shared import subjects
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.provider_keys import KeyLimits, LimitsHeard
from burnish_shared.waiting import heeding

log = structlog.get_logger("burnish.executor")


@dataclass(slots=True)
class SharedLimits:
    """`on_message` must be subscribed to `PROVIDER_LIMITS_HEARD`; one's own messages come back and change nothing."""

    bus: Bus
    tickets: Tickets
    rests: Rests
    _sending: "set[asyncio.Task[None]]" = field(default_factory=set)

    def hear(self, account: Account, headers: Mapping[str, str]) -> None:
        """The headers of an answer, whatever its status."""
        if account.limits.are_set:
            return
        said = said_by(headers, now=datetime.now(UTC))
        news = self.tickets.learn(account, said) if said is not None else None
        if news is not None:
            log.info("limits.learned", requests_per_minute=news.requests_per_minute, tokens_per_minute=news.tokens_per_minute)
            self._tell(
                LimitsHeard(scope=account.scope, requests_per_minute=news.requests_per_minute, tokens_per_minute=news.tokens_per_minute)
            )

    def refusal(self, account: Account) -> Failure | None:
        """Why nobody calls there now: the provider asked for patience."""
        return self.rests.refusal(account.scope) if self.rests.are_any else None

    def rest(self, account: Account, failure: Failure) -> None:
        """The provider asked for patience there."""
        rests_s = self.rests.note(account.scope, failure)
        if rests_s is not None:
            self._tell(LimitsHeard(scope=account.scope, rests_s=rests_s))

    async def on_message(self, message: Msg) -> None:
        """Another executor heard something."""
        try:
            heard = LimitsHeard.model_validate_json(message.data)
        except ValidationError:
            log.exception("limits.unreadable", bytes=len(message.data))
            return
        if heard.rests_s is not None:
            self.rests.rest(heard.scope, heard.rests_s)
        limits = KeyLimits(heard.requests_per_minute, heard.tokens_per_minute)
        if limits.are_set:
            self.tickets.hear(heard.scope, limits)

    def _tell(self, heard: LimitsHeard) -> None:
        task = asyncio.ensure_future(self._publish(heard))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _publish(self, heard: LimitsHeard) -> None:
        try:
            await heeding(self.bus.nc.publish(subjects.PROVIDER_LIMITS_HEARD, heard.model_dump_json(exclude_none=True).encode()))
        except (nats.errors.Error, OSError):
            return  # the others find out for themselves
