"""Passwords: what is accepted, and Argon2id in a thread, a few at a time."""

import asyncio
import unicodedata
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from burnish_shared.errors import InvalidField, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST: Final = 10
LONGEST: Final = 200
"""NIST SP 800-63B, 5.1.1.2: length counts, no rules of composition, long passphrases are taken, the best known ones are refused."""

AT_ONCE: Final = 2
"""Each takes `memory_kib` for some ten milliseconds of a core; more at once would only wait for the cores."""

MOST_WAITING: Final = 64

WORST: Final = frozenset(
    "0123456789 0987654321 1234567890 12345678910 123456789a 123456789q 1234567891 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc "  # noqa: SIM905
    "abcdefghij abcd123456 administrator adminadmin admin12345 admin123456 asdfghjkl1 asdfghjkl; burnishburnish changeme12 "
    "changeme123 changemenow football12 iloveyou12 iloveyou123 letmein123 letmeinplease mypassword p@ssw0rd123 passw0rd12 "
    "password01 password10 password11 password12 password123 password1234 password12345 password!! passwordpassword "
    "princess12 q1w2e3r4t5 qazwsxedcrfv qwerty1234 qwerty12345 qwerty123456 qwertyuiop qwertyuiop123 qwertzuiop secret1234 "
    "starwars12 sunshine12 superman12 trustno1trustno1 welcome123 welcome1234 zxcvbnm123".split()
)
"""Those of ten characters and more that lists of leaked passwords begin with, and what people write where Burnish is new."""


def check_password(password: str, *, email: str, field: str = "password") -> str:
    """The password as it is hashed. Raises InvalidField that says what is wrong, and never repeats it."""
    composed = compose(password)
    if not SHORTEST <= len(composed) <= LONGEST:
        raise InvalidField(f"{field}: must have {SHORTEST} to {LONGEST} characters; this one has {len(composed)}.", param=field)
    folded = composed.casefold().strip()
    if folded in {email, email.partition("@")[0]}:
        raise InvalidField(f"{field}: must not be the e-mail; choose something that only you know.", param=field)
    if folded in WORST or len(set(folded)) <= 2:
        raise InvalidField(f"{field}: is one of the first that anybody would try; choose another.", param=field)
    return composed


def compose(password: str) -> str:
    """The same characters however a keyboard composes them (NFKC, as NIST SP 800-63B advises)."""
    return unicodedata.normalize("NFKC", password)


class Passwords:
    """Hashes and verifies in threads, at most AT_ONCE at a time. Defaults of the settings: OWASP Password Storage Cheat Sheet."""

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._nobody = self._hasher.hash("nobody's password")
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The PHC string of a password that `check_password` let through. Raises Unavailable when too many wait."""
        return await self._in_turn(self._hasher.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits. Where nothing is stored, the same work is done and the answer is no."""
        return await self._in_turn(self._verify, stored, compose(password))

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _verify(self, stored: str | None, password: str) -> bool:
        try:
            fits = self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return fits and stored is not None

    async def _in_turn(self, work: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        if self._waiting >= MOST_WAITING:
            raise Unavailable("Too many people sign in at once; try again.", retry_after_s=2)
        self._waiting += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(work, *args, **more)
        finally:
            self._waiting -= 1
