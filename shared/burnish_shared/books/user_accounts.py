"""Which account one end user counts on, of a budget that holds for each of them (docs/decisions/0101). Pure."""

from hashlib import sha256
from typing import Final

EACH: Final = "*"
"""The target of a budget that holds for each end user by themselves."""

_USER_ACCOUNTS: Final = 1 << 62
"""Accounts of end users have ids from here on; all others come from a sequence."""


def user_account(account_id: int, end_user: str) -> int:
    """The account in which one end user counts against the budget of `account_id`: always the same, so nobody has to look it up.

    62 bits of SHA-256: of a million end users two share one with a chance of 1 to 9 million.
    """
    digest = sha256(f"{account_id}:{end_user}".encode("utf-8", "surrogatepass")).digest()
    return _USER_ACCOUNTS | int.from_bytes(digest[:8], "big") >> 2
