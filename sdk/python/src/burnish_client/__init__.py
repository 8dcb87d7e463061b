"""Client of Burnish.

from burnish_client import Burnish

burnish = Burnish()                     # BURNISH_BASE_URL, BURNISH_API_KEY
answer = burnish.execute("greeting", {"name": "Ada"}, user_id="user-1")
burnish.feedback(answer["id"], thumb="up", user_id="user-1")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish_client.aio import AsyncBurnish, AsyncTextStream
    from burnish_client.client import Burnish, TextStream
    from burnish_client.errors import (
        ApiError,
        BadRequest,
        BurnishError,
        Conflict,
        Forbidden,
        NotFound,
        NotReached,
        PaymentRequired,
        RateLimited,
        ServerError,
        StreamBroke,
        Unauthenticated,
    )
    from burnish_client.prompts import Prompt
    from burnish_client.webhooks import InvalidWebhook, verify_webhook

    __version__: str

__all__ = [
    "ApiError",
    "AsyncBurnish",
    "AsyncTextStream",
    "BadRequest",
    "Burnish",
    "BurnishError",
    "Conflict",
    "Forbidden",
    "InvalidWebhook",
    "NotFound",
    "NotReached",
    "PaymentRequired",
    "Prompt",
    "RateLimited",
    "ServerError",
    "StreamBroke",
    "TextStream",
    "Unauthenticated",
    "verify_webhook",
]

_MODULES = {
    "ApiError": "errors",
    "AsyncBurnish": "aio",
    "AsyncTextStream": "aio",
    "BadRequest": "errors",
    "Burnish": "client",
    "BurnishError": "errors",
    "Conflict": "errors",
    "Forbidden": "errors",
    "InvalidWebhook": "webhooks",
    "NotFound": "errors",
    "NotReached": "errors",
    "PaymentRequired": "errors",
    "Prompt": "prompts",
    "RateLimited": "errors",
    "ServerError": "errors",
    "StreamBroke": "errors",
    "TextStream": "client",
    "Unauthenticated": "errors",
    "verify_webhook": "webhooks",
}
"""Where each name lies. It is loaded when it is first used: a command that asks nobody need not wait for an HTTP client."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module(f"{__name__}.wire").VERSION
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
