"""Static headers of an endpoint: which names are allowed, which values are hidden, and how they are kept. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from burnish_shared.errors import InvalidField

HEADERS_MOST: Final = 20
VALUE_MOST_CHARACTERS: Final = 2_000
ALL_MOST_CHARACTERS: Final = 8_000

DENIED: Final = frozenset(
    {
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive", "te", "trailer",
        "upgrade", "expect", "accept-encoding", "user-agent", "forwarded", "via", "date", "range", "metadata", "metadata-flavor",
    }
)  # fmt: skip
"""Names that frame the message, that we set, that claim another sender, or that cloud metadata services ask for."""

DENIED_BEGINNINGS: Final = ("webhook-", "burnish-", "proxy-", "x-forwarded-", "x-real-", "x-aws-ec2-", "x-google-metadata-", "sec-", ":")

_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_VALUE: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?\Z")
_SECRET_NAME: Final = re.compile(r"auth|cookie|token|secret|passw|key|credential|signature|session", re.IGNORECASE)
_SECRET_VALUE: Final = re.compile(r"(?:bearer|basic|digest)\s|[a-z]{2,8}[_-][A-Za-z0-9_-]{12,}|[A-Za-z0-9+/_=.-]{20,}", re.IGNORECASE)


def checked(given: Mapping[str, str | None], kept: Mapping[str, str]) -> dict[str, str]:
    """The headers as they are sent from now on. A value of None keeps what is stored (`kept`) under the name, so that a list can be
    read, changed and written without knowing what is hidden. Raises InvalidField."""
    if len(given) > HEADERS_MOST:
        raise InvalidField(f"headers: at most {HEADERS_MOST}.", param="headers")
    stored = {name.lower(): value for name, value in kept.items()}
    headers: dict[str, str] = {}
    for name, value in given.items():
        _check_name(name)
        if name.lower() in {one.lower() for one in headers}:
            raise InvalidField(f"headers: {name!r} is there twice.", param="headers")
        headers[name] = _checked_value(name, value if value is not None else stored.get(name.lower()))
    if sum(len(name) + len(value) for name, value in headers.items()) > ALL_MOST_CHARACTERS:
        raise InvalidField(f"headers: together at most {ALL_MOST_CHARACTERS} characters.", param="headers")
    return headers


def shown(headers: Mapping[str, str]) -> dict[str, str | None]:
    """What may be read again: the value, or None where name or value look like a secret."""
    return {
        name: None if _SECRET_NAME.search(name) or _SECRET_VALUE.match(value) else value
        for name, value in headers.items()
    }  # fmt: skip


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise InvalidField(f"headers: {name[:100]!r} is no name of a header.", param="headers")
    if name.lower() in DENIED or name.lower().startswith(DENIED_BEGINNINGS):
        raise InvalidField(
            f"headers: {name!r} cannot be set; it belongs to the message, to us, or to networks in between.", param="headers"
        )


def _checked_value(name: str, value: str | None) -> str:
    if value is None:
        raise InvalidField(f"headers: {name!r} has no value, and none is stored.", param="headers")
    if not 1 <= len(value) <= VALUE_MOST_CHARACTERS or not _VALUE.match(value):
        raise InvalidField(
            f"headers: the value of {name!r} must be 1 to {VALUE_MOST_CHARACTERS} visible ASCII characters, with spaces between them only.",
            param="headers",
        )
    return value
