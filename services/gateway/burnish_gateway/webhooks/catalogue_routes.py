"""`/v1/webhooks/events`: what there is to be told, with schema and example. The same for everybody."""

import json
from functools import cache
from importlib import resources
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel, Field

from burnish_gateway.deps import GatewayParts, Viewer
from burnish_gateway.webhooks.reach import filters_of
from burnish_gateway.wire import json_response, make_router
from burnish_shared.contracts.event_catalogue import CATALOGUE
from burnish_shared.contracts.events import Event, EventType
from burnish_shared.contracts.webhook_body import body_of
from burnish_shared.contracts.webhooks import BY_NAME_ALONE, UNSUBSCRIBABLE
from burnish_shared.errors import NotFound

router = make_router("webhooks")


class EventKindAnswer(BaseModel):
    """One type of event."""

    type: str
    version: int = Field(description="Of the data's schema.")
    description: str
    object: str = Field(description="What `object_id` of the body names.")
    subscribable: bool = Field(description="False: it goes to the endpoint that it was asked for, whatever that subscribed to.")
    filters: list[str] = Field(description="Those of `filters` that can match it: its data has what they look at.")
    by_name_alone: bool = Field(description="So many that only an endpoint that names it gets it; no group and no `*` covers it.")


class EventKindDetailAnswer(EventKindAnswer):
    data_schema: dict[str, Any] = Field(description="JSON Schema (2020-12) of the body's `data`.")
    example: dict[str, Any] = Field(description="A body as it is sent.")


class EventKindList(BaseModel):
    data: list[EventKindAnswer]


@router.get("/v1/webhooks/events", response_model=EventKindList, summary="All types of events")
async def list_events(principal: Viewer) -> Response:
    """What an endpoint can subscribe to, by type, by group (`alert.*`), or all (`*`)."""
    return json_response(EventKindList(data=[_answer(name) for name in sorted(CATALOGUE)]))


@router.get("/v1/webhooks/events/{event_type}", response_model=EventKindDetailAnswer, summary="One type of event, with schema and example")
async def get_event(event_type: str, principal: Viewer, gateway: GatewayParts) -> Response:
    """The example is one that every release still reads."""
    if event_type not in CATALOGUE:
        raise NotFound(f"There is no event {event_type[:100]!r}; `GET /v1/webhooks/events` lists them.", param="event_type")
    event = Event.model_validate(_examples()[event_type])
    return json_response(
        EventKindDetailAnswer(
            **_answer(event_type).model_dump(),
            data_schema=CATALOGUE[event_type].data.model_json_schema(),
            example=json.loads(body_of(event, base_url=gateway.settings.public_url)),
        )
    )


def _answer(name: EventType) -> EventKindAnswer:
    kind = CATALOGUE[name]
    return EventKindAnswer(
        type=name,
        version=kind.version,
        description=kind.description,
        object=kind.object,
        subscribable=name not in UNSUBSCRIBABLE,
        filters=filters_of(name),
        by_name_alone=name in BY_NAME_ALONE,
    )


@cache
def _examples() -> dict[str, Any]:
    """The golden files of the contracts, one for each event."""
    found: dict[str, Any] = json.loads(resources.files("burnish_shared.contracts").joinpath("event_examples.json").read_text())
    return found
