"""Streams that last as long as something else does end once their caller may look no longer."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

from fastapi import Request

from burnish_gateway.access.principal import Principal, Role
from burnish_gateway.deps import request_id_of, verified_caller
from burnish_gateway.execution.streaming import error_event
from burnish_shared.errors import BurnishError, Forbidden, TokenExpired, Unavailable

RECHECK_S: Final = 1.0
"""How often is asked, in memory, whether the caller may still look (PROMISES: a revocation works within a second)."""


ACCESS_ENDED: Final = "Your access has ended."

Part = TypeVar("Part", bound=bytes | None)


async def still_may(request: Request, principal: Principal, *, may_expire: bool = False) -> bool:
    """Asked as the first time. While PostgreSQL is away, whoever could look goes on looking: reading does everywhere. `may_expire`: a token
    whose time ran out meanwhile still counts, for the one answer that was asked for with it."""
    try:
        return (await verified_caller(request, Role.VIEWER, again=True)).workspace_id == principal.workspace_id
    except Unavailable:
        return True
    except TokenExpired:
        return may_expire
    except BurnishError:
        return False


async def while_allowed(parts: AsyncGenerator[Part, None], request: Request, principal: Principal) -> AsyncGenerator[Part | bytes, None]:
    """`parts`, of which none leaves RECHECK_S after the caller's access has ended: an `error` comes in its place, and nothing after it.
    Asked at each of them: those that say only that something lives (None) belong in here, and `paced` around it."""
    now = asyncio.get_running_loop().time
    checked_at = now()
    async with contextlib.aclosing(parts):
        async for part in parts:
            if now() - checked_at >= RECHECK_S:
                checked_at = now()
                if not await still_may(request, principal):
                    yield error_event(Forbidden(ACCESS_ENDED), request_id=request_id_of(request))
                    return
            yield part
