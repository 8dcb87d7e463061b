"""Inbound endpoints in memory, their secrets opened: a message is judged without a question to PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from asyncpg import Record

from burnish_gateway.inbound import store
from burnish_gateway.inbound.mapping import FieldMapping, compiled
from burnish_gateway.inbound.signature import SignatureRule, key_of_secret
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import inbound_secret_context
from burnish_shared.db.config_cache import ChangeFeed, ConfigCache
from burnish_shared.db.session import Database
from burnish_shared.errors import NotFound


@dataclass(frozen=True, slots=True)
class Receiver:
    """What it takes to judge a message of one endpoint. `key` is a secret: the object is never logged or sent.

    `previous_key`: what is signed with it is taken too, before `previous_until`.
    """

    endpoint_id: UUID
    workspace_id: UUID
    rule: SignatureRule
    key: bytes
    mapping: FieldMapping
    previous_key: bytes | None = None
    previous_until: datetime | None = None

    def __repr__(self) -> str:
        return f"Receiver({self.endpoint_id})"


@dataclass(frozen=True, slots=True)
class InboundBook:
    """Knows the endpoints that something was sent to, until a change touches them."""

    known: ConfigCache[UUID, Receiver]

    @classmethod
    def over(cls, db: Database, *, feed: ChangeFeed, keyring: Keyring) -> Self:
        async def load(endpoint_id: UUID) -> Receiver:
            async with db.unit_of_work(read_only=True) as tx:
                workspace_id = await store.find_workspace(tx, endpoint_id)
            row = None
            if workspace_id is not None:
                async with db.unit_of_work(workspace=workspace_id, read_only=True) as tx:
                    row = await store.find_sealed(tx, endpoint_id)
            if row is None:
                raise NotFound("There is no inbound endpoint of this id.")
            return _receiver(row, keyring)

        def touched(known: UUID, _: UUID | None, changed: str) -> bool:
            return changed in ("", str(known))

        return cls(ConfigCache(load, feed=feed, kinds=frozenset({"inbound_endpoint", "workspace"}), touched=touched))

    def knows(self, endpoint_id: UUID) -> bool:
        """Would `find` answer without a question to PostgreSQL?"""
        return self.known.knows(endpoint_id)

    async def find(self, endpoint_id: UUID) -> Receiver | None:
        try:
            return await self.known.get(endpoint_id)
        except NotFound:
            return None


def _receiver(row: Record, keyring: Keyring) -> Receiver:
    context = inbound_secret_context(row["workspace_id"], row["endpoint_id"])

    def key(sealed: bytes) -> bytes:
        return key_of_secret(row["scheme"], keyring.open(sealed, context=context).decode())

    previous = row["previous_secret_sealed"]
    return Receiver(
        endpoint_id=row["endpoint_id"],
        workspace_id=row["workspace_id"],
        rule=SignatureRule(row["scheme"], row["header"], row["prefix"], row["encoding"]),
        key=key(row["secret_sealed"]),
        mapping=compiled(row["mapping"]),
        previous_key=None if previous is None else key(previous),
        previous_until=row["previous_secret_until"],
    )
