"""Snapshots of streams over NATS, in the words of the JetStream API: the server sends a stream with its consumers as one archive, and takes
it back the same way (`$JS.API.STREAM.SNAPSHOT`, `$JS.API.STREAM.RESTORE`; jsm.go does the same for `nats stream backup`).
"""

import base64
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import nats.errors

from burnish.backup.manifest import StoredStream
from burnish_shared import streams
from burnish_shared.bus.api import ApiError, ask
from burnish_shared.bus.connect import Bus
from burnish_shared.contracts.erasures import Tombstone
from burnish_shared.errors import Unavailable
from burnish_shared.ids import new_uuid
from burnish_shared.waiting import heeding

CHUNK_BYTES: Final = 256 << 10
"""Below NATS' default of 1 MB for a message."""

CHUNK_PATIENCE_S: Final = 30.0
APPLY_PATIENCE_S: Final = 300.0
"""The server unpacks the archive and reads the stream before it answers to the last chunk."""

STREAM_NOT_FOUND: Final = 10059
DONE: Final = "204"


async def state_of(bus: Bus, stream: str) -> dict[str, Any] | None:
    """Messages, sequences, bytes; None when there is no such stream. Raises Unavailable."""
    try:
        return dict((await ask(bus, f"STREAM.INFO.{stream}"))["state"])
    except ApiError as error:
        if error.code == STREAM_NOT_FOUND:
            return None
        raise


async def take_snapshot(bus: Bus, stream: str, path: Path) -> StoredStream:
    """Writes the stream with its consumers to `path`. Raises ApiError, and Unavailable when the server falls silent."""
    inbox = bus.inbox(f"snapshot-{new_uuid().hex}")
    arriving = await bus.nc.subscribe(inbox)
    try:
        answer = await ask(bus, f"STREAM.SNAPSHOT.{stream}", {"deliver_subject": inbox, "chunk_size": CHUNK_BYTES})
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            async for chunk in _chunks(bus, arriving):
                file.write(chunk)
    finally:
        await arriving.unsubscribe()
    return StoredStream(stream, path.name, answer["config"], answer["state"])


async def _chunks(bus: Bus, arriving: Any) -> AsyncIterator[bytes]:
    """The server sends on only while chunks are acknowledged."""
    while True:
        try:
            message = await arriving.next_msg(timeout=CHUNK_PATIENCE_S)
        except (nats.errors.Error, TimeoutError) as error:
            raise Unavailable("NATS stopped sending the snapshot of a stream; take the backup again.") from error
        if not message.data:
            status = (message.headers or {}).get("Status", DONE)
            if status != DONE:
                raise Unavailable(f"NATS broke off the snapshot of a stream (status {status}); take the backup again.")
            return
        yield message.data
        if message.reply:
            await heeding(bus.nc.publish(message.reply, b""))


async def restore_snapshot(bus: Bus, stored: StoredStream, path: Path, *, replicas: int | None = None) -> None:
    """Makes the stream, which must not be there, with its messages, sequences and consumers. Raises ApiError and Unavailable.

    `replicas`: copies in the cluster that takes it; None: as many as there were.
    """
    answer = await ask(bus, f"STREAM.RESTORE.{stored.name}", {"config": _config(stored, replicas), "state": stored.state})
    subject = answer["deliver_subject"]
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            _refuse(await _send(bus, subject, piece, timeout_s=CHUNK_PATIENCE_S))
    _refuse(await _send(bus, subject, b"", timeout_s=APPLY_PATIENCE_S))


def _config(stored: StoredStream, replicas: int | None) -> dict[str, Any]:
    """A stream with several copies cannot acknowledge before it is on disk."""
    if replicas is None or stored.config.get("num_replicas") == replicas:
        return stored.config
    return {name: value for name, value in stored.config.items() if name != "persist_mode"} | {"num_replicas": replicas}


async def _send(bus: Bus, subject: str, piece: bytes, *, timeout_s: float) -> bytes:
    try:
        return bytes((await bus.request(subject, piece, timeout_s=timeout_s)).data)
    except (nats.errors.Error, TimeoutError) as error:
        raise Unavailable("NATS stopped taking a stream that is restored.") from error


def _refuse(answer: bytes) -> None:
    failure = json.loads(answer).get("error") if answer.startswith(b"{") else None
    if failure:
        raise ApiError(int(failure.get("err_code", 0)), str(failure.get("description", "")))


async def read_tombstones(bus: Bus) -> list[Tombstone]:
    """Every erasure that was ever asked for, as the stream of tombstones knows it. Empty where there is no such stream."""
    state = await state_of(bus, streams.ERASURES.name)
    found: dict[str, Tombstone] = {}
    sequence = int(state["first_seq"]) if state and state["messages"] else None
    while sequence is not None and sequence <= int(state["last_seq"] if state else 0):
        try:
            answer = await ask(bus, f"STREAM.MSG.GET.{streams.ERASURES.name}", {"seq": sequence, "next_by_subj": ">"})
        except ApiError as error:
            if error.code == NO_MESSAGE:
                break
            raise
        message = answer["message"]
        tombstone = Tombstone.model_validate_json(base64.b64decode(message["data"]))
        found[str(tombstone.erasure_id)] = tombstone
        sequence = int(message["seq"]) + 1
    return list(found.values())


NO_MESSAGE: Final = 10037
