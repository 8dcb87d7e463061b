"""`chat`: a polite toy that restates the request and says that it is simulated. It knows nothing and does not pretend to."""

import re
from collections.abc import Sequence
from itertools import cycle, islice

from burnish_simulator.reader.conversation import Message

RESTATED_CHARS = 280
"""How much of the request is given back."""
SHOWN = re.compile(r"^\[(?:file .*|image): .*\]$", re.M)
"""A file or image among the lines of a message, as `chat_request` describes it."""
SHOWN_MOST = 20
MAX_WORDS = 5_000
ASKED_LENGTH = re.compile(r"\b(\d{1,5})\s+words\b", re.I)


def reply(messages: Sequence[Message]) -> str:
    """A short answer; a request that mentions `N words` gets an answer of exactly N (at most 5000), for tests of long answers."""
    asked = next((message.text for message in reversed(messages) if message.role == "user"), "")
    text = _restated(asked, turns=sum(message.role == "user" for message in messages))
    wanted = ASKED_LENGTH.search(asked)
    if wanted is None:
        return text
    return " ".join(islice(cycle(text.split()), min(int(wanted[1]), MAX_WORDS)))


def _restated(asked: str, *, turns: int) -> str:
    said = " ".join(asked[: 4 * RESTATED_CHARS].split())
    if not said:
        return "Hello. I am a simulated model: I only repeat what I am asked, and nothing was asked."
    short = said if len(said) <= RESTATED_CHARS else said[:RESTATED_CHARS].rstrip() + "…"
    unsaid = [one for one in SHOWN.findall(asked) if one not in short][:SHOWN_MOST]
    beside = f" With it came {' '.join(unsaid)}." if unsaid else ""
    again = f" This is question {turns} of our conversation." if turns > 1 else ""
    return (
        f"Thank you for asking. You wrote: “{short}”{beside}{again} I am a simulated model, so I can repeat your request but not answer it."
    )
