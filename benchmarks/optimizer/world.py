"""A world in which it is known what every prompt is worth (the description is that of SCIENCE section 2).

Ten latent rules; an item needs some of them. p(right) = 0.95 · 0.6^(rules missing) · 0.8^(distractors in the prompt) · 0.985^(lines
beyond 14), and answers to one item are correlated 0.7 between prompts. Eight distractors do harm; a memorised item helps itself alone.
"""

import random
from dataclasses import dataclass, field
from hashlib import blake2b
from math import sqrt
from statistics import NormalDist, fmean

from benchmarks.optimizer.wording import Wordings

PREVALENCES = tuple(round(0.6 * 10 ** (-k / 9), 4) for k in range(10))
SHARED = 0.7
LINES_FREE = 14
DISTRACTORS = 8
LABELS = ("cards", "loans", "limits", "travel")
INTRO = ("You sort what people write.", "Answer with one of these names: cards, loans, limits, travel.")
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the worlds. `reveals` and the rest are shares of what a reflection does; what is left over re-words a line."""

    name: str
    best: float = 0.95
    missing: float = 0.6
    reveals: float = 0.40
    distracts: float = 0.20
    loses: float = 0.12
    memorises: float = 0.13
    rules_a_call: int = 1
    depends: bool = False
    rewords: str = "never"
    """never · line: each new line in words of its own · whole: every line of the prompt anew at each reflection."""

    far_share: float = 0.2
    train: int = 60
    validation: int = 60
    nothing_to_gain: bool = False


KINDS = {
    kind.name: kind
    for kind in (
        Kind("base"),
        Kind("low signal", missing=0.835),
        Kind("dependencies", depends=True),
        Kind("weak reflector", reveals=0.20, distracts=0.25, loses=0.15, memorises=0.15),
        Kind("small data", train=30, validation=30),
        Kind("worded differently", rewords="line"),
        Kind("strong reflector", rules_a_call=3),
        Kind("whole prompt re-worded", rewords="whole"),
        Kind("whole prompt and no word kept", rewords="whole", far_share=1.0),
        Kind("nothing to gain", best=0.6, nothing_to_gain=True),
    )
}


@dataclass(frozen=True, slots=True)
class Case:
    """An item of the world. `needs` is what the world knows and no method sees."""

    id: str
    number: int
    input: str
    expected: str
    needs: frozenset[int]
    ease: float


def unit(*parts: object) -> float:
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 12) + 0.5) / 2**52


@dataclass(slots=True)
class World:
    kind: Kind
    seed: int
    wordings: Wordings = field(init=False)
    train: list[Case] = field(init=False)
    validation: list[Case] = field(init=False)
    test: list[Case] = field(init=False)
    calls: int = 0
    reflections: int = 0
    _read: dict[str, tuple[frozenset[int], int, frozenset[int], int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.wordings = Wordings(seed=self.seed, far_share=self.kind.far_share)
        for n, line in enumerate(INTRO):
            self.wordings.remember(line, ("intro", n))
        self.train = self._cases("train", self.kind.train)
        self.validation = self._cases("validation", self.kind.validation)
        self.test = self._cases("test", 400)

    @property
    def start(self) -> str:
        return "\n".join(INTRO)

    def answer(self, prompt: str, case: Case) -> bool:
        """One metric call: is the answer right? The same prompt and item always give the same answer."""
        self.calls += 1
        luck = _NORMAL.inv_cdf(unit(self.seed, prompt, case.id))
        return sqrt(SHARED) * case.ease + sqrt(1 - SHARED) * luck < _NORMAL.inv_cdf(min(max(self.chance(prompt, case), 1e-9), 1 - 1e-9))

    def chance(self, prompt: str, case: Case) -> float:
        rules, distractors, memorised, lines = self._facts(prompt)
        missing = 0 if case.number in memorised else len(case.needs - rules)
        long = max(0, lines - LINES_FREE)
        return self.kind.best * self.kind.missing**missing * 0.8**distractors * 0.985**long

    def accuracy(self, prompt: str) -> float:
        """Expected accuracy on test items: no method sees it."""
        return fmean(self.chance(prompt, case) for case in self.test)

    def gain(self, prompt: str) -> float:
        """Share of what can be gained that this prompt gains; in a world without anything to gain, the plain difference."""
        before = self.accuracy(self.start)
        room = 1.0 if self.kind.nothing_to_gain else self.kind.best - before
        return (self.accuracy(prompt) - before) / room

    def missing(self, prompt: str, case: Case) -> list[int]:
        """Rules that this item needs and that the prompt does not say, the most common first."""
        return sorted(case.needs - self._facts(prompt)[0])

    def lines(self, prompt: str) -> list[str]:
        """Lines that mean something, titles of sections left out."""
        return [line for line in (raw.strip() for raw in prompt.split("\n")) if line and self.wordings.means(line) is not None]

    def _facts(self, prompt: str) -> tuple[frozenset[int], int, frozenset[int], int]:
        if prompt not in self._read:
            self._read[prompt] = self._read_anew(prompt)
        return self._read[prompt]

    def _read_anew(self, prompt: str) -> tuple[frozenset[int], int, frozenset[int], int]:
        lines = [line.strip() for line in prompt.split("\n") if line.strip() and not line.strip().endswith(":")]
        meanings = [self.wordings.means(line) for line in lines]
        said = frozenset(n for meaning in meanings if meaning and meaning[0] == "rule" for n in [meaning[1]])
        works = frozenset(k for k in said if not self.kind.depends or k % 2 == 0 or k - 1 in said)
        distractors = len({meaning for meaning in meanings if meaning and meaning[0] == "distractor"})
        memorised = frozenset(meaning[1] for meaning in meanings if meaning and meaning[0] == "memo")
        return works, distractors, memorised, len(lines)

    def _cases(self, split: str, count: int) -> list[Case]:
        dice = random.Random(f"{self.seed}/{split}")
        shift = {"train": 0, "validation": 10_000, "test": 20_000}[split]
        return [self._case(split, shift + n, dice) for n in range(count)]

    def _case(self, split: str, number: int, dice: random.Random) -> Case:
        needs = frozenset() if self.kind.nothing_to_gain else frozenset(k for k, share in enumerate(PREVALENCES) if dice.random() < share)
        words = " ".join(f"w{dice.randrange(16**4):04x}".translate(str.maketrans("0123456789", "ghijklmnop")) for _ in range(12))
        return Case(f"{split}-{number}", number, words, LABELS[dice.randrange(len(LABELS))], needs, dice.gauss(0, 1))
