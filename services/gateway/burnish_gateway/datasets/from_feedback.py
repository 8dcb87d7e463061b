"""What people said of a prompt's answers as a dataset, for a search that names none (PRODUCT O1, `source: feedback`)."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from burnish_gateway.datasets import from_executions_store as store
from burnish_gateway.datasets.add_items import add_items, create_dataset
from burnish_gateway.datasets.from_executions import items_of
from burnish_gateway.datasets.item import NewItem
from burnish_gateway.registry.prompt import Prompt
from burnish_shared.db.session import Tx
from burnish_shared.errors import InvalidField, NotFound

FEEDBACK_DAYS: Final = 90
ITEMS_MOST: Final = 2_000

VOICE_SHARE: Final = 0.05
VOICE_LEAST: Final = 3
"""No end user says more than this share of what is right (PROMISES O-08), and each may say a few things. What nobody's name stands beside
comes from the application itself, and is not counted so."""


async def dataset_of_feedback(tx: Tx, workspace_id: UUID, prompt: Prompt, *, author: str) -> UUID:
    """The dataset of this prompt's searches from feedback, with what was said since: answers that people corrected, and those that they
    liked. Made the first time; an item that is there stays as it is. Idempotent. Raises InvalidField where nobody has said what is right.
    """
    said = heard(await store.said_right(tx, workspace_id, prompt.prompt_id, days=FEEDBACK_DAYS, most=ITEMS_MOST))
    items: list[NewItem] = []
    if said:
        with contextlib.suppress(NotFound):  # Their rows are gone already: nothing is left to learn from.
            items, _ = await items_of(tx, workspace_id, dict.fromkeys(said), use_output=True)
    if not items:
        raise InvalidField(
            f"source: in the last {FEEDBACK_DAYS} days nobody has corrected or liked an answer of '{prompt.slug}' whose text is kept. Send "
            "corrections or thumbs as feedback, or give a dataset_id.",
            param="source",
        )
    known = await store.dataset_of_feedback(tx, workspace_id, prompt.prompt_id)
    if known is not None:
        return (await add_items(tx, workspace_id, known, items)).dataset.dataset_id
    made = await create_dataset(tx, workspace_id, f"What people said of {prompt.slug}", items, author=author)
    return made.dataset.dataset_id


def heard(said: Sequence[tuple[UUID, str]]) -> list[UUID]:
    """Executions in the order given, of each end user up to their share."""
    allowed = max(VOICE_LEAST, int(VOICE_SHARE * len(said)))
    counts = Counter[str]()
    kept = []
    for execution_id, voice in said:
        counts[voice] += 1
        if not voice or counts[voice] <= allowed:
            kept.append(execution_id)
    return kept
