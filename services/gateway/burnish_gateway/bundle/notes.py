"""What an import tells of a file beside its outcomes: what it could not take, and what is otherwise here. Pure."""

from dataclasses import dataclass, field
from typing import Final

NOTES_MOST: Final = 200
"""Of a foreign file: more are counted and not listed."""


@dataclass(slots=True)
class Notes:
    """In the order in which it was found. `lost`: how many of them say that something was not taken; the others lose nothing."""

    texts: list[str] = field(default_factory=list)
    lost: int = 0

    def lose(self, text: str) -> None:
        """Something of the file is not here afterwards."""
        self.texts.append(text)
        self.lost += 1

    def tell(self, text: str) -> None:
        """All of it is here, and somebody has to know something."""
        self.texts.append(text)

    def join(self, others: "Notes") -> None:
        self.texts += others.texts
        self.lost += others.lost

    def listed(self) -> "Notes":
        """With no more texts than a reader has use for; `lost` counts the others, too."""
        more = len(self.texts) - NOTES_MOST
        rest = [f"There are {more} more notes, which are not listed."] if more > 0 else []
        return Notes([*self.texts[:NOTES_MOST], *rest], self.lost)
