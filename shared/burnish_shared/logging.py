"""Logs: one JSON object a line on stderr, constant event names, ids and sizes only; what looks like a secret is blotted out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from burnish_shared import tracing

REDACTED: Final = "[redacted]"

SECRETS: Final = re.compile(
    r"""bk_(?:live|test)_[A-Za-z0-9_]{8,}   # our own API keys (PROMISES S-01)
      | \bsk-[A-Za-z0-9_-]{8,}              # provider keys
      | \bwhsec_[A-Za-z0-9+/=_-]{8,}        # webhook secrets
      | (?i:\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}
      | (?<=://)[^/\s:@]*:[^/\s@]+(?=@)     # user:password@ in a URL
    """,
    re.VERBOSE,
)

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def redact(text: str) -> str:
    """The text with every key-like part replaced by `[redacted]`."""
    return SECRETS.sub(REDACTED, text)


def configure(*, service: str, replica: str, level: str = "info") -> None:
    """Sets up structlog and the standard library's logging alike, so that libraries log in the same form."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_origin(service, replica),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*before, structlog.processors.JSONRenderer(default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processor=structlog.processors.JSONRenderer(default=str))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))


def _add_origin(service: str, replica: str) -> Any:
    def add(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["service"], event["replica"] = service, replica
        traceparent = tracing.current()
        if traceparent:
            event["trace_id"] = traceparent[3:35]
        return event

    return add


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own
            event[key] = _redacted(value)
    return event


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _redacted(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(one) for one in value]
    return value if isinstance(value, int | float | bool | None) else redact(str(value))
