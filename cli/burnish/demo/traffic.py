"""Tickets that arrive in production, and the people who react to what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from burnish.demo.api import Api, in_parallel
from burnish.demo.tickets import VARIABLE, Ticket
from burnish_simulator.end_users import is_right, react

TEMPERATURE: Final = 0.7
"""Production is not a laboratory: answers of traffic vary, those of measurements do not."""

COUNTED_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """One ticket that was answered. `thumb` None: the user said nothing."""

    execution_id: str
    ticket: Ticket
    output: str
    thumb: str | None
    comment: str | None

    @property
    def is_right(self) -> bool:
        return is_right(self.output, self.ticket.expected)


async def drive(api: Api, slug: str, tickets: Sequence[Ticket], *, seed: int, first: int) -> list[Served]:
    """Executes the prompt for each ticket, and sends what its user thinks of the answer. `first` numbers the users."""

    async def serve(numbered: tuple[int, Ticket]) -> Served:
        number, ticket = numbered
        user = f"customer-{number:04d}"
        body = {
            "prompt": slug,
            "variables": {VARIABLE: ticket.text},
            "user_id": user,
            "app": "burnish-demo",
            "overrides": {"temperature": TEMPERATURE, "seed": seed * 100_000 + number},
        }
        answer = await api.post("/v1/executions", body)
        reaction = react(answer["output"], ticket.expected, dice=f"{seed}/{number}")
        if reaction.thumb is not None:
            said = {"comment": reaction.comment} if reaction.comment else {}
            await api.post("/v1/feedback", {"execution_id": answer["id"], "thumb": reaction.thumb, "user_id": user} | said)
        return Served(answer["id"], ticket, answer["output"], reaction.thumb, reaction.comment)

    return await in_parallel(serve, enumerate(tickets, start=first))


async def satisfaction(api: Api, slug: str, version: int, served: Sequence[Served]) -> dict[str, Any]:
    """What Burnish has counted of this version's traffic, once it has counted all of it."""
    thumbs = sum(one.thumb is not None for one in served)

    def counted(summary: dict[str, Any]) -> dict[str, Any] | None:
        return summary if summary["executions"] >= len(served) and summary["reactions"] >= thumbs else None

    summary = await api.until(
        "/v1/analytics/summary",
        counted,
        what=f"{len(served)} executions and {thumbs} reactions to be counted",
        patience_s=COUNTED_PATIENCE_S,
        prompt=slug,
        version=version,
        traffic="live",
    )
    shown = summary["satisfaction"] or {}
    return {
        "executions": summary["executions"],
        "reactions": summary["reactions"],
        "thumbs_up": summary["thumbs_up"],
        "thumbs_down": summary["thumbs_down"],
        "comments": sum(one.comment is not None for one in served),
        "satisfaction": shown.get("value"),
        "satisfaction_low": shown.get("low"),
        "satisfaction_high": shown.get("high"),
    }
