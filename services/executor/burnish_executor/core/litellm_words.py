"""What a provider said went wrong, without what LiteLLM puts around it: names of its classes, the whole body, even Python's bytes."""

import ast
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from burnish_executor.core.failure import words_in

PREFIXES: Final = re.compile(r"^(?:litellm\.\w+: |\w+Exception(?: \w+Error)?(?: -|:) |\w+Error: )+")
"""Such as `litellm.RateLimitError: litellm.RateLimitError: GeminiException BadRequestError - `."""

BYTES: Final = re.compile(r"""b(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)

READ_MOST: Final = 20_000
"""Characters of a message that are looked at."""


def without_secrets(message: str, secrets: Iterable[str], *, mark: str) -> str:
    """Before anything is read in it: a body may write a secret's signs as JSON, Python or a URL do (`\\/`, `\\u002b`, `%2F`), and whoever
    reads them has the secret again. `mark` takes its place.
    """
    for secret in secrets:
        message = re.sub("".join(map(_sign, secret)), mark, message)
    return message


def _sign(sign: str) -> str:
    if sign.isascii() and sign.isalnum():
        return sign
    plain, number = re.escape(sign), ord(sign)
    short = {"\n": "n", "\t": "t", "\r": "r"}.get(sign)
    escaped = [rf"\\*{plain}", rf"\\+(?i:u{number:04x}|x{number:02x})", f"(?i:%{number:02x})", *([rf"\\+{short}"] if short else [])]
    return f"(?:{'|'.join(escaped)})"


def providers_words(message: str) -> str:
    """The provider's own words, on one line; the first line of the message where no body can be read in it."""
    rest = PREFIXES.sub("", message[:READ_MOST])
    literal = BYTES.match(rest)
    if literal is not None:
        with suppress(ValueError, SyntaxError):
            rest = ast.literal_eval(literal.group()).decode(errors="replace")
    rest = rest.strip()
    words = words_in(_body(rest)) if rest[:1] in ("{", "[") else ""
    first, _, more = rest.partition("\n")
    return " ".join((words or (first if len(first) > 1 else f"{first} {more}")).split())


def _body(text: str) -> Any:
    """The JSON that it begins with; None for none."""
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None
