"""Made-up sentences: every meaning can be said in several ways, and different meanings share some words of their trade.

A near wording keeps about three quarters of its words and may turn them round; a far one shares none of its own words with the usual
one, as when somebody else had written it. No method is told which meaning a line has.
"""

import random
from dataclasses import dataclass, field

_SYLLABLES = [
    "ba",
    "be",
    "bo",
    "da",
    "de",
    "di",
    "fa",
    "fe",
    "fo",
    "ga",
    "go",
    "ka",
    "ke",
    "ki",
    "la",
    "le",
    "lo",
    "ma",
    "me",
    "mi",
    "na",
    "ne",
    "no",
    "pa",
    "pe",
    "po",
    "ra",
    "re",
    "ri",
    "sa",
    "se",
    "so",
    "ta",
    "te",
    "to",
    "va",
    "ve",
    "vo",
    "za",
    "ze",
    "zu",
]
_TRADE = ["account", "order", "delivery", "payment", "number", "address", "manager", "window"]
"""Words that belong to the trade: two of them stand in every line, whatever it means."""

_SHAPES = (
    "When {0} {1} meets {2}, treat {3} {4} as {5} and mind {6} {7}.",
    "Treat {3} {4} as {5} when {0} {1} meets {2}; mind {6} {7}.",
    "Mind {6} {7}: {0} {1} with {2} means {3} {4} {5}.",
)
SLOTS = 6


def _word(dice: random.Random) -> str:
    return "".join(dice.choice(_SYLLABLES) for _ in range(3))


@dataclass(slots=True)
class Wordings:
    """What lines mean. `means` answers for every line that was ever said here, and None for any other."""

    seed: int
    far_share: float = 0.2
    """How often a new wording shares no word of its own with the usual one."""

    _words: dict[tuple[str, int], list[list[str]]] = field(default_factory=dict)
    _said: dict[str, tuple[str, int]] = field(default_factory=dict)

    def usual(self, meaning: tuple[str, int]) -> str:
        return self._say(meaning, [slot[0] for slot in self._slots(meaning)], 0)

    def another(self, meaning: tuple[str, int], dice: random.Random) -> str:
        """A wording of this meaning, near or far."""
        slots = self._slots(meaning)
        if dice.random() < self.far_share:
            words = [dice.choice(slot[1:]) for slot in slots]
        else:
            words = [slot[0] if dice.random() < 0.75 else dice.choice(slot[1:]) for slot in slots]
        return self._say(meaning, words, dice.randrange(len(_SHAPES)))

    def remember(self, line: str, meaning: tuple[str, int]) -> str:
        self._said[line] = meaning
        return line

    def means(self, line: str) -> tuple[str, int] | None:
        return self._said.get(line.strip())

    def _slots(self, meaning: tuple[str, int]) -> list[list[str]]:
        if meaning not in self._words:
            dice = random.Random(f"{self.seed}/{meaning}")
            self._words[meaning] = [[_word(dice) for _ in range(4)] for _ in range(SLOTS)]
        return self._words[meaning]

    def _say(self, meaning: tuple[str, int], words: list[str], shape: int) -> str:
        trade = random.Random(f"{self.seed}/trade/{meaning}").sample(_TRADE, 2)
        return self.remember(_SHAPES[shape].format(*words, *trade), meaning)
