"""`chat`: a polite toy that restates the request and says that it is simulated. It knows nothing and does not pretend to."""

import re
from collections.abc import Sequence
from itertools import cycle, islice, takewhile

from burnish_simulator.reader.conversation import Message

RESTATED_CHARS = 280
"""How much of the request is given back."""
SHOWN = re.compile(r"^\[(?:file .*|image): .*\]$", re.M)
"""A file or image among the lines of a message, as `chat_request` describes it."""
SHOWN_MOST = 20
MAX_WORDS = 5_000
EXCUSE = "I am a simulated model, so I can repeat your request but not answer it."
ASKED_LENGTH = re.compile(r"\b(\d{1,5})\s+words\b", re.I)


def reply(messages: Sequence[Message]) -> str:
    """A short answer; a request that mentions `N words` gets an answer of exactly N (at most 5000), for tests of long answers."""
    asked = asked_in(messages)
    text = _restated(asked, turns=sum(message.role == "user" for message in messages), heard=_heard_in(messages))
    wanted = ASKED_LENGTH.search(asked)
    if wanted is None:
        return text
    return " ".join(islice(cycle(text.split()), min(int(wanted[1]), MAX_WORDS)))


def asked_in(messages: Sequence[Message]) -> str:
    """What the user said last; empty where no user said anything."""
    return next((message.text for message in reversed(messages) if message.role == "user"), "")


def _heard_in(messages: Sequence[Message]) -> list[str]:
    """What tools answered since the user spoke last."""
    since = takewhile(lambda message: message.role != "user", reversed(messages))
    return [message.text for message in since if message.role in ("tool", "function")][::-1]


def _restated(asked: str, *, turns: int, heard: Sequence[str]) -> str:
    short = shortened(asked)
    if not short:
        return "Hello. I am a simulated model: I only repeat what I am asked, and nothing was asked."
    unsaid = [one for one in SHOWN.findall(asked) if one not in short][:SHOWN_MOST]
    beside = f" With it came {' '.join(unsaid)}." if unsaid else ""
    again = f" This is question {turns} of our conversation." if turns > 1 else ""
    told = "".join(f" A tool answered: “{shortened(one)}”." for one in heard[:SHOWN_MOST])
    return f"Thank you for asking. You wrote: “{short}”{beside}{told}{again} {EXCUSE}"


def shortened(text: str) -> str:
    """At most RESTATED_CHARS of it, on one line."""
    said = " ".join(text[: 4 * RESTATED_CHARS].split())
    return said if len(said) <= RESTATED_CHARS else said[:RESTATED_CHARS].rstrip() + "…"
