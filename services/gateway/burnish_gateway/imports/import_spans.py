"""Executions among the spans of an OTLP export."""

import asyncio
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.imports.book_reported import book_reported
from burnish_gateway.imports.genai_spans import reported_of
from burnish_gateway.imports.metrics import IMPORTED, SPANS_IGNORED
from burnish_gateway.imports.otlp_spans import Span, Unread
from burnish_gateway.imports.reported import Reported, check_time
from burnish_shared.errors import InvalidField
from burnish_shared.storable_text import storable

log = structlog.get_logger("burnish.imports")

CALLS_MOST: Final = 2000
"""Calls of models in one export; what comes beyond is rejected, and the answer says so."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Spans that could not be read, or were calls of models and could not be taken, and why the first could not."""

    spans: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Calls:
    """What an export comes to. `ignored`: spans that are no calls of models. `reasons`: of those that are and cannot be taken, or read."""

    taken: Sequence[Reported]
    ignored: int
    reasons: Sequence[str]


async def import_spans(gateway: Gateway, principal: Principal, read: Callable[[], Iterable[Span | Unread]]) -> Rejected:
    """Books the calls of models among what `read` gives, once each; other spans are counted and left alone.

    `read` runs in a thread: a large export takes a second, in which others go on. Raises what it raises, Suspended, Unavailable.
    """
    calls = await asyncio.to_thread(_calls_among, read, gateway.clock.now())
    SPANS_IGNORED.inc(calls.ignored)
    IMPORTED.labels("rejected").inc(len(calls.reasons))
    await book_reported(gateway, principal, calls.taken)
    return Rejected(len(calls.reasons), calls.reasons[0] if calls.reasons else "")


def _calls_among(read: Callable[[], Iterable[Span | Unread]], now: datetime) -> Calls:
    """What nobody thought of costs its own span alone; of an export it is logged once, since its spans are much alike."""
    reasons: list[str] = []
    taken: list[Reported] = []
    ignored = 0
    has_failed = False
    for span in read():
        if isinstance(span, Unread):
            reasons.append(span.reason)
            continue
        try:
            reported = reported_of(span)
            if reported is not None:
                check_time(reported.finished_at, now=now)
        except InvalidField as error:
            reasons.append(f"span {storable(span.span_id[:32])}: {error.message}")
            continue
        except ValueError as error:
            reasons.append(str(error))
            continue
        except Exception as error:
            if not has_failed:
                log.error("imports.span_failed", error=type(error).__name__, at=_place_of(error))  # its words may be a caller's
            has_failed = True
            reasons.append(f"span {storable(span.span_id[:32])}: something went wrong on our side; it has been logged")
            continue
        if reported is None:
            ignored += 1
        elif len(taken) == CALLS_MOST:
            reasons.append(f"more than {CALLS_MOST} calls of models in one export; send less at once")
        else:
            taken.append(reported)
    return Calls(taken, ignored, reasons)


def _place_of(error: Exception) -> str:
    """File and line where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
