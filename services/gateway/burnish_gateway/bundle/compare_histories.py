"""Two histories of one slug, by the fingerprints of their versions: does one go on where the other ends? Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["created", "extended", "unchanged", "conflict"]


@dataclass(frozen=True, slots=True)
class Compared:
    """`added`: versions that are not here; `reason`: of a conflict, where the two differ first, and `other_from`: from which version on
    a number means another text here; None: none does."""

    outcome: Outcome
    added: int
    reason: str | None = None
    other_from: int | None = None


def compared(slug: str, given: Sequence[bytes], standing: Mapping[str, Any] | None) -> Compared:
    """`standing`: what stands under the slug here, its `hashes` and `archived_at`; None: nothing. What was put away gets no more."""
    if standing is None:
        return Compared("created", len(given))
    held: Sequence[bytes] = standing["hashes"]
    same = min(len(held), len(given))
    if list(held[:same]) != list(given[:same]):
        first = next(n for n in range(same) if held[n] != given[n]) + 1
        why = f"Version {first} of '{slug}' says something else here; rename one of the two, or add it as a new version."
        return Compared("conflict", 0, why, other_from=first)
    if set(held[same:]) & set(given[same:]):
        return Compared("conflict", 0, f"The versions of '{slug}' came in another order here.", other_from=same + 1)
    added = len(given) - same
    if added and standing["archived_at"] is not None:
        return Compared("conflict", 0, f"'{slug}' is archived here: {added:,} of its versions were left out; restore it, and import again.")
    return Compared("extended" if added else "unchanged", added)
