"""OpenAI's format of embeddings. Pure. A vector is kept as base64 of its 32-bit floats, little-endian: a quarter of their digits."""

import base64
import binascii
import json
import math
from array import array
from dataclasses import dataclass
from typing import Any, Final

from burnish_executor.core.answer import Answer, parsed
from burnish_executor.core.failure import Failure, FailureKind, failure_of_body
from burnish_executor.core.openai_wire import OpenAIWire
from burnish_executor.core.usage import count_of
from burnish_shared.contracts.executions import ExecutionRequest, Usage
from burnish_shared.providers import litellm_name_of, wire_of

TAKES_BASE64: Final = frozenset({"openai", "simulated"})
"""Others may refuse the field, or leave it out; both forms are read from all of them."""

SETTINGS: Final = ("dimensions", "user")

FLOAT_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class EmbeddingWire(OpenAIWire):
    """`POST …/embeddings`. The answer's text is a JSON list of vectors in the order of the inputs."""

    path: str = "/embeddings"

    def body(self, request: ExecutionRequest) -> dict[str, Any]:
        """A single input is sent as one, which every server takes."""
        inputs = [one["tokens"] if "tokens" in one else one["content"] for one in request.messages]
        route = request.route
        model = route.upstream_model
        if wire_of(route.provider) == "litellm":
            model = f"{litellm_name_of(route.provider)}/{model}"
        named: dict[str, Any] = {name: request.settings[name] for name in SETTINGS if name in request.settings}
        coded = {"encoding_format": "base64"} if route.provider in TAKES_BASE64 else {}
        return {**request.extra, "model": model, "input": inputs[0] if len(inputs) == 1 else inputs, **named, **coded}

    def read_body(self, data: bytes, *, seed: str = "") -> Answer | Failure:
        body = parsed(data)
        if not isinstance(body, dict):
            return Failure(FailureKind.MALFORMED, "The provider's answer is no JSON object.")
        if body.get("error"):
            return failure_of_body(body)
        listed = body.get("data")
        vectors = [_vector(one) for one in sorted(listed, key=_index)] if isinstance(listed, list) else []
        if not vectors or None in vectors:
            return Failure(FailureKind.MALFORMED, "The provider's answer holds no embeddings.")
        answer = Answer(text=[json.dumps(vectors, separators=(",", ":"))], finish_reason="stop", complete=True)
        answer.usage, answer.simulated = _usage(body.get("usage")), body.get("simulated") is True
        return answer


EMBEDDINGS: Final = EmbeddingWire()
EMBEDDINGS_BY_LITELLM: Final = EmbeddingWire(path="/v1/embeddings")


def _index(one: Any) -> int:
    index = one.get("index") if isinstance(one, dict) else None
    return index if isinstance(index, int) else 0


def _vector(one: Any) -> str | None:
    """None for what is none: no numbers, or not all of them finite."""
    given = one.get("embedding") if isinstance(one, dict) else None
    if isinstance(given, str):
        return given if _is_vector(given) else None
    try:
        numbers = array("f", given) if isinstance(given, list) else array("f")
    except (TypeError, OverflowError):
        return None
    if not numbers or not all(map(math.isfinite, numbers)):
        return None
    return base64.b64encode(numbers.tobytes()).decode()


def _is_vector(text: str) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return False
    return bool(raw) and len(raw) % FLOAT_BYTES == 0


def _usage(value: Any) -> Usage | None:
    """Input alone; None where it is missing or absurd."""
    tokens = count_of(value.get("prompt_tokens")) if isinstance(value, dict) else None
    return Usage(input_tokens=tokens, output_tokens=0, source="provider") if tokens else None
