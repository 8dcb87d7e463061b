"""Two histories of one slug, by the fingerprints of their versions: does one go on where the other ends? Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["created", "extended", "unchanged", "conflict"]


@dataclass(frozen=True, slots=True)
class Compared:
    """`added`: versions that are not here; `reason`: of a conflict, where the two differ first."""

    outcome: Outcome
    added: int
    reason: str | None = None


def compared(slug: str, given: Sequence[bytes], held: Sequence[bytes] | None) -> Compared:
    """`held`: what stands under the slug here; None: nothing."""
    if held is None:
        return Compared("created", len(given))
    same = min(len(held), len(given))
    if list(held[:same]) != list(given[:same]):
        first = next(n for n in range(same) if held[n] != given[n]) + 1
        why = f"Version {first} of '{slug}' says something else here; rename one of the two, or add it as a new version."
        return Compared("conflict", 0, why)
    if set(held[same:]) & set(given[same:]):
        return Compared("conflict", 0, f"The versions of '{slug}' came in another order here.")
    added = len(given) - same
    return Compared("extended" if added else "unchanged", added)
