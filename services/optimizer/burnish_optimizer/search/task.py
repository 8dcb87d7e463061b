"""The words of the search: what it is given, what it asks for, what it gives back. No I/O, no clock, no dice."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal

from burnish_shared.prompt_contract import FREE, Contract
from burnish_shared.search_budget import CANDIDATE_SIZES, HEADROOM_ITEMS, SEARCH_ITEMS_LEAST

Operation = Literal["add", "replace", "delete"]
FinishReason = Literal["confirmed", "not_confirmed", "nothing_found", "nothing_to_gain", "no_headroom", "not_enough_data", "opaque"]


@dataclass(frozen=True, slots=True)
class Item:
    """One case of a dataset. `id` names it in every memo; two items with the same text are still two items."""

    id: str
    input: str
    expected: str
    """Empty: there is no right answer, and something else judges what is answered."""

    is_anchor: bool = False
    """An anchor that the incumbent gets right is got right by every candidate that is suggested."""

    @property
    def is_open(self) -> bool:
        return not self.expected


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be improved, and on what. There is no room for a test split here, on purpose (PROMISES O-03)."""

    prompt: str
    train: tuple[Item, ...]
    validation: tuple[Item, ...]
    examples_allowed: bool = False
    """Whether text made from training items may enter the prompt as examples; the workspace decides."""

    contract: Contract = FREE
    canaries: tuple[str, ...] = ()
    """Strings that stand nowhere but in data that no prompt may repeat: an edit that holds one was copied."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One atomic change: a line added to a section, or one line of the prompt replaced or deleted. Never a whole new prompt."""

    section: str
    text: str
    operation: Operation = "add"
    line: str = ""
    """For replace and delete: the line of the incumbent's text that goes, as it stands there without outer blanks."""

    rationale: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """One evaluation: how well one prompt did on one item, from 0 to 1."""

    score: float
    output: str
    cost_nusd: int = 0
    said: str = ""
    """What who judged it found wanting, in words; empty where nobody said anything."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that fell short, as whoever proposes edits is shown it."""

    item: Item
    output: str
    said: str = ""
    """As `Scored.said`."""

    @classmethod
    def of(cls, item: Item, answer: Scored) -> "Failure":
        return cls(item, answer.output, answer.said)


@dataclass(frozen=True, slots=True)
class Reflection:
    """What the one who proposes gets to see: a prompt, failures under it, and cases it gets right. Train items only."""

    number: int
    """Counts from 0 within a search; with the seed of the job it makes the proposal repeatable."""

    prompt: str
    failed: tuple[Failure, ...]
    right: tuple[Item, ...]
    theme: tuple[str, ...] = ()
    """Words that tell apart one cluster of complaints, where the reflection is about one."""

    comments: tuple[str, ...] = ()
    """Some complaints of that cluster, as data."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The answer to a reflection. No edits at all is an answer too."""

    edits: tuple[Edit, ...]
    cost_nusd: int = 0
    rewritten: str | None = None
    """The whole prompt anew, from a model that could not be brought to single edits; it is taken apart where that can be done."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A proposed edit that never entered the race, and why."""

    edit: Edit
    reason: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit did in the race: posterior mean and standard deviation of its effect on the score, over the items it was tried on."""

    edit: Edit
    mean: float
    sd: float
    observations: int
    state: Literal["chosen", "alive", "dropped"]
    theme: tuple[str, ...] = ()
    """The cluster of complaints that this edit came of."""


@dataclass(slots=True)
class EditsSoFar:
    """What has become of the edits of one search by now: what a search that is cut short leaves behind. None of them is chosen yet."""

    effects: Callable[[], tuple[Effect, ...]] = lambda: ()
    rejected: list[Rejected] = field(default_factory=list)
    tried: Callable[[], tuple[Any, ...]] = lambda: ()
    """Each whole text that was tried, as `Tried`."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A prompt that the search would put in the incumbent's place."""

    prompt: str
    effects: tuple[Effect, ...]
    baseline_scores: tuple[float, ...]
    """The incumbent's scores on the validation items, in their order."""

    scores: tuple[float, ...]
    optimism: float = 0.0
    """How much of its mean on validation is expected to be the luck of having been chosen there."""

    @property
    def expected(self) -> float:
        """What it is expected to score on new items; 0 without any validation item."""
        return sum(self.scores) / len(self.scores) - self.optimism if self.scores else 0.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How a search ended. `candidate` is None unless `finish_reason` is `confirmed`."""

    finish_reason: FinishReason
    candidate: Candidate | None
    evaluations: int
    proposals: int
    rounds: int
    spent_nusd: int
    effects: tuple[Effect, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    generations: tuple[Any, ...] = ()
    """`Generation`s of the methods that have them, for lineage, and for beginning again from one."""

    tried: tuple[Any, ...] = ()
    """Each `Tried`: whole texts and choices, of the methods that go by them and write no generations down."""

    themes: tuple[Any, ...] = ()
    """Each `Theme` of comments that was asked about; the edits that came of it name its words."""

    notes: tuple[str, ...] = ()
    """What else is to be said, in words for people: why a method did not do what it was asked for."""

    stages: int = 0
    """How many times the search had to wait for answers before it could go on: what is left of its time when nothing limits calls."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What the search may use. What is reserved is for the measurement afterwards; the search never touches it."""

    evaluations: int
    nusd: int | None = None
    reserved_evaluations: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    evaluations: int
    spent_nusd: int
    best: float | None
    """Estimated gain of the best candidate so far over the incumbent, or None before there is one."""

    champion: str | None = None
    """The text that would go to the last look if the search ended here. None: the incumbent."""

    stages: int = 0
    rounds: int = 0
    generations: tuple[Any, ...] = ()
    """All `Generation`s so far, of the methods that have them."""


Evaluate = Callable[[str, Item], Coroutine[Any, Any, Scored]]
Propose = Callable[[Reflection], Coroutine[Any, Any, Proposal]]
Report = Callable[[Progress], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How the race is run. Arms, items, evaluations a proposal and the model's variances hold where `adapts` is off; else they are where
    it begins, and follow from the effects that are seen (`pace.py`, `EffectModel.adapt`).
    """

    adapts: bool = True
    arms: int = 4
    items_per_round: int = 12
    evaluations_per_proposal: int = 8
    undecided_cap: int = 80
    observation_variance: float = 0.14
    prior_mean: float = 0.025
    prior_sd: float = 0.1
    dead_below_z: float = -1.645
    retire_after_observations: int = 200
    heard_above_z: float = 1.645
    """From so many deviations above nothing on an edit that came of comments is believed in, as one is buried that far below."""

    rewritten_above_z: float = 0.5
    rewritten_edits_most: int = 8
    """Which edits of the leader a reflection sees that gives back whole prompts in other words: so sure ones, and so many."""

    challenge_block: int = 8
    challenge_keep: float = 0.8
    challenge_kill: float = 0.15
    """How many items at a time a text meets the champion on validation of which no model expects anything, and when P(it wins) keeps or
    ends that."""

    expected_block: int = 5
    expected_keep: float = 0.85
    expected_doubt: float = 0.03
    """The same for a combination of which the model expects something: how many items at a time, the chance to be better that is enough,
    and how far, as a standard deviation, the gain on validation items may lie from that on train items."""

    shown_failures_least: int = 3
    """From so many failures of the leader on, nobody else's are shown."""

    shown_failures: int = 8
    shown_other_failures: int = 4
    shown_right: int = 24

    candidate_sizes: tuple[int | None, ...] = CANDIDATE_SIZES

    confirm_p: float = 0.03
    confirms_by_train: bool = False
    """Whether train items that the leader met for the first time may help validation to confirm (decision 54)."""

    headroom_items: int = HEADROOM_ITEMS
    ceiling: float = 0.97
    min_items: int = SEARCH_ITEMS_LEAST

    futility_after_evaluations: int = 700
    futility_rounds: int = 12
    futility_min_gain: float = 0.02
    futility_z: float = 1.0
    """The stop rule. On fresh seeds it ended 20 of 32 searches without anything to find at about 700 evaluations instead of 2,400, and
    0 of 32 where a gain of 0.10 was to be had (3 of 32 on the seeds it was chosen on); from 600 on it would end 15 of 16, and 8 of 32."""

    idle_rounds: int = 40
    saturated_rounds: int = 30
    """After so many rounds in a row that asked hardly anything new (`saturated_rounds`: and brought no new edit), all that is asked is
    known: proposals are paid too, and where few lines may change new ones come for ever. With 12 a search with one who seldom proposes
    something good ended too early (decision 71)."""


BEFORE_PROOF: Final = Settings(confirm_p=0.15, confirms_by_train=True)
"""For who measures the winner once more on items that the search never saw, and claims nothing without that: here confirmation only saves
such looks. With 99 validation items the stricter bound, which is for who has no test items, stopped 13 of 60 searches that had found 15
points (decision 0050), and validation alone still 8 of 64 (decision 0054)."""


def digest(text: str) -> str:
    """The content hash by which prompts are memoized and named in the books: SHA-256 of the UTF-8 bytes, in hex."""
    return sha256(text.encode()).hexdigest()
