"""What guardrails would do with a text: nothing is sent, nothing is stored."""

import time
from collections.abc import Sequence

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.guardrails.bodies import TriedAnswer, TriedText
from burnish_shared.evaluators import Case
from burnish_shared.guarding.masks import Masks, blotted
from burnish_shared.guarding.outgoing import through
from burnish_shared.guarding.rules import Rule, Stopped, rule_of, stored_finders
from burnish_shared.guarding.spans import found_in, to_bytes, to_text


async def try_out(body: TriedText, *, gateway: Gateway, principal: Principal) -> TriedAnswer:
    """Raises Unavailable where the rules cannot be read."""
    rules = await gateway.rules.of(principal.workspace_id)
    began = time.perf_counter()
    looking: Sequence[Rule] = rules.of(body.prompt, body.side)
    if body.settings is not None:
        looking = (rule_of("tried", body.settings, sides=[body.side]),)
    stopped = next((Stopped(one.name) for one in looking if one.stops_whole(body.text)), None)
    if stopped is None and any(one.check is not None for one in looking):
        case = Case(body.text, input=body.text if body.side == "in" else None)
        stopped = await gateway.own_checks.stopped(looking, case, principal.workspace_id)
    text, counts = _masked(body, looking) if stopped is None else (None, {})
    return TriedAnswer(
        stopped_by=stopped.rule if stopped else None,
        unchecked=stopped.unchecked if stopped else None,
        text=text,
        masked=counts,
        looked=[one.name for one in looking],
        stored=to_text(blotted(to_bytes(body.text), rules.stored if body.masking is None else stored_finders(body.masking))),
        took_ms=round((time.perf_counter() - began) * 1000, 3),
    )


def _masked(body: TriedText, rules: Sequence[Rule]) -> tuple[str, dict[str, int]]:
    finders = [finder for rule in rules for finder in rule.finders]
    if body.side == "in":
        masks = Masks()
        masks.leave(body.text)
        return masks.hide(body.text, finders)
    counts: dict[str, int] = {}
    for one in found_in(to_bytes(body.text), finders):
        counts[one.kind] = counts.get(one.kind, 0) + 1
    said = through(body.text, rules, Masks())
    return ("" if isinstance(said, Stopped) else said), counts
