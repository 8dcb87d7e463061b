"""What goes over the wire, without any I/O: requests as data, when to try again, server-sent events. Both clients use it."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from typing import Any, Final, Union
from urllib.parse import parse_qs, urlsplit

from burnish_client.errors import ApiError, NotReached, StreamBroke, refusal_of

RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
"""Answers after which the same request may succeed. Each carries its idempotency key, so nothing is done twice."""

NOT_AGAIN: Final = "x-should-retry"
"""`false`: the execution failed for good under this idempotency key, and every further try would be told the same."""

LONGEST_WAIT_S: Final = 30.0
LOG: Final = logging.getLogger("burnish_client")
KEY_IN_USE: Final = "idempotency_in_progress"
DEFAULT_URL: Final = "http://127.0.0.1:18000"
VERSION: Final = "0.1.0"


File = Union[bytes, "tuple[str, bytes]", "tuple[str, bytes, str]"]
"""A file of a form: what is in it; or its name and that; or its name, that, and its media type."""


@dataclass(frozen=True)
class Call:
    """One request. `query` without what is None, beside the path's own; `body` as JSON, or `lines` as JSON lines.

    `timeout_s`: of one try, where it differs.

    `raw`: a body that is sent as it is, whose content-type is among `headers`; `files`: those of a form, of which `body` is the fields.
    Raises ValueError for a path that could lead to another host, with the key, and for two bodies.
    """

    method: str
    path: str
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[Any, ...] | None = None
    timeout_s: float | None = None
    raw: bytes | str | None = None
    files: Mapping[str, File] | None = None

    def __post_init__(self) -> None:
        if self.raw is not None and (self.body is not None or self.files is not None):
            raise ValueError("content: is the whole body; give no body and no files beside it.")
        if self.files is not None and not (self.body is None or isinstance(self.body, Mapping)):
            raise ValueError("body: beside files it is the other fields of the form, as an object.")
        if not self.path.startswith("/") or self.path.startswith("//"):
            raise ValueError(f"path: begins with one slash, such as /v1/prompts, not {self.path[:80]!r}.")

    @property
    def content(self) -> bytes | None:
        if self.lines is not None:
            return b"".join(json.dumps(one).encode() + b"\n" for one in self.lines)
        if self.raw is not None:
            return self.raw.encode() if isinstance(self.raw, str) else self.raw
        return None if self.body is None or self.files is not None else json.dumps(self.body).encode()

    @property
    def form(self) -> Mapping[str, Any] | None:
        """Fields of a form, beside its files."""
        return self.body if self.files is not None else None

    @property
    def parameters(self) -> dict[str, Any]:
        """The whole query: what `query` names replaces what the path says of it."""
        own = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        return own | {name: value for name, value in self.query.items() if value is not None}


@dataclass(frozen=True)
class Settings:
    """Where and how. Nothing given: from the environment."""

    base_url: str
    api_key: str
    timeout_s: float
    tries: int

    @classmethod
    def of(cls, base_url: str | None, api_key: str | None, *, timeout_s: float, max_retries: int) -> Settings:
        """Raises ValueError where no key is known, or the address is none."""
        key = (api_key or os.environ.get("BURNISH_API_KEY", "")).strip()
        if not is_key(key):
            raise ValueError("api_key: holds signs that no key of Burnish has; copy it anew.")
        if not key:
            raise ValueError("Give api_key, or set BURNISH_API_KEY: `burnish up` prints one.")
        url = (base_url or os.environ.get("BURNISH_BASE_URL") or DEFAULT_URL).strip()
        if not _is_address(url):
            raise ValueError(f"base_url: is an address such as {DEFAULT_URL}, not {url[:80]!r}.")
        return cls(url.rstrip("/").removesuffix("/v1"), key, timeout_s, max(0, max_retries) + 1)

    def changed(self, timeout_s: float | None, max_retries: int | None) -> Settings:
        """Where None, as it was."""
        tries = self.tries if max_retries is None else max(0, max_retries) + 1
        return replace(self, timeout_s=self.timeout_s if timeout_s is None else timeout_s, tries=tries)

    def timeout_of(self, call: Call) -> float:
        """Of one try: what the call needs, where it says so. A prompt's is shorter, an execution's with a long deadline longer."""
        if call.timeout_s is None:
            return self.timeout_s
        return min(call.timeout_s, self.timeout_s) if call.method == "GET" else max(call.timeout_s, self.timeout_s)

    def headers(self, call: Call) -> dict[str, str]:
        """All headers of one request. A POST gets an idempotency key, the same in each try."""
        own = {"authorization": f"Bearer {self.api_key}", "user-agent": f"burnish-client/{VERSION}"}
        if call.lines is not None:
            own["content-type"] = "application/x-ndjson"
        elif call.body is not None and call.files is None:
            own["content-type"] = "application/json"
        if call.method == "POST" and not any(name.lower() == "idempotency-key" for name in call.headers):
            own["idempotency-key"] = str(uuid.uuid4())
        return own | _trace_headers() | {name.lower(): value for name, value in call.headers.items()}


def _trace_headers() -> dict[str, str]:
    """`traceparent` of the caller's span, where OpenTelemetry is installed and a span is open."""
    try:
        from opentelemetry.propagate import inject
    except ImportError:
        return {}
    carrier: dict[str, str] = {}
    inject(carrier)
    return carrier


def without_nones(body: Mapping[str, Any]) -> dict[str, Any]:
    """What was not given is not sent, so that the server's own default stands."""
    return {name: value for name, value in body.items() if value is not None}


def wait_s(attempt: int, *, retry_after: str | None) -> float:
    """How long to wait before try `attempt + 1` (0 the first): what the server says, else doubling from half a second, with jitter."""
    said_s = math.nan if retry_after is None else _said_s(retry_after)
    if not math.isnan(said_s):
        return min(max(said_s, 0.0), LONGEST_WAIT_S)
    return min(0.5 * 2.0**attempt, 8.0) * random.uniform(0.5, 1.0)


def _said_s(retry_after: str) -> float:
    """Retry-After in seconds or as an HTTP date (RFC 9110, 10.2.3); NaN for anything else."""
    with contextlib.suppress(ValueError):
        return float(retry_after)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    return math.nan


def is_answer(status: int) -> bool:
    """Whether it is one to be read. We follow no redirect: it would carry the key along."""
    return status < 300 or status == 304


def is_done_before(method: str, refusal: ApiError, *, was_lost: bool) -> bool:
    """Whether this 404 of Burnish's own says that an earlier try of the same DELETE did it, whose answer was lost."""
    return was_lost and method == "DELETE" and refusal.status == 404 and refusal.code.endswith("not_found")


def parsed(text: bytes) -> Any:
    """The JSON of an answer, None where it is empty. Raises NotReached where something else answered in place of Burnish."""
    try:
        return json.loads(text) if text else None
    except ValueError as error:
        raise NotReached("What answered is not Burnish: it sent no JSON. Look at base_url.") from error


def listed(answer: Any, path: str) -> Mapping[str, Any]:
    """A page of a list. Raises ValueError for what is none."""
    if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
        raise ValueError(f"path: {path} is no list; `request` reads it.")
    return answer


def is_key(text: str) -> bool:
    """Could a header carry it as a key? Blanks and line ends around it are not looked at."""
    return all("!" <= sign <= "~" for sign in text.strip())


def _is_address(url: str) -> bool:
    """Can it be asked at all: a scheme of ours, a host that a name server takes, a port that is one."""
    import httpx  # which whoever sends needs anyway, and `--help` does not

    try:
        address = urlsplit(url)
        host = address.hostname or ""
        host.encode("idna")
        return address.scheme in ("http", "https") and host != "" and address.port != 0 and httpx.URL(url).host != ""
    except (ValueError, httpx.InvalidURL):
        return False


def not_reached(base_url: str, error: Exception, *, is_garbled: bool) -> NotReached:
    """What to raise where nothing answers, or (`is_garbled`) something whose bytes nobody can read."""
    if is_garbled:
        return NotReached(f"What answers at {base_url} cannot be read: its body is not packed as it says.")
    return NotReached(f"{base_url} does not answer: {error or type(error).__name__}.")


def error_of(status: int, text: str, headers: Mapping[str, str]) -> ApiError:
    """The server's error object, or what a proxy between us said."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return refusal_of(status, body, headers.get("x-request-id"))


@dataclass
class Events:
    """Server-sent events, fed line by line. `ended`: the last event of an answer came."""

    execution_id: str | None = None
    request_id: str | None = None
    text: str = ""
    result: dict[str, Any] | None = None
    _name: str = "message"
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> str | None:
        """A piece of text, when this line completes one. Raises ApiError for an `error` event."""
        if line.startswith(":"):
            return None
        if line:
            kind, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if kind == "event":
                self._name = value
            elif kind == "data":
                self._data.append(value)
            return None
        name, data = self._name, "\n".join(self._data)
        self._name, self._data = "message", []
        return self._take(name, data) if data else None

    def _take(self, name: str, data: str) -> str | None:
        try:
            said = json.loads(data)
        except ValueError as error:
            raise self.broke("The stream holds what is no JSON") from error
        if not isinstance(said, dict):
            raise self.broke("The stream holds what is no event of Burnish")
        if name == "delta":
            piece = str(said.get("text", ""))
            self.text += piece
            return piece
        if name == "done":
            self.result = said
        elif name == "error":
            status = said.get("status")
            raise refusal_of(status if isinstance(status, int) else 502, said if "error" in said else {"error": said}, self.request_id)
        return None

    def broke(self, message: str) -> StreamBroke:
        """What to raise where the stream ends before its last event."""
        return StreamBroke(f"{message}, after {len(self.text)} characters.", text=self.text, execution_id=self.execution_id)


def said_again(call: str, attempt: int, tries: int, *, why: str, pause_s: float) -> None:
    """Tells the log `burnish_client` of another try. `call`: method and path, without what the request held."""
    LOG.info("%s: %s; try %d of %d in %.1f s", call, why, attempt + 2, tries, pause_s)


def may_succeed_later(status: int, refusal: ApiError, headers: Mapping[str, str], *, tries_left: int) -> bool:
    """Whether the same request, under the same idempotency key, is worth another try; not where the server says to come back later than
    the last of `tries_left` would."""
    if headers.get(NOT_AGAIN) == "false" or not (status in RETRIED or refusal.code == KEY_IN_USE):
        return False
    return not _said_s(headers.get("retry-after", "")) > tries_left * LONGEST_WAIT_S  # NaN, where nothing is said, is no more than anything
