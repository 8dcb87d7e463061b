"""Generations of a search as they are kept, exported and imported (PRODUCT O8). A candidate is named by its line and its text."""

from hashlib import sha256
from typing import Final, Literal
from uuid import UUID, uuid5

EdgeKind = Literal["derived_from", "mutated_from", "branch_of", "crossover_of", "cherry_picked_from", "cloned_from", "compressed_from"]

MEMBERS_MOST: Final = 200
"""Candidates of one generation; the table checks the same."""

_KIND: Final[dict[str, EdgeKind]] = {"crossover": "crossover_of", "compress": "compressed_from", "compression": "compressed_from"}


def digest_of(text: str) -> bytes:
    """SHA-256 of the text: what evaluations of it are kept under."""
    return sha256(text.encode()).digest()


def candidate_id(line_id: UUID, digest: bytes) -> UUID:
    """The same in every run of the same search, so that whoever writes it again after a crash writes nothing new."""
    return uuid5(line_id, digest.hex())


def kind_of(made_by: str) -> EdgeKind:
    """How a candidate comes from its parents, by what made it: an operator's name, else it was mutated."""
    return _KIND.get(made_by, "mutated_from")
