"""`Idempotency-Key` on every POST: the effect and the stored answer are one transaction, a repeat gets the same bytes (PROMISES G-02…G-04).

Executions do it inside `admit` instead.
"""

import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from asyncpg import Record
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from burnish_gateway import idempotency_store
from burnish_gateway.deps import Gateway
from burnish_gateway.wire import json_response
from burnish_shared.auth.keyring import Keyring
from burnish_shared.auth.sealed_columns import answer_context
from burnish_shared.db.session import Tx
from burnish_shared.errors import BurnishError, GoesOn, IdempotencyInProgress, IdempotencyMismatch, InvalidField, Unavailable
from burnish_shared.ids import new_uuid

T = TypeVar("T")

KEY_MOST = 255

NOT_AGAIN: Final = {"x-should-retry": "false"}
"""What clients of OpenAI's API, and ours, repeat nothing by."""

CANONICAL_MOST_BYTES = 1024 * 1024

OF_ONE_CALLER: Final = frozenset({"access", "clarifications", "inbox", "webhooks"})
"""Areas (tags of routes) whose answers show a secret once, or are one person's alone: only who asked gets them again. Elsewhere whoever may
use the route may take up what a colleague began, such as a job that goes on with another key."""

SHOWS_A_SECRET: Final = frozenset({"/v1/inbound-endpoints", "/v1/inbound-endpoints/{inbound_id}/rotate-secret"})
"""Routes of other areas that do so too."""

Work = Callable[[Tx], Awaitable[BaseModel | dict[str, Any]]]


def key_of(request: Request) -> str | None:
    """The caller's key. Raises InvalidField unless it is 1 to 255 visible ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= KEY_MOST and all("!" <= character <= "~" for character in key)):
        raise InvalidField("Idempotency-Key: must be 1 to 255 visible ASCII characters.", param="Idempotency-Key")
    return key


def mismatch() -> IdempotencyMismatch:
    return IdempotencyMismatch(
        "This Idempotency-Key was used with another body, or by somebody else; use a new key.", param="Idempotency-Key"
    )


def goes_on(what: str, *, has_key: bool, details: dict[str, Any]) -> BurnishError:
    """What a caller hears whose gateway is stopped while `what` goes on: only with a key may a client repeat its call by itself."""
    told = f"This gateway is stopped, and {what} goes on: read it by its id"
    if has_key:
        return Unavailable(f"{told}, or ask again with the same Idempotency-Key.", retry_after_s=1, details=details)
    return GoesOn(f"{told}. To ask again without an Idempotency-Key begins another one.", details=details, headers=NOT_AGAIN)


class Tenant(Protocol):
    """Whose keys these are."""

    @property
    def workspace_id(self) -> UUID: ...


def whose(request: Request, principal: Tenant) -> str:
    """Who alone may repeat a request of this route: the person, or the line of API keys that take each other's place. Empty: anybody."""
    route = request.scope["route"]
    if OF_ONE_CALLER.isdisjoint(route.tags) and route.path not in SHOWS_A_SECRET:
        return ""
    names = (getattr(principal, name, None) for name in ("user_id", "first_key_id", "api_key_id"))
    return next((str(one) for one in names if one is not None), "nobody")


def fingerprint_of(raw: bytes, *, address: str = "") -> bytes:
    """SHA-256 of what was asked: the same JSON spelled otherwise (spaces, order of keys) is the same body (PROMISES 5.2).

    Longer bodies and those that are no JSON count as they are.
    """
    body = raw
    if len(raw) <= CANONICAL_MOST_BYTES:
        with contextlib.suppress(ValueError, RecursionError):
            body = json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(address.encode() + b"\n" + body).digest()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with an Idempotency-Key. `context`: what its stored answer is bound to."""

    route: str
    key: str
    fingerprint: bytes
    context: str

    @classmethod
    async def of(cls, request: Request, principal: Tenant, *, said: bytes | None = None) -> "Asked | None":
        """None: without a key. `said`: what its body says, where a repeat may spell that in other bytes. Raises InvalidField."""
        key = key_of(request)
        if key is None:
            return None
        route = f"{request.method} {request.scope['route'].path}"
        asker = whose(request, principal)
        address = f"{asker}\n{request.url.path}" if asker else request.url.path
        fingerprint = fingerprint_of(await request.body() if said is None else said, address=address)
        return cls(route, key, fingerprint, answer_context(principal.workspace_id, route=route, key=key))


async def name_of(request: Request, principal: Tenant) -> UUID:
    """An id that repeats of this request share; a fresh one without an Idempotency-Key."""
    asked = await Asked.of(request, principal)
    if asked is None:
        return new_uuid()
    return UUID(bytes=hashlib.sha256(asked.context.encode() + b"\n" + asked.fingerprint).digest()[:16])


def still_running() -> IdempotencyInProgress:
    return IdempotencyInProgress("A request with this Idempotency-Key is still running; try again.", retry_after_s=1)


async def run_once(
    gateway: Gateway, request: Request, principal: Tenant, *, status: int, work: Work, user: UUID | None = None, said: bytes | None = None
) -> Response:
    """Runs `work` in one unit of work of the caller's workspace and answers with what it returned.

    With an Idempotency-Key, a repeat with the same body gets the stored answer and `Idempotent-Replayed: true`, another body 422.
    `work` writes its change note last. An error stores nothing. `user`: whose rows the unit of work opens beside the workspace's.
    `said`: as `Asked.of` takes it. It runs again where it needs what is computed outside of it (`outside`): what it does beside the
    database, it then does twice.
    """
    asked = await Asked.of(request, principal, said=said)
    return await gateway.outside.run(lambda: _run(gateway, asked, principal, status=status, work=work, user=user))


async def _run(gateway: Gateway, asked: Asked | None, principal: Tenant, *, status: int, work: Work, user: UUID | None) -> Response:
    if asked is None:
        async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=user) as tx:
            made = await work(tx)
        return json_response(made, status=status)
    route, key = asked.route, asked.key
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, user=user) as tx:
        if not await idempotency_store.claim(tx, principal.workspace_id, route=route, key=key, fingerprint=asked.fingerprint):
            return _replayed(await idempotency_store.find(tx, route=route, key=key), asked, keyring=gateway.keyring)
        answer = json_response(await work(tx), status=status)
        sealed = gateway.keyring.seal(bytes(answer.body), context=asked.context)
        await idempotency_store.save(tx, route=route, key=key, status=status, body=sealed)
    return answer


async def replay(gateway: Gateway, tx: Tx, request: Request, principal: Tenant, *, said: bytes | None = None) -> Response | None:
    """The stored answer to a repeat, for what is done outside before `run_once` stores its answer, which is given the same `said`. None:
    this was not asked before."""
    asked = await Asked.of(request, principal, said=said)
    stored = None if asked is None else await idempotency_store.find(tx, route=asked.route, key=asked.key)
    return None if asked is None or stored is None else _replayed(stored, asked, keyring=gateway.keyring)


async def answered_before(gateway: Gateway, request: Request, principal: Tenant) -> Response | None:
    """`replay` in a unit of work of its own; None without an Idempotency-Key too. Raises as `replay`."""
    if key_of(request) is None:
        return None
    async with gateway.db.unit_of_work(workspace=principal.workspace_id, read_only=True) as tx:
        return await replay(gateway, tx, request, principal)


async def or_answered(checking: Awaitable[T], *, gateway: Gateway, request: Request, principal: Tenant) -> T | Response:
    """What was checked before `run_once`; where that is refused by now, the stored answer to a repeat, which stands whatever became of
    models, prompts and addresses since. Raises what `checking` raises, and as `replay`.
    """
    try:
        return await checking
    except Unavailable:
        raise
    except BurnishError:
        before = await answered_before(gateway, request, principal)
        if before is None:
            raise
        return before


def _replayed(stored: Record | None, asked: Asked, *, keyring: Keyring) -> Response:
    if stored is None or stored["body"] is None:
        raise still_running()
    if stored["fingerprint"] != asked.fingerprint:
        raise mismatch()
    body = keyring.open(stored["body"], context=asked.context)
    return Response(body, status_code=stored["status"], media_type="application/json", headers={"idempotent-replayed": "true"})
