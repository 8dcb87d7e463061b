"""Executions among the spans of an OTLP export."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.imports.book_reported import book_reported
from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.metrics import IMPORTED, SPANS_IGNORED
from burnish_gateway.imports.otlp_spans import Span
from burnish_gateway.imports.reported import Reported, check_time
from burnish_shared.errors import InvalidField

CALLS_MOST: Final = 2000
"""Calls of models in one export; what comes beyond is rejected, and the answer says so."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Spans that were calls of models and could not be taken, and why the first could not."""

    spans: int = 0
    reason: str = ""


async def import_spans(gateway: Gateway, principal: Principal, spans: Sequence[Span]) -> Rejected:
    """Books the calls of models among them, once each; other spans are counted and left alone. Raises Suspended, Unavailable."""
    now = gateway.clock.now()
    reasons: list[str] = []
    taken: list[Reported] = []
    ignored = 0
    for span in spans:
        try:
            reported = reported_of(span)
            if reported is not None:
                check_time(reported.finished_at, now=now)
        except (ValueError, InvalidField) as error:
            reasons.append(str(error))
            continue
        if reported is None:
            ignored += 1
        elif len(taken) == CALLS_MOST:
            reasons.append(f"more than {CALLS_MOST} calls of models in one export; send less at once")
        else:
            taken.append(reported)
    SPANS_IGNORED.inc(ignored)
    IMPORTED.labels("rejected").inc(len(reasons))
    await book_reported(gateway, principal, taken)
    return Rejected(len(reasons), reasons[0] if reasons else "")
