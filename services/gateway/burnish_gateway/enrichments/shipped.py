"""The prompts that ship for each source type, and the shape of what they give. A workspace may name one of its own in their place. Pure."""

from dataclasses import dataclass
from typing import Any, Final, Literal

SourceType = Literal["conversation", "youtube", "document"]

OUTPUT_TOKENS: Final = 2_000
"""The cap of one answer: a summary with some dozens of points."""

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": {"type": "string"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


@dataclass(frozen=True, slots=True)
class Shipped:
    """`asks`: what is to be found out; `schema`: of the answer."""

    asks: str
    schema: dict[str, Any]


SHIPPED: Final[dict[SourceType, Shipped]] = {
    "conversation": Shipped(
        "Analyse a conversation: what it was about, what the person wanted, how they felt, whether they got it, and what is to be done.",
        _object(
            summary=_TEXT, intent=_TEXT, topics=_TEXTS, sentiment={"enum": ["positive", "neutral", "negative", "mixed"]},
            resolution={"enum": ["resolved", "unresolved", "unclear"]}, action_items=_TEXTS, language=_TEXT,
        ),
    ),
    "youtube": Shipped(
        "Describe a video from its transcript: what it shows, its key points in order, who it is for, and lines worth quoting.",
        _object(title=_TEXT, summary=_TEXT, topics=_TEXTS, key_points=_TEXTS, audience=_TEXT, quotes=_TEXTS, language=_TEXT),
    ),
    "document": Shipped(
        "Describe a document: what kind it is, what it says, its key points, and the people, organizations, places and dates in it.",
        _object(title=_TEXT, document_type=_TEXT, summary=_TEXT, topics=_TEXTS, key_points=_TEXTS, entities=_TEXTS, language=_TEXT),
    ),
}  # fmt: skip
