"""A response that nobody waits for: `background: true` of `POST /v1/responses`."""

from collections.abc import AsyncGenerator
from uuid import UUID

from fastapi import Request

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.compat.format import Chat
from burnish_gateway.compat.responses.answer import head_of
from burnish_gateway.compat.responses.read import read_response
from burnish_gateway.compat.responses.replay import kept_events
from burnish_gateway.deps import Gateway, request_id_of, verified_caller
from burnish_shared.json_bytes import encoded


class ReadLater:
    """How such a response is told."""

    def queued(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> bytes:
        """As it was accepted. `model`: the one that is asked first."""
        return encoded(head_of(str(execution_id), model=model, simulated=simulated, repeated=chat.repeated) | {"status": "queued"})

    async def again(self, execution_id: UUID, *, gateway: Gateway, principal: Principal) -> bytes:
        """To a repeat: what it has come to, as `GET /v1/responses/{id}` tells it."""
        return encoded(await read_response(gateway, principal, str(execution_id)))

    async def events(
        self, execution_id: UUID, *, request: Request, gateway: Gateway, principal: Principal
    ) -> AsyncGenerator[bytes | None, None]:
        """As `GET /v1/responses/{id}?stream=true` tells it, with the same numbers: a stream that broke off goes on there."""
        return await kept_events(
            gateway, principal, str(execution_id), starting_after=None, request_id=request_id_of(request),
            still=lambda: verified_caller(request, Role.VIEWER, again=True),
        )  # fmt: skip
