"""Calls of models among spans, by OpenTelemetry's conventions for generative AI (`gen_ai.*`, current names and older ones), by those of
OpenInference, of Langfuse's SDKs and of Vercel's AI SDK. Pure.
"""

import json
import math
import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from burnish_gateway.imports.genai_messages import answer_in, finish_reason_in, first_said, messages_in
from burnish_gateway.imports.langfuse_spans import failure_told, from_langfuse, is_of_langfuse
from burnish_gateway.imports.openinference_spans import from_openinference, is_of_openinference
from burnish_gateway.imports.otlp_spans import Span
from burnish_gateway.imports.reported import Reported
from burnish_gateway.imports.request_settings import settings_told
from burnish_gateway.imports.vercel_spans import from_vercel, is_of_vercel
from burnish_shared.contracts.executions import Status
from burnish_shared.errors import BurnishError
from burnish_shared.money import NUSD_PER_USD
from burnish_shared.slug import parse_slug
from burnish_shared.storable_text import storable

SOURCE: Final = "otlp"

CALLS: Final = frozenset({"chat", "text_completion", "generate_content", "completion", "embeddings", "embedding"})
"""`gen_ai.operation.name` of spans that are one call of a model. Agents, tools and workflows around them are not."""

RATE_LIMITED: Final = re.compile(r"429|rate_?limit|too_?many_?requests|throttl|resource_?exhausted", re.IGNORECASE)
TIMED_OUT: Final = re.compile(r"408|504|time_?d?_?out|deadline_?exceeded", re.IGNORECASE)
"""`error.type` is a code, or the class of what was raised, such as `openai.RateLimitError`."""

STATUS_OF_HTTP: Final = {429: Status.RATE_LIMITED, 408: Status.TIMEOUT, 504: Status.TIMEOUT}

UNNAMED: Final = "unknown_service"
"""What OpenTelemetry's SDKs say where nobody gave a `service.name` (specification of the resource SDK)."""

TEXT_MOST: Final = 200
NS_IN_MS: Final = 1_000_000
INT4_MOST: Final = 2**31 - 1


TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")
SPAN_ID: Final = re.compile(r"(?!0{16})[0-9a-f]{16}")


def _check(span: Span, model: Any) -> None:
    """Raises ValueError that names everything that no execution can be without and this one is."""
    there_are = {
        "traceId (32 hex digits, not all 0)": TRACE_ID.fullmatch(span.trace_id),
        "spanId (16 hex digits, not all 0)": SPAN_ID.fullmatch(span.span_id),
        "endTimeUnixNano": 0 < span.end_ns < 2**62,
        "gen_ai.request.model": model,
    }
    lacking = [name for name, there_is in there_are.items() if not there_is]
    if lacking:
        raise ValueError(f"span {storable(span.span_id[:32])}: lacks {', '.join(lacking)}")


def reported_of(span: Span) -> Reported | None:
    """The execution that a span tells of; None for a span that is no call of a model.

    Raises ValueError where it is one and lacks what no execution can be without: ids, an end, a model.
    """
    span = _in_genai(span)
    get = span.attributes.get
    operation, model = _text(get("gen_ai.operation.name")), get("gen_ai.response.model") or get("gen_ai.request.model")
    if (operation is not None and operation not in CALLS) or (operation is None and model is None):
        return None
    _check(span, model)
    error = _error(span)
    output, calls = answer_in(span)
    cached = _count(first_said(span, "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cached_input_tokens"))
    written = _count(first_said(span, "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"))
    return Reported(
        source=SOURCE,
        their_id=f"{span.trace_id[:64]}:{span.span_id[:32]}",
        finished_at=datetime.fromtimestamp(span.end_ns / 1e9, UTC),
        latency_ms=max(0, (span.end_ns - span.start_ns) // NS_IN_MS) if span.start_ns else 0,
        model=_text(model) or "unknown",
        provider=_text(get("gen_ai.provider.name") or get("gen_ai.system")) or "unknown",
        status=Status.SUCCESS if error is None else _status(span),
        error=error,
        finish_reason=_finish_reason(get("gen_ai.response.finish_reasons") or finish_reason_in(span)),
        slug=_slug(get("burnish.prompt") or get("gen_ai.prompt.name")),
        version=_version(span),
        label=_text(get("burnish.label"), most=63),
        input_tokens=_whole_input(
            _count(first_said(span, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")), beside=(cached or 0) + (written or 0)
        ),
        output_tokens=_count(first_said(span, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")),
        cached_input_tokens=cached,
        cache_write_input_tokens=written,
        reasoning_tokens=_count(first_said(span, "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens")),
        cost_nusd=_cost(first_said(span, "gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.usage.total_cost")),
        end_user=_text(first_said(span, "user.id", "enduser.id", "llm.user")),
        session_id=_text(first_said(span, "gen_ai.conversation.id", "session.id")),
        app=None if (app := _text(span.resource.get("service.name"))) and app.startswith(UNNAMED) else app,
        messages=messages_in(span),
        output=output,
        tool_calls=calls,
        settings=settings_told(span.attributes),
        trace_id=span.trace_id,
        metadata={"span_name": _text(span.name), "operation": operation},
    )


def _in_genai(span: Span) -> Span:
    """The span with attributes of `gen_ai.*`, whatever convention it was written in."""
    if is_of_openinference(span.attributes):
        return replace(span, attributes=from_openinference(span.attributes))
    if is_of_langfuse(span.attributes):
        return _of_langfuse(span)
    return replace(span, attributes=from_vercel(span.attributes)) if is_of_vercel(span.attributes) else span


def _of_langfuse(span: Span) -> Span:
    """Failed also where only an attribute says so, with what it says."""
    told = failure_told(span.attributes)
    failed = span if told is None else replace(span, is_error=True, status_message=span.status_message or told)
    return replace(failed, attributes=from_langfuse(span.attributes))


def _kind_of_error(span: Span) -> str:
    """`error.type`, or the class of what was raised; empty where nothing says."""
    raised = next((one.get("exception.type") for name, one in span.events if name == "exception"), None) if span.is_error else None
    return str(span.attributes.get("error.type") or str(raised or "").rpartition(".")[2])


def _error(span: Span) -> str | None:
    """What went wrong: its kind, and what the span says of it."""
    kind = _kind_of_error(span) or ("error" if span.is_error and not span.status_message else None)
    said = span.status_message if span.is_error else ""
    if kind and said and kind not in said:
        return _text(f"{kind}: {said}", most=1000)
    return _text(said or kind, most=1000)


def _status(span: Span) -> Status:
    kind = _kind_of_error(span)
    if RATE_LIMITED.search(kind):
        return Status.RATE_LIMITED
    if TIMED_OUT.search(kind):
        return Status.TIMEOUT
    return STATUS_OF_HTTP.get(_count(span.attributes.get("http.response.status_code")) or 0, Status.ERROR)


def _text(value: Any, *, most: int = TEXT_MOST) -> str | None:
    """The value as text that can be stored, cut; None for none."""
    return storable(str(value))[:most] or None if value is not None else None


def _version(span: Span) -> int | None:
    """None: the label's. Raises ValueError for one that is no number: it must not count for what the label names."""
    given = span.attributes.get("burnish.version")
    version = _count(given)
    if given is not None and (not version or (isinstance(given, float) and not given.is_integer())):
        raise ValueError(
            f"span {storable(span.span_id[:32])}: burnish.version must be a whole number from 1, not {storable(repr(given)[:40])}"
        )
    return version


def _count(value: Any) -> int | None:
    """Some tell numbers as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return min(int(value[:20]), INT4_MOST)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return min(int(value), INT4_MOST) if is_number and value >= 0 else None


def _whole_input(told: int | None, *, beside: int) -> int | None:
    """All that was read. `beside`: from a cache and into it, of which some sources report the input without them, as Anthropic does."""
    return min((told or 0) + beside, INT4_MOST) if beside > (told or 0) else told


def _cost(usd: Any) -> int | None:
    is_amount = isinstance(usd, int | float) and not isinstance(usd, bool) and 0 <= usd < 10**6
    return round(usd * NUSD_PER_USD) if is_amount else None


def _slug(value: Any) -> str | None:
    try:
        return parse_slug(str(value)) if value else None
    except BurnishError:
        return None


def _finish_reason(value: Any) -> str | None:
    """Of the first answer; LiteLLM writes the list as JSON in a string."""
    if isinstance(value, str) and value.startswith("[") and len(value) < TEXT_MOST:
        with suppress(ValueError):
            value = json.loads(value)
    return _text(value[0] if isinstance(value, list) and value else value or None, most=64)
