"""What reactions say, masked or left out before it leaves the gateway: nothing behind it, a stream, a table or a webhook, holds more."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from burnish_gateway.feedback.bodies import FeedbackBody
from burnish_gateway.guardrails.kept_words import kept_words
from burnish_shared.db.rules_book import RulesBook

WORDS: Final = ("comment", "correction", "context")


async def as_kept(rules: RulesBook, workspace_id: UUID, bodies: Sequence[FeedbackBody], *, stores_text: bool) -> list[FeedbackBody]:
    """The bodies with comment, correction and context masked, without them where the workspace stores no text. Who reacted stays: figures
    and erasure go by it. Raises Unavailable.
    """
    if not stores_text:
        return [body.model_copy(update=dict.fromkeys(WORDS)) for body in bodies]
    said = [(one.comment, one.correction, one.context) for one in bodies]
    kept = await kept_words(rules, workspace_id, [text for one in said for text in one])
    return [
        body.model_copy(update={"comment": comment, "correction": correction, "context": context})
        for body, comment, correction, context in zip(bodies, kept[::3], kept[1::3], kept[2::3], strict=True)
    ]
