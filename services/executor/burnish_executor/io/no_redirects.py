"""Redirects are not followed by a process whose libraries would (LiteLLM's httpx clients do): where one leads to was not asked for, and
only `Authorization` and cookies would be left behind; `x-api-key` and its like would go along to whoever it names."""

import functools
from typing import Any, Final

import httpx

MARK: Final = "_burnish_follows_no_redirects"
"""An attribute of our own function alone. `__wrapped__` has every wrapper, such as one of a tracing library, and it follows."""


def follow_no_redirects() -> None:
    """From here on, whatever a client of httpx in this process was told: a redirect is an answer. Idempotent."""
    for kind in (httpx.Client, httpx.AsyncClient):
        send: Any = kind.send
        if not hasattr(send, MARK):
            kind.send = _without(send)  # type: ignore[method-assign]


def _without(send: Any) -> Any:
    @functools.wraps(send)
    def sent(self: Any, request: httpx.Request, **options: Any) -> Any:
        return send(self, request, **options | {"follow_redirects": False})

    setattr(sent, MARK, True)
    return sent
