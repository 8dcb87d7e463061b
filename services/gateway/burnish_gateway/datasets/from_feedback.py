"""What people said of a prompt's answers as a dataset, for a search that names none (PRODUCT O1, `source: feedback`)."""

import bisect
import contextlib
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from burnish_gateway.datasets import from_feedback_store as store
from burnish_gateway.datasets import store as datasets_store
from burnish_gateway.datasets.add_items import add_items, create_dataset
from burnish_gateway.datasets.bodies import MOST_ITEMS
from burnish_gateway.datasets.dataset import Change, check_unarchived
from burnish_gateway.datasets.from_executions import items_of
from burnish_gateway.datasets.item import NewItem, gives
from burnish_gateway.outside import remember, remembered
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

FEEDBACK_DAYS: Final = 90
WORDS_MOST: Final = 10_000
WORDS_OF_A_VOICE: Final = 1_000
ITEMS_MOST: Final = 2_000

VOICE_SHARE: Final = 0.05
"""No voice says more of what is right (PROMISES O-08; `analytics/core/voices.py` says what a voice is)."""

VOICE_LEAST: Final = 3
"""So much each may say in any case: fewer than twenty people could say nothing else."""

SAID_BY: Final = "said_by"
"""In an item's metadata: the end user whose word makes it right. An erasure finds the person's items by it."""

LIKED_FROM: Final = 0.5
"""A score that is as good as a thumb up, as in the optimizer's `history_store`."""


@dataclass(frozen=True, slots=True)
class Word:
    """What one voice said of one answer. `right`: the correction; None: it liked the answer, or did not. `voice` "": see `said_of`."""

    execution_id: UUID
    voice: str
    end_user: str
    right: str | None
    is_liked: bool

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Word":
        value = row["value"] if row["value"] is not None else 0.0
        is_liked = (row["kind"] == "thumb" and value == 1) or (row["kind"] == "score" and value >= LIKED_FROM)
        return cls(row["execution_id"], row["voice"], row["end_user"], row["correction"] or None, is_liked)


@dataclass(frozen=True, slots=True)
class Right:
    """The right answer to an execution. `expected` None: its own."""

    expected: str | None
    said_by: str


async def dataset_of_feedback(tx: Tx, workspace_id: UUID, prompt: Prompt, *, variables: Collection[str], author: str) -> UUID:
    """The dataset of this prompt's searches from feedback, with what was said since: answers that people corrected, and those that they
    liked. Made the first time, and where items of the one there is do not give `variables`; an item that is there stays as it is.

    Idempotent. Raises InvalidField where nobody has said what is right, and Conflict where that dataset is archived: another one of the
    same items would have looks at its test split to spend again.
    """
    await store.lock_prompt(tx, prompt.prompt_id)
    right = await _newest_right(tx, workspace_id, prompt.prompt_id)
    items = [one for one in await _items(tx, workspace_id, right) if gives(one.input, variables)]
    if not items:
        raise InvalidField(
            f"source: in the last {FEEDBACK_DAYS} days nobody has corrected or liked an answer of '{prompt.slug}' whose text is kept and "
            "fits this version. Send corrections or thumbs as feedback, or give a dataset_id.",
            param="source",
        )
    change = Change(author, "from_feedback")
    for dataset_id in await store.datasets_of_searches(tx, workspace_id, prompt.prompt_id):
        if await store.fits(tx, workspace_id, dataset_id, variables):
            await _add(tx, workspace_id, dataset_id, items, change=change)
            return dataset_id
    made = await create_dataset(tx, workspace_id, f"What people said of {prompt.slug}", items, change=change)
    return made.dataset.dataset_id


async def _newest_right(tx: Tx, workspace_id: UUID, prompt_id: UUID) -> dict[UUID, Right]:
    """At most ITEMS_MOST, the newest first. A unit of work that runs again (`outside`) hears nothing that was said meanwhile, or it would
    begin anew with every reaction; what was forgotten meanwhile is left out.
    """
    what = ("right", prompt_id)
    known: dict[UUID, Right] | None = remembered(what)
    if known is None:
        rows = await store.said_of(tx, workspace_id, prompt_id, days=FEEDBACK_DAYS, most=WORDS_MOST, of_a_voice=WORDS_OF_A_VOICE)
        right = what_is_right([Word.of(dict(row)) for row in reversed(rows)])
        return remember(what, dict(itertools.islice(reversed(right.items()), ITEMS_MOST)))
    kept = await store.still_said(tx, workspace_id, [(execution_id, one.said_by) for execution_id, one in known.items()])
    return {execution_id: one for execution_id, one in known.items() if execution_id in kept}


def what_is_right(words: Sequence[Word]) -> dict[UUID, Right]:
    """By execution, those of the newest words last. `words`: the oldest first, so that what a voice may say stays what it was.

    The newest correction counts, else that somebody liked the answer and nobody disliked it. A voice that speaks beside others has at most
    its share; one alone is whoever keeps the books of a team.
    """
    heard: dict[str, dict[UUID, None]] = {}
    for word in words:
        if word.right or word.is_liked:
            heard.setdefault(word.voice, {}).setdefault(word.execution_id)
    nameless = len(heard.pop("", ()))
    most = allowance([len(one) for one in heard.values()], beside=nameless)
    allowed = {voice: set(itertools.islice(executions, most)) for voice, executions in heard.items()}
    disliked = {word.execution_id for word in words if word.right is None and not word.is_liked}
    found: dict[UUID, Right] = {}
    for word in words:
        is_heard = not word.voice or word.execution_id in allowed.get(word.voice, ())
        before = found.get(word.execution_id)
        if is_heard and word.right:
            found.pop(word.execution_id, None)
            found[word.execution_id] = Right(word.right, word.end_user)
        elif is_heard and word.is_liked and before is None and word.execution_id not in disliked:
            found[word.execution_id] = Right(None, word.end_user)
    return found


def allowance(counts: Iterable[int], *, beside: int) -> int | None:
    """The most that one voice may say: the largest m with m ≤ VOICE_SHARE · what is left of all with it, at least VOICE_LEAST.

    `counts`: what each voice has said; `beside`: what nobody's voice is. None: one voice says everything.
    """
    ordered = sorted(counts)
    if len(ordered) < 2 and not beside:
        return None
    sums = [0, *itertools.accumulate(ordered)]
    for most in range(ordered[-1] if ordered else 0, VOICE_LEAST, -1):
        place = bisect.bisect_right(ordered, most)
        if most <= VOICE_SHARE * (beside + sums[place] + most * (len(ordered) - place)):
            return most
    return VOICE_LEAST


async def _items(tx: Tx, workspace_id: UUID, right: Mapping[UUID, Right]) -> list[NewItem]:
    made: list[NewItem] = []
    if right:
        with contextlib.suppress(NotFound):  # Their rows are gone already: nothing is left to learn from.
            expected = {execution_id: one.expected for execution_id, one in right.items()}
            made, _ = await items_of(tx, workspace_id, expected, use_output=True, looks_up=False)
    return [_with_voice(item, right[UUID(item.metadata["execution_id"])]) for item in made]


def _with_voice(item: NewItem, right: Right) -> NewItem:
    source = "execution" if right.expected is None else "correction"
    return replace(item, metadata={**item.metadata, "source": source} | ({SAID_BY: right.said_by} if right.said_by else {}))


async def _add(tx: Tx, workspace_id: UUID, dataset_id: UUID, items: Sequence[NewItem], *, change: Change) -> None:
    """Those that are new, and that nobody took out of it, as far as there is room."""
    hashes = [one.content_hash for one in items]
    known = await datasets_store.known_hashes(tx, workspace_id, dataset_id, hashes)
    known |= (await datasets_store.splits_before(tx, workspace_id, dataset_id, items)).keys()
    dataset = await datasets_store.find_dataset(tx, workspace_id, dataset_id)
    if dataset is not None:
        check_unarchived(dataset, param="source")
    room = MOST_ITEMS - sum(dataset.counts.values()) if dataset is not None else 0
    new = [one for one in items if one.content_hash not in known][: max(0, room)]
    if new:
        await add_items(tx, workspace_id, dataset_id, new, change=change)
