"""`burnish webhooks`: what was told to whom, and telling it again."""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Annotated, Any, Literal

import typer

from burnish_client.cli.access import WRONG_USE, JsonOption, ProfileOption, reaching, stop
from burnish_client.cli.shown import moment, print_json, print_table, say
from burnish_client.paths import segment

app = typer.Typer(help="Webhooks: deliveries, sending them again, and giving dead letters up.", no_args_is_help=True)


class Ended(str, Enum):
    """How a delivery ended."""

    delivered = "delivered"
    exhausted = "exhausted"
    cancelled = "cancelled"


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return moment(one["created_at"]), one["status"], one["event_type"], one["object_id"], one["attempts"], one["id"]


@app.command()
def deliveries(
    endpoint: Annotated[str | None, typer.Option(help="Only to this endpoint.")] = None,
    status: Annotated[Literal["pending", "delivered", "exhausted", "cancelled"] | None, typer.Option(help="Only these.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only of this type, such as alert.raised.")] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=200, help="So many, the newest first.")] = 20,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Show what was sent to whom, the newest first."""
    with reaching(profile) as burnish:
        query = {"endpoint_id": endpoint, "status": status, "event_type": event, "limit": count}
        found = burnish.request("GET", "/v1/webhooks/deliveries", query=query)["data"]
        rows = [] if as_json else [_row(one) for one in found]
    if as_json:
        return print_json(found)
    return print_table(("made", "status", "event", "of", "attempts", "id"), rows, empty="There are no such deliveries.")


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[DELIVERY]...", help="Ids of deliveries.", show_default=False)] = None,
    endpoint: Annotated[str | None, typer.Option(help="A range instead: of this endpoint.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", help="Made at this time of this machine, or later.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Made before it; now without.")] = None,
    status: Annotated[list[Ended] | None, typer.Option(help="Dead letters and cancelled ones without.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Send deliveries again, with their webhook-id: single ones, or a range of an endpoint. `burnish replay` is for executions."""
    if bool(ids) == bool(endpoint) or (endpoint and since is None):
        stop("Name deliveries, or a range by --endpoint and --from.", code=WRONG_USE)
    with reaching(profile) as burnish:
        done: list[Any] = []
        if endpoint and since is not None:
            statuses = [one.value for one in status or ()]
            body: dict[str, Any] = {"from": _zoned(since), "to": _zoned(until) if until else None, "statuses": statuses}
            body = {name: value for name, value in body.items() if value}
            done.append(burnish.request("POST", f"/v1/webhooks/endpoints/{segment(endpoint)}/replay", body))
        for one in ids or ():
            done.append(burnish.request("POST", f"/v1/webhooks/deliveries/{segment(one)}/replay"))
        if as_json:
            print_json(done)
        elif endpoint:
            matched = done[0]["matched"]
            what = "1 delivery is" if matched == 1 else f"{matched} deliveries are"
            say(f"{what} sent again. How far it is: GET /v1/webhooks/replays/{done[0]['id']}")
        else:
            print(f"Sent again: {len([one['delivery_id'] for one in done])}. What became of it: burnish webhooks deliveries")


@app.command()
def dismiss(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[DELIVERY]...", help="Ids of deliveries.", show_default=False)] = None,
    endpoint: Annotated[str | None, typer.Option(help="All dead letters of this endpoint instead.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="With --endpoint: made before this time of this machine.")] = None,
    event: Annotated[list[str] | None, typer.Option("--event", help="With --endpoint: of this type, such as alert.*; repeatable.")] = None,
    as_json: JsonOption = False,
    profile: ProfileOption = None,
) -> None:
    """Give dead letters up (`exhausted`): nobody wants them sent any more, and no range sends them again."""
    if bool(ids) == bool(endpoint) or (ids and (until or event)):
        stop("Name deliveries, or an endpoint by --endpoint; --to and --event narrow an endpoint's.", code=WRONG_USE)
    dismissed = 0
    with reaching(profile) as burnish:
        if endpoint:
            given = {"to": _zoned(until) if until else None, "event_types": event}
            body = {name: value for name, value in given.items() if value}
            while count := (answer := burnish.request("POST", f"/v1/webhooks/endpoints/{segment(endpoint)}/dismiss", body))["dismissed"]:
                dismissed += count
                if settled_to := answer.get("settled_to"):  # What dies meanwhile is left alone. A gateway from before does not say it.
                    body["settled_to"] = settled_to
        for one in ids or ():
            burnish.request("POST", f"/v1/webhooks/deliveries/{segment(one)}/dismiss")
            dismissed += 1
    if as_json:
        return print_json({"dismissed": dismissed})
    return print(f"Given up: {dismissed}. A single one is still sent by its id: burnish webhooks replay DELIVERY")


def _zoned(moment_here: datetime) -> str:
    """Ends the command for a time in the first or last days that a calendar has, which is none in another zone."""
    try:
        return moment_here.astimezone(timezone.utc).isoformat()
    except (OverflowError, ValueError):
        stop(f"'{moment_here.isoformat()}' is no time that can be told in UTC: take one of this century.", code=WRONG_USE)
