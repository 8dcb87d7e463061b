"""The optimizer's edge on the bus: messages of JOBS only say that there may be work; the rows say what."""

from collections.abc import Callable, Sequence

from burnish_shared.bus.batch import Delivered, Handle


def wake_up(*wakes: Callable[[], None]) -> Handle:
    """A handler that acknowledges everything: what is not claimed now is found by the next look."""

    async def handle(messages: Sequence[Delivered]) -> None:
        for wake in wakes:
            wake()

    return handle
