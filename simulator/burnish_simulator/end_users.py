"""Simulated end users: people who react to an answer by whether it was right. Used by the demo and by tests of feedback.

Of 100 users 40 say nothing. Of the others 5 in 100 press the wrong thumb. Of those who press thumb-down half add a comment, of those who
press thumb-up one in ten. What they write follows from what went wrong, as they see it.
"""

from dataclasses import dataclass
from typing import Literal

from burnish_simulator.dice import unit
from burnish_simulator.judge import overlap

SILENT_SHARE = 0.40
MISTAKEN_SHARE = 0.05
UNHAPPY_COMMENT_SHARE, HAPPY_COMMENT_SHARE = 0.50, 0.10
"""Set by hand: they give a demo of believable feedback, and are no claim about real users."""

CHATTER_WORDS = 4
"""An answer longer than the expected one by more words than this is felt to be chatter."""

PRAISE = ("That was quick, thanks.", "Exactly right.", "Went to the right people at once.", "Works well.")
WRONG = (
    "This ended up in the wrong place.",
    "Wrong. It is about {expected}, not about this.",
    "I had to pass this on to {expected} by hand.",
    "Not what I asked for.",
)
WORDY = ("I only needed the name, not an explanation.", "Too much talk. I wanted {expected}.", "Our system could not read this answer.")
EMPTY = ("I got an empty answer.", "Nothing came back.")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a user does; both None when the user says nothing."""

    thumb: Literal["up", "down"] | None
    comment: str | None


def react(answer: str, expected: str, *, dice: int | str) -> Reaction:
    """How one user reacts: the same for the same arguments. `dice` stands for the person, for example a seed and a number."""
    if unit("silent", dice) < SILENT_SHARE:
        return Reaction(None, None)
    pleased = is_right(answer, expected) != (unit("mistaken", dice) < MISTAKEN_SHARE)
    share = HAPPY_COMMENT_SHARE if pleased else UNHAPPY_COMMENT_SHARE
    comment = _comment(answer, expected, pleased=pleased, dice=dice) if unit("comments", dice) < share else None
    return Reaction("up" if pleased else "down", comment)


def is_right(answer: str, expected: str) -> bool:
    """Equal but for case, surrounding spaces and final marks."""
    return overlap(answer, expected) == 1.0


def _comment(answer: str, expected: str, *, pleased: bool, dice: int | str) -> str:
    said = _words_for(answer, expected, pleased=pleased)
    return said[int(unit("words", dice) * len(said))].format(expected=expected.replace("_", " "))


def _words_for(answer: str, expected: str, *, pleased: bool) -> tuple[str, ...]:
    if pleased:
        return PRAISE
    if not answer.strip():
        return EMPTY
    return WORDY if len(answer.split()) > len(expected.split()) + CHATTER_WORDS else WRONG
