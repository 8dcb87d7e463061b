"""Find in a conversation what is instruction and what is the text to be judged. Only the words of the messages are looked at.

1. System and developer messages are instruction. Earlier user and assistant messages are worked examples (`Input: … / Label: …`).
2. In the last user message the text is, in this order: what stands in a pair of tags (`<ticket>…</ticket>`) or between triple quotes; what
   follows the last line that starts with `Ticket:`, `Message:`, `Input:`, `Text:` or the like; the last paragraph, when nothing but this
   message instructs; else the whole message. What stands around it is instruction too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burnish_simulator.reader.read_prompt import MAX_LINE_CHARS, form_of

MAX_TEXT_CHARS: Final = 1_000_000
"""Of one conversation. The server refuses more before it comes here."""

TAGGED = re.compile(r"<(ticket|message|input|text|email|query|question)>(.*?)</\1>", re.I | re.S)
FENCED = re.compile(r'"""(.+?)"""|```(?:\w*\n)?(.+?)```', re.S)
MARKED = re.compile(r"^(?:(?:customer|user|support)(?:'s)?\s+)?(?:ticket|message|input|text|email|query|question)\s*:[ \t]*", re.I | re.M)
CUE = re.compile(r"^(?:output|label|queue|answer|category|intent)\s*:\s*$", re.I)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation: its role and its text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Task:
    """What to do (`instructions`) and with what (`text`)."""

    instructions: str
    text: str


def find_task(messages: Sequence[Message]) -> Task:
    """Split a conversation. A conversation without a user message has no text."""
    asked = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    told = [_as_instruction(message) for i, message in enumerate(messages) if i != asked]
    if asked is None:
        return Task("\n".join(told), "")
    instructed = any(message.role in ("system", "developer") for message in messages)
    around, text = split_request(messages[asked].text, instructed=instructed)
    return Task("\n".join([*told, *around]), text)


def split_request(request: str, *, instructed: bool) -> tuple[list[str], str]:
    """The instructions around the text of one user message, and the text. `instructed`: a system message says what to do."""
    if found := TAGGED.search(request):
        return _around(request, found.start(), found.end()), found[2].strip()
    if found := FENCED.search(request):
        return _around(request, found.start(), found.end()), (found[1] or found[2]).strip()
    if marks := list(MARKED.finditer(request)):
        text, after = _without_instructions(request[marks[-1].end() :])
        return [*_around(request, marks[-1].start(), len(request)), *after], text
    before, _, last = request.strip().rpartition("\n\n")
    return ([before], last.strip()) if before and not instructed else ([], request.strip())


def _around(request: str, start: int, end: int) -> list[str]:
    return [part for part in (request[:start].strip(), request[end:].strip()) if part]


def _without_instructions(marked: str) -> tuple[str, list[str]]:
    """Take instructions about the form, and an empty `Label:`, off the end of a marked text."""
    lines = marked.strip().splitlines()
    after: list[str] = []
    while len(lines) > 1 and (not lines[-1].strip() or CUE.match(lines[-1].strip()) or form_of(lines[-1].strip()[:MAX_LINE_CHARS])):
        after.append(lines.pop().strip())
    return "\n".join(lines).strip(), [line for line in reversed(after) if line and not CUE.match(line)]


def _as_instruction(message: Message) -> str:
    one_line = " ".join(message.text.split())
    match message.role:
        case "user":
            return f"Input: {one_line}"
        case "assistant":
            return f"Label: {one_line}"
        case _:
            return message.text
