"""Looks at the events that tests left in the outbox: whoever emitted them, in Python or SQL, kept to the catalogue."""

from pydantic import ValidationError

from burnish_shared.contracts.event_catalogue import faults
from burnish_shared.contracts.events import EVENT_TYPES, Event
from tests.embedded.databases import DatabaseUrls
from tests.embedded.superuser import as_superuser

MADE_UP = "made_up"
"""A test that writes an event of its own into the outbox puts this into its data, and the event is passed over."""


async def check_events(urls: DatabaseUrls) -> None:
    """Raises AssertionError with every difference between the events of a database and the catalogue."""
    async with as_superuser(urls["superuser"]) as connection:
        if not await connection.fetchval("SELECT to_regclass('burnish.outbox') IS NOT NULL"):
            return
        prefixes = [f"burnish.v1.{one}." for one in EVENT_TYPES]
        rows = await connection.fetch(
            "SELECT body FROM outbox WHERE EXISTS (SELECT FROM unnest($1::text[]) p WHERE starts_with(subject, p)) ORDER BY outbox_id DESC"
            " LIMIT 5000",
            prefixes,
        )
    wrong = sorted({fault for row in rows for fault in _faults(row["body"])})
    assert not wrong, "events that differ from the catalogue (burnish_shared/contracts/event_catalogue.py):\n" + "\n".join(wrong)


def _faults(body: bytes) -> list[str]:
    try:
        event = Event.model_validate_json(body)
    except ValidationError:
        return []  # Tests put bytes there that are no event, to see them fail.
    return [] if MADE_UP in event.data else list(faults(event))
