"""Whether a model sees the images of a call and reads its files: looked at before anything is held. Pure.

A text is read by every model, as a text where its provider has no other word for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_gateway.models.abilities import cites_files, fetches_files
from burnish_gateway.models.book import ModelUnsuitable
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.files import PDF, files_in, is_file, media_type_of
from burnish_shared.providers import wire_of

SEES: Final = "vision"
READS_PDF: Final = "pdf"

ASKED_TO: Final = {SEES: "see images", READS_PDF: "read PDFs"}
"""Capabilities that parts of messages ask for, and what a model that has one does."""

PARTLY_LISTED: Final = frozenset({"deepinfra", "fireworks_ai", "openrouter", "together_ai"})
"""They serve the models of others, and LiteLLM's map of 20 November 2026 leaves out of many that they see: of Qwen-VL, InternVL, LLaVA,
Llama 4 and Claude behind them. So what is not said there is not known, and the provider decides."""

INSTRUCTS: Final = frozenset({"system", "developer"})


def has_file_addresses(messages: Sequence[Mapping[str, Any]]) -> bool:
    return any(file.get("file_url") for file in files_in(messages))


def wants_citations(messages: Sequence[Mapping[str, Any]]) -> bool:
    return any((file.get("citations") or {}).get("enabled") for file in files_in(messages))


def asked_by(messages: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """What somebody must be able to do with these messages. A document behind an address may be a PDF."""
    asked = {SEES} if any(_shows_image(one.get("content")) for one in messages) else set()
    if any(file.get("file_url") or media_type_of(file) == PDF for file in files_in(messages)):
        asked.add(READS_PDF)
    return frozenset(asked)


def _shows_image(content: Any) -> bool:
    """An image by itself, or in a document that is made of parts."""
    if not isinstance(content, list):
        return False
    return any(
        isinstance(part, dict) and (part.get("type") == "image_url" or (is_file(part) and _shows_image(part["file"].get("content"))))
        for part in content
    )


def why_unread(messages: Sequence[Mapping[str, Any]], facts: ModelFacts) -> str | None:
    """Why this model cannot read the images and files of these messages; None where it can, or it is not known that it cannot."""
    if not any(isinstance(one.get("content"), list) for one in messages):
        return None  # of most calls every message is a plain text
    for capability in sorted(asked_by(messages)):
        if not _may_have(facts, capability):
            return (
                f"The model {facts.model[:200]!r} is not known to {ASKED_TO[capability]}; name one that has {capability!r} among its "
                f"capabilities (GET /v1/models?capability={capability}), or add it to those of this one where it does."
            )
    if has_file_addresses(messages) and not fetches_files(facts):
        return (
            f"The model {facts.model[:200]!r} cannot be sent the address of a file: its provider is asked in a format that has no word for "
            "one, other than those of Anthropic and OpenRouter. Send the file itself, as base64 (data:application/pdf;base64,…)."
        )
    if wants_citations(messages) and not cites_files(facts):
        return f"The model {facts.model[:200]!r} cites no documents, as those of Anthropic do; send the document without citations."
    if wire_of(facts.provider) == "anthropic" and any(
        one.get("role") in INSTRUCTS and _shows_image(one.get("content")) for one in messages
    ):
        return (
            f"The provider of the model {facts.model[:200]!r} takes instructions as text alone; put the image into a message of the user."
        )
    return None


def _may_have(facts: ModelFacts, capability: str) -> bool:
    """A model that lists no capabilities may have any. A toy passes over images, and says of a file what it is."""
    if not facts.capabilities or capability in facts.capabilities:
        return True
    return capability == SEES and (facts.simulated or facts.provider in PARTLY_LISTED)


def check_parts(messages: Sequence[Mapping[str, Any]], facts: ModelFacts) -> None:
    """Raises ModelUnsuitable."""
    if (why := why_unread(messages, facts)) is not None:
        raise ModelUnsuitable(why, param="model")
