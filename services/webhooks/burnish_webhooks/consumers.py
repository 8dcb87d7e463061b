"""The edge to NATS: events of the EVENTS stream, as bytes, become deliveries, and notices of alert channels."""

from collections.abc import Awaitable, Callable, Sequence

from pydantic import ValidationError

from burnish_shared.bus.batch import Delivered, Poison
from burnish_shared.bus.retry import misfit
from burnish_shared.contracts.events import Event
from burnish_shared.db.session import Database
from burnish_webhooks import metrics
from burnish_webhooks.fan_out import fan_out
from burnish_webhooks.queue_notices import queue_notices


def event_handler(
    db: Database, *, base_url: str, wake: Callable[[], None], order_hold_s: float = 0.0
) -> Callable[[Sequence[Delivered]], Awaitable[None]]:
    """The handler of `webhooks_events`. `wake` is called when there is something to send."""

    async def handle(batch: Sequence[Delivered]) -> None:
        events = [_parsed(message) for message in batch]
        made = await fan_out(events, db=db, base_url=base_url, order_hold_s=order_hold_s)
        metrics.deliveries_made_total.inc(made)
        if await queue_notices(events, db=db) or made:
            wake()

    return handle


def _parsed(message: Delivered) -> Event:
    try:
        return Event.model_validate_json(message.data)
    except ValidationError as error:
        raise Poison(f"no event: {misfit(error)}", stream_seq=message.stream_seq) from error
