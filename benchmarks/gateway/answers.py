"""What an answer must say: the mock's words and its usage, byte for byte, whatever each product writes around them."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from benchmarks.gateway.load import CALL_TIMEOUT, Target
from benchmarks.gateway.mock import CHUNKS, USAGE

WORDS = "word " * CHUNKS


@dataclass(frozen=True, slots=True)
class Answer:
    """The text and the usage in a body; usage None: it carries none."""

    text: str
    usage: dict[str, Any] | None

    def fault(self) -> str | None:
        """What differs from what the mock sent; None: nothing."""
        if self.text != WORDS:
            return f"the text differs: {self.text[:60]!r}"
        counted = {name: (self.usage or {}).get(name) for name in USAGE}
        return None if counted == USAGE else f"the usage differs: {counted} for {USAGE}"


def read(body: bytes) -> Answer:
    """The answer in a JSON body or in a stream of events, told apart by how they begin. ValueError: it is neither."""
    if body.lstrip().startswith(b"{"):
        whole = json.loads(body)
        return Answer(whole["choices"][0]["message"]["content"], whole.get("usage"))
    text, usage = [], None
    for line in body.splitlines():
        if not line.startswith(b"data: ") or line == b"data: [DONE]":
            continue
        event = json.loads(line[6:])
        text += [choice["delta"].get("content") or "" for choice in event.get("choices", ())]
        usage = event.get("usage") or usage
    return Answer("".join(text), usage)


def faults(bodies: list[bytes]) -> int:
    """How many of these bodies say something else than the mock did."""
    wrong = 0
    for body in bodies:
        try:
            wrong += read(body).fault() is not None
        except (ValueError, LookupError, TypeError):
            wrong += 1
    return wrong


async def compare(target: Target, direct: Target, *, stream: bool) -> str:
    """One call of each: "the same bytes", "the same text and usage", or a ValueError that says what differs."""
    async with aiohttp.ClientSession(timeout=CALL_TIMEOUT) as session:
        ours, plain = [await _body(session, one, stream=stream) for one in (target, direct)]
    if ours == plain:
        return "the same bytes"
    try:
        fault = read(ours).fault()
    except (ValueError, LookupError, TypeError):
        fault = f"not an answer: {ours[:120]!r}"
    if fault:
        raise ValueError(f"{'stream' if stream else 'JSON'}: {fault}")
    return "the same text and usage"


async def _body(session: aiohttp.ClientSession, target: Target, *, stream: bool) -> bytes:
    url, body, headers = target.request(stream=stream, prompt="one real answer")
    try:
        async with session.post(url, data=body, headers=headers) as response:
            text = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ValueError(f"no answer: {error!r}") from error
    if response.status != 200:
        raise ValueError(f"status {response.status}: {text[:160]!r}")
    return text
