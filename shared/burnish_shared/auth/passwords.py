"""Passwords: what is accepted, and how they are hashed. Gateways hash in threads; the command line just so."""

import unicodedata
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from burnish_shared.errors import InvalidField

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
"""Argon2id with 19 MiB, 2 passes and 1 lane (OWASP Password Storage Cheat Sheet, read on 2026-11-20)."""

SHORTEST: Final = 10
LONGEST: Final = 200
"""NIST SP 800-63B, 5.1.1.2: length counts, no rules of composition, long passphrases are taken, the best known ones are refused."""

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


class PasswordHashing:
    """Argon2id with given parameters. Each call takes the memory, and some ten milliseconds of a core."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._nobody = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        """The PHC string of a password that `check_password` let through, as it was typed or composed."""
        return self._hasher.hash(compose(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password fits. Where nothing is stored, the same work is done and the answer is no."""
        try:
            fits = self._hasher.verify(self._nobody if stored is None else stored, compose(password))
        except (VerificationError, InvalidHashError):
            return False
        return fits and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than these."""
        return self._hasher.check_needs_rehash(stored)
