"""Whom a comment mentions."""

import re
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from burnish_gateway.comments import store
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField

MENTIONS_MOST: Final = 50

_MENTION = re.compile(r"(?<![\w@])@([^\s@<>()\[\],;:\"']{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)", re.IGNORECASE)


def parted(text: str, members: Collection[str]) -> list[str]:
    """The text in pieces: each other one, the second first, is an `@` and the address of one of these members (folded)."""
    pieces, at = [], 0
    for one in _MENTION.finditer(text):
        address = one[1].rstrip(".")
        if address.lower() in members:
            end = one.start(1) + len(address)
            pieces += [text[at : one.start()], text[one.start() : end]]
            at = end
    return [*pieces, text[at:]]


def mentioned_in(text: str) -> list[str]:
    """E-mail addresses behind an `@`, folded, each once."""
    return list(dict.fromkeys(one.rstrip(".").lower() for one in _MENTION.findall(text)))[:MENTIONS_MOST]


async def mentions_of(tx: Tx, text: str, named: Sequence[UUID]) -> list[UUID]:
    """The members of `named`, and those whose addresses stand in the text. Raises InvalidField for a named one who is no member."""
    known = await store.names_of_members(tx, named)
    stranger = next((one for one in named if one not in known), None)
    if stranger is not None:
        raise InvalidField(f"mentions: {stranger} is no member of this workspace.", param="mentions")
    return list(dict.fromkeys([*named, *await store.members_by_email(tx, mentioned_in(text))]))[:MENTIONS_MOST]
