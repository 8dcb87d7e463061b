"""From a prompt that was rewritten as a whole back to single edits, where that can be done (SCIENCE section 3)."""

from dataclasses import dataclass
from typing import Final

from burnish_optimizer.search.likeness import Likeness, align
from burnish_optimizer.search.render import SECTIONS, section_of
from burnish_optimizer.search.task import Edit

SAME_LINE: Final = 0.25
"""So alike is a line to one that the rewriter had before its eyes that it counts as that line in other words."""

NEW_LINES_MOST: Final = 4
_TITLES: Final = frozenset(title for _, title in SECTIONS)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a rewriting did. `edits` is empty where it cannot be told, and then `is_opaque` says so."""

    edits: tuple[Edit, ...]
    is_opaque: bool
    reworded: int


def differences(prompt: str, rewritten: str, *, own_lines: frozenset[str], likeness: Likeness) -> Difference:
    """Single edits that make `rewritten` of `prompt`. Lines that merely say the same in other words make none.

    `own_lines` are lines of the incumbent: they alone can be deleted; what else is missing was an edit of ours, which the race judges.
    A rewriting is opaque where too much is new, or where nothing new can be told from old lines in other words.
    """
    old, new = lines_of(prompt), lines_of(rewritten)
    found = align(old, new, likeness, least=SAME_LINE)
    reworded = sum(old[i] != new[j] for i, j in found.pairs)
    sure = [j for j in found.added if j not in found.unsure]
    if len(found.added) > NEW_LINES_MOST or (found.unsure and not sure):
        return Difference((), is_opaque=True, reworded=reworded)
    added = tuple(Edit(section_of(new[j]), new[j]) for j in sure)
    lost = tuple(Edit("rules", "", operation="delete", line=old[i]) for i in found.lost if old[i] in own_lines and not added)
    return Difference((*added, *lost), is_opaque=False, reworded=reworded)


def lines_of(prompt: str) -> list[str]:
    """Lines with something in them, without the titles that rendering puts above sections."""
    return [line.strip() for line in prompt.split("\n") if line.strip() and line.strip() not in _TITLES]
