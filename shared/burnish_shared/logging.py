"""Logs: one JSON object a line on stderr, constant event names, ids and sizes only; what looks like a secret is blotted out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import structlog

from burnish_shared import tracing

REDACTED: Final = "[redacted]"

SECRETS: Final = re.compile(
    r"""bk_(?:live|test)_[A-Za-z0-9_]{8,}                       # our own API keys (PROMISES S-01)
      | \bwhsec_[A-Za-z0-9+/=_-]{8,}                            # webhook secrets
      | \b[0-9a-f]{32}\.[A-Za-z0-9_-]{40,}                      # session cookies, invitations: an id and 256 bits
      | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*   # JSON Web Tokens
      | \bsk[-_][A-Za-z0-9_-]{8,}                               # OpenAI, Anthropic, DeepSeek, OpenRouter, Stripe
      | \bAIza[A-Za-z0-9_-]{20,}                                # Google
      | \b(?:gsk|hf|r8|fw|nvapi|xai|pplx|sbp|csk|ghp|gho|ghs|pat|tgp_v1)[_-][A-Za-z0-9_-]{16,}   # Groq, Hugging Face, Replicate, xAI, …
      | \bgithub_pat_[A-Za-z0-9_]{16,}
      | \b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/]{12,}=*                # Amazon
      | (?<![A-Za-z0-9+/=])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9+/=]) # 32 bytes in base64: a key-encryption key
      | (?i:\b(?:bearer|basic)\s+)(?!bk_live_…)[A-Za-z0-9._~+/=-]{8,}  # but not what our own texts say of a key
      | (?<=://)[^/\s:@"']*:[^/\s@"']+(?=@)                         # user:password@ in a URL
    """,
    re.VERBOSE,
)

NAMED: Final = re.compile(
    r"""(?P<name>(?i:(?:password|passwd|secret|api[_-]?key|access[_-]?token|refresh[_-]?token|id[_-]?token|csrf[_-]?token|kek)
              (?:\s*=\s*["']?|["']?\s*:\s*["']))
          |(?i:(?:api-key|cookie|authorization)["']?\s*[:=]\s*["']?)
          |\b(?:__Host-)?burnish_session=)
        (?P<value>(?!\[redacted\])[^\s"',;&}\])]{4,})""",
    re.VERBOSE,
)
"""`password=…`, `"api_key": "…"`, `Cookie: …`: whatever shape the value has. Prose such as `password: must be longer` stays."""

SECRET_FIELD: Final = re.compile(
    r"(?:^|[_-])(?:password|passwd|secret|secrets|api_?key|key_text|access_token|refresh_token|id_token|csrf|authorization|cookie|kek|pepper)$",
    re.IGNORECASE,
)
"""Fields of a log line whose value is never shown."""

LONGEST: Final = 32_768
"""Characters of one field: what is longer would hold up everything else while it is looked through."""

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def redact_keys(text: str) -> str:
    """As `redact`, by the shape of a secret alone, whatever stands before it: for messages to people."""
    return SECRETS.sub(REDACTED, text)


def redact(text: str) -> str:
    """The text with every key-like part replaced by `[redacted]`: keys of ours and of common providers, tokens, cookies, passwords."""
    return NAMED.sub(rf"\g<name>{REDACTED}", redact_keys(text))


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
    out = _Lossy(sys.stderr)
    structlog.configure(
        processors=[*before, structlog.processors.JSONRenderer(default=str)],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processor=structlog.processors.JSONRenderer(default=str))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(LEVELS[level], logging.WARNING))


class _Lossy:
    """A stream that loses what it cannot write: who tells of a failure goes on after it, also where the disk of the log is what failed."""

    def __init__(self, stream: TextIO | None) -> None:
        """None, as `sys.stderr` is where it was closed before the start: all is lost."""
        self._stream = stream
        self._has_lost = False

    def write(self, text: str) -> int:
        if self._stream is None:
            return len(text)
        try:
            self._stream.write(f"\n{text}" if self._has_lost else text)  # What is there may end in the middle of a line.
            self._has_lost = False
        except (OSError, ValueError):  # ValueError: it was closed.
            self._has_lost = True
        return len(text)

    def flush(self) -> None:
        if self._stream is None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._has_lost = True


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
            event[key] = _redacted(value, field=key)
    return event


def _redacted(value: object, *, field: str = "") -> object:
    if SECRET_FIELD.search(field) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return redact(value if len(value) <= LONGEST else f"{value[:LONGEST]}…")
    if isinstance(value, dict):
        return {redact(str(key)): _redacted(one, field=str(key)) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(one) for one in value]
    return value if isinstance(value, int | float | bool | None) else redact(str(value))
