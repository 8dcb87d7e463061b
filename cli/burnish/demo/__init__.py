"""`burnish demo`: the whole loop once, over the public HTTP API, on tickets that anybody can read, with simulated models."""

import asyncio
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

DEFAULT_SEED: Final = 1
DEFAULT_EVALUATIONS: Final = 2_500


def run(
    connection: Mapping[str, Any],
    *,
    as_json: bool,
    data: Path | None = None,
    seed: int = DEFAULT_SEED,
    evaluations: int = DEFAULT_EVALUATIONS,
    keep: Callable[[dict[str, Any]], None] | None = None,
) -> int:
    """Exit code: 0 when the loop ran through, also where the search found no proven gain; 1 when a step did not happen; 130 after Ctrl-C.

    `connection` is what `up --json` prints; only `url` and `api_key` are used. `keep` gets the result that `as_json` prints.
    """
    from burnish.demo.failure import DemoFailed
    from burnish.demo.stage import Plan

    try:
        result = asyncio.run(_drive(connection, to_stderr=as_json, data=data, plan=Plan(seed=seed, evaluations=evaluations)))
    except DemoFailed as failure:
        print(f"\nThe demo stopped: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nThe demo was interrupted; what ran for it was cancelled.", file=sys.stderr)
        return 130
    if keep is not None:
        keep(result)
    if as_json:
        print(json.dumps(result))
    return 0


async def _drive(connection: Mapping[str, Any], *, to_stderr: bool, data: Path | None, plan: Any) -> dict[str, Any]:
    from burnish.demo.api import connected
    from burnish.demo.loop import clean_up, drive_loop
    from burnish.demo.receiver import receiving
    from burnish.demo.screen import Screen
    from burnish.demo.stage import Stage
    from burnish.demo.tickets import own_tickets, tickets_of

    tickets = own_tickets() if data is None else tickets_of(data)
    tickets.check_budget(plan.evaluations)
    async with connected(connection["url"], connection["api_key"]) as api, receiving() as receiver:
        stage = Stage(api=api, receiver=receiver, screen=Screen(to_stderr=to_stderr), tickets=tickets, plan=plan)
        try:
            return await drive_loop(stage)
        finally:
            await clean_up(stage)
