"""Whether a model reads the files of a call: looked at before anything is held. Pure.

A text is read by every model, as a text where its provider has no other word for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from burnish_gateway.models.book import ModelUnsuitable
from burnish_gateway.routing.qualify import fetches_files
from burnish_shared.db.model_store import ModelFacts
from burnish_shared.files import PDF, files_in, media_type_of

READS_PDF: Final = "pdf"
"""The capability of a model that does."""


def has_file_addresses(messages: Sequence[Mapping[str, Any]]) -> bool:
    return any(file.get("file_url") for file in files_in(messages))


def needs_pdf(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether somebody must read a PDF, or a document behind an address, which may be one."""
    return any(file.get("file_url") or media_type_of(file) == PDF for file in files_in(messages))


def why_unread(messages: Sequence[Mapping[str, Any]], facts: ModelFacts) -> str | None:
    """Why this model cannot read the files of these messages; None where it can, or nothing is known of what it can."""
    if not needs_pdf(messages):
        return None
    if facts.capabilities and READS_PDF not in facts.capabilities:
        return (
            f"The model {facts.model[:200]!r} is not known to read PDFs; name one that has 'pdf' among its capabilities "
            "(GET /v1/models?capability=pdf), or add it to those of this one where it does."
        )
    if has_file_addresses(messages) and not fetches_files(facts):
        return f"The provider of the model {facts.model[:200]!r} fetches no file from an address; send the file itself, as base64."
    return None


def check_files(messages: Sequence[Mapping[str, Any]], facts: ModelFacts) -> None:
    """Raises ModelUnsuitable."""
    if (why := why_unread(messages, facts)) is not None:
        raise ModelUnsuitable(why, param="model")
