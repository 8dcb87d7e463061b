"""What an answer says of the end of the model that was asked: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""

from datetime import UTC
from email.utils import format_datetime
from uuid import UUID

from burnish_gateway.models.book import ModelBook, ModelNotFound


async def end_headers(models: ModelBook, workspace_id: UUID, model: str) -> dict[str, str]:
    """From memory; nothing of a model that goes on, or is gone by now."""
    try:
        facts = await models.find(workspace_id, model)
    except ModelNotFound:
        return {}
    headers = {}
    if facts.deprecated_at is not None:
        headers["deprecation"] = f"@{int(facts.deprecated_at.timestamp())}"
    if facts.sunset_at is not None:
        headers["sunset"] = format_datetime(facts.sunset_at.astimezone(UTC), usegmt=True)
    return headers
