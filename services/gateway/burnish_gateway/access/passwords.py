"""Hashes and verifies passwords in threads, a few at a time."""

import asyncio
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from burnish_shared.auth.passwords import PasswordHashing
from burnish_shared.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

AT_ONCE: Final = 2
"""Each takes its memory and a core for some ten milliseconds; more at once would only wait for the cores."""

MOST_WAITING: Final = 64


class Passwords:
    """Argon2id, at most AT_ONCE at a time."""

    def __init__(self, hashing: PasswordHashing) -> None:
        self._hashing = hashing
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The PHC string of a password that `check_password` let through. Raises Unavailable when too many wait."""
        return await self._in_turn(self._hashing.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits. Where nothing is stored, the same work is done and the answer is no. Raises Unavailable."""
        return await self._in_turn(self._hashing.verify, stored, password)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hashing.is_outdated(stored)

    async def _in_turn(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Too many people sign in at once; try again.", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args, **more)
        finally:
            self._waiting -= 1
