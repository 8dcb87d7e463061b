"""What a model is asked to make a text shorter, and whether what it answers may stand in the text's place. Pure (PRODUCT P11)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish_shared.prompt_compression import marked_parts, marks_of, unmarked

MIN_CHARS: Final = 200
"""A shorter text costs more to shorten than it saves."""

TEXTS_MOST: Final = 10

INSTRUCTIONS: Final = (
    "You shorten prompts for language models. The user gives you the text of one message of a prompt. "
    "Write the same message in fewer words. Keep its meaning, every instruction, condition, exception, number, name and example, "
    "its order and its line structure. "
    "Marks such as ⟦0⟧ stand for parts that stay: write each of them exactly once, unchanged and in the same order. "
    "Answer with the shortened message alone."
)

_SHOWN = re.compile("⟦(\\d+)⟧")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text whose kept parts are marks. `shown`: as the model sees it."""

    text: str
    marked: str
    kept: tuple[str, ...]

    @property
    def shown(self) -> str:
        return re.sub("\ue000(\\d+)\ue001", r"⟦\1⟧", self.marked)

    def request(self) -> list[dict[str, Any]]:
        """The messages that ask for it."""
        return [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": self.shown}]


def marked(text: str, *, keep: Sequence[str]) -> Marked | None:
    """None where it is not worth it, or marks stand in the text itself."""
    if len(text) < MIN_CHARS or _SHOWN.search(text) or "\ue000" in text:
        return None
    with_marks, kept = marked_parts(text, keep=keep)
    return Marked(text, with_marks, tuple(kept))


def why_not_asked(text: str) -> str:
    """Of a text that went to no model."""
    if len(text) < MIN_CHARS:
        return f"The model was not asked: to shorten fewer than {MIN_CHARS} characters costs more than it saves."
    if _SHOWN.search(text) or "\ue000" in text:
        return "The model was not asked: the text holds the marks (⟦0⟧) that stand for kept parts."
    return f"The model was not asked: it shortens at most {TEXTS_MOST} texts at once."


def shortened(asked: Marked, answer: str) -> tuple[str | None, str | None]:
    """The shorter text, or None and why the answer cannot stand for it."""
    said = answer.strip()
    if said.startswith("```") and said.endswith("```") and "```" not in asked.shown:
        said = said.partition("\n")[2].rpartition("```")[0].strip()
    returned = _SHOWN.sub("\ue000\\1\ue001", said)
    if marks_of(returned) != marks_of(asked.marked):
        return None, "The model's answer left out, repeated or moved a part that must stay (a variable, code, or a locked block)."
    whole = unmarked(returned, asked.kept)
    if not whole or len(whole) >= len(asked.text):
        return None, "The model's answer was not shorter."
    return whole, None
