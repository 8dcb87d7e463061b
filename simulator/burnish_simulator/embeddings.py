"""`embed`: a toy that turns words into numbers by hashing them. Texts with common words are near each other; it knows no meaning."""

import base64
import hashlib
import json
import math
import re
from array import array
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burnish_simulator.chat_request import tokens_of
from burnish_simulator.models import plain_name
from burnish_simulator.refusals import Refusal, refusal_of

MODEL = "embed"
DIMENSIONS = 64
DIMENSIONS_MOST = 3072
WORDS = re.compile(r"\w+")


class EmbeddingsRequest(BaseModel):
    """A checked request, with the bounds of OpenAI's API reference."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)

    model: str
    input: str | list[str] | list[int] | list[list[int]]
    dimensions: Annotated[int, Field(ge=1, le=DIMENSIONS_MOST)] = DIMENSIONS
    encoding_format: Literal["float", "base64"] = "float"

    def inputs(self) -> list[str | list[int]]:
        """Each input by itself."""
        if isinstance(self.input, str):
            return [self.input]
        if self.input and isinstance(self.input[0], int):
            return [[one for one in self.input if isinstance(one, int)]]
        return [one for one in self.input if not isinstance(one, int)]


def answer_embeddings(body: bytes) -> bytes:
    """The answer as JSON. Raises Refusal."""
    try:
        request = EmbeddingsRequest.model_validate_json(body)
    except ValidationError as error:
        raise refusal_of(error) from error
    if plain_name(request.model) != MODEL:
        raise Refusal(f"The model '{request.model}' has no embeddings.", status=404, param="model", code="model_not_found")
    inputs = request.inputs()
    if not inputs or not all(inputs):
        raise Refusal("'input' must not be empty.", param="input", code="invalid_value")
    tokens = sum(tokens_of(one) if isinstance(one, str) else len(one) for one in inputs)
    vectors = [vector(one, dimensions=request.dimensions) for one in inputs]
    shown = [base64.b64encode(one.tobytes()).decode() if request.encoding_format == "base64" else one.tolist() for one in vectors]
    return json.dumps(
        {
            "object": "list",
            "data": [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(shown)],
            "model": request.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "simulated": True,
        }
    ).encode()


def vector(text: str | list[int], *, dimensions: int) -> "array[float]":
    """A unit vector: each word adds or takes a little in every dimension, by its hash."""
    words = [word.lower() for word in WORDS.findall(text)] if isinstance(text, str) else [str(token) for token in text]
    sums = [0.0] * dimensions
    for word in words or [""]:
        for index, sign in enumerate(_signs(word, dimensions)):
            sums[index] += sign
    length = math.sqrt(sum(one * one for one in sums)) or 1.0
    return array("f", (one / length for one in sums))


def _signs(word: str, dimensions: int) -> Iterator[float]:
    bits = hashlib.shake_128(word.encode()).digest(-(-dimensions // 8))
    return (1.0 if bits[index // 8] >> (index % 8) & 1 else -1.0 for index in range(dimensions))
