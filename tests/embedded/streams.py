"""Keeping the streams of one test from the next."""

import nats


async def empty_streams(url: str, *, only: str = "") -> None:
    """Removes every message of every stream (or of the `only` one that is named); consumers stay, with nothing pending."""
    client = await nats.connect(url, inbox_prefix=b"_INBOX_provisioner")
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            if stream.state.messages and (not only or stream.config.name == only):
                await jetstream.purge_stream(stream.config.name or "")
    finally:
        await client.close()
