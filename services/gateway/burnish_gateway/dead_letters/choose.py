"""Send dead letters round again, or give them up, and write down who did."""

from collections.abc import Sequence
from uuid import UUID

from burnish_gateway.access import audit
from burnish_gateway.access.principal import Principal
from burnish_gateway.dead_letters.bodies import IDS_MOST, ChosenBody, DiscardedAnswer, ReplayedAnswer
from burnish_shared import streams
from burnish_shared.bus import dead_letters, dead_letters_store
from burnish_shared.db.session import Tx
from burnish_shared.errors import NotFound


async def replay(tx: Tx, principal: Principal, chosen: ChosenBody) -> ReplayedAnswer:
    """Raises NotFound. Of a consumer the IDS_MOST that came first, so that one transaction does not hold them all."""
    if chosen.consumer is not None:
        await _check_consumer(tx, chosen.consumer)
        waiting = await dead_letters_store.waiting_messages(tx, chosen.consumer)
        sendable = [one for one, subject in waiting if subject is not None and dead_letters.is_sent(subject)]
        made = await dead_letters.replay(tx, sendable[:IDS_MOST])
        answer = ReplayedAnswer(replayed=made, lost=[], unsendable=[], left=len(sendable[IDS_MOST:]))
    else:
        wanted = await _there(tx, chosen.ids or ())
        unsent = await dead_letters.unsendable(tx, wanted)
        made = await dead_letters.replay(tx, [one for one in wanted if one not in unsent])
        lost = await dead_letters_store.without_payload(tx, wanted)
        answer = ReplayedAnswer(replayed=made, lost=list(lost), unsendable=[one for one in wanted if one in unsent], left=0)
    if answer.replayed:
        await _note(tx, principal, chosen, action="dead_letters.replayed", letters=answer.replayed)
    return answer


async def discard(tx: Tx, principal: Principal, chosen: ChosenBody) -> DiscardedAnswer:
    """Raises NotFound."""
    if chosen.consumer is not None:
        await _check_consumer(tx, chosen.consumer)
        wanted = [one for one, _ in await dead_letters_store.waiting_messages(tx, chosen.consumer)]
    else:
        wanted = await _there(tx, chosen.ids or ())
    discarded = await dead_letters_store.discard(tx, wanted)
    if discarded:
        await _note(tx, principal, chosen, action="dead_letters.discarded", letters=discarded)
    return DiscardedAnswer(discarded=discarded)


def no_such_letter() -> NotFound:
    return NotFound("There is no such dead letter; GET /v1/dead-letters lists them.", param="dead_letter_id")


async def _there(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    wanted = list(dict.fromkeys(ids))
    if unknown := set(wanted) - await dead_letters_store.there(tx, wanted):
        raise NotFound(f"ids: there is no dead letter {', '.join(sorted(map(str, unknown))[:5])}.", param="ids")
    return wanted


async def _check_consumer(tx: Tx, consumer: str) -> None:
    """One that has left letters may be of an older release."""
    known = {one.durable for one in streams.CONSUMERS}
    if consumer not in known and not await dead_letters_store.listed(tx, consumer=consumer, with_replayed=True, limit=1):
        raise NotFound(f"consumer: there is no consumer {consumer[:40]!r}; there are {', '.join(sorted(known))}.", param="consumer")


async def _note(tx: Tx, principal: Principal, chosen: ChosenBody, *, action: str, letters: int) -> None:
    key = chosen.consumer or next(map(str, chosen.ids or ()), "")
    after = {"letters": letters} | ({"ids": [str(one) for one in chosen.ids]} if chosen.ids else {"consumer": chosen.consumer})
    await audit.note(tx, principal, action=action, kind="dead_letter", key=key, after=after)
