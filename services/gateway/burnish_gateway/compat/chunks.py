"""A chat completion as server-sent events. What is equal in all chunks of a stream is made once; a chunk joins three byte strings."""

from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from burnish_gateway.compat.completion import finish_reason, head_of, usage_of
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.format import Facts, burnish_of, setup_in, tier_in
from burnish_shared.beside import message_fields
from burnish_shared.errors import BurnishError
from burnish_shared.json_bytes import decoded, encoded

DONE = b"data: [DONE]\n\n"

SEVERAL = b'{"choices":'
"""How a delta of several choices begins, as the executor writes it."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of one stream. `include_usage`: the usage chunk is wanted too. `begun`: the choices whose role was named."""

    before_choices: bytes
    before_delta: bytes
    before_text: bytes
    after_delta: bytes
    after_text: bytes
    include_usage: bool
    begun: set[int] = field(default_factory=lambda: {0})

    @classmethod
    def of(cls, execution_id: UUID | str, *, model: str, simulated: bool, include_usage: bool) -> Self:
        head = encoded(head_of(execution_id, model=model, simulated=simulated, is_chunk=True))
        before_choices = b"data: " + head[:-1] + b',"choices":['
        before_delta = before_choices + b'{"index":0,"delta":'
        after_delta = b',"finish_reason":null}]' + (b',"usage":null}\n\n' if include_usage else b"}\n\n")
        return cls(before_choices, before_delta, before_delta + b'{"content":', after_delta, b"}" + after_delta, include_usage)

    def begin(self) -> bytes:
        """The chunk that names the role of the first choice."""
        return self.delta(b'{"role":"assistant","content":""}')

    def text(self, body: bytes) -> bytes:
        """`body`: a JSON string, as it travelled."""
        return self.before_text + body + self.after_text

    def delta(self, body: bytes) -> bytes:
        """`body`: a delta object as JSON; or `{"choices":[…]}`, each with index, delta and logprobs, where there are several."""
        if body.startswith(SEVERAL):
            return b"".join(self._choice(one) for one in decoded(body)["choices"])
        return self.before_delta + body + self.after_delta

    def _choice(self, choice: dict[str, Any]) -> bytes:
        """Of a further choice. A chunk of its own names its role first, as clients that put chunks together go by it.

        OpenAI's client counts probabilities twice that stand in the first chunk of a choice.
        """
        if choice["index"] not in self.begun:
            self.begun.add(choice["index"])
            return self._choice({"index": choice["index"], "delta": {"role": "assistant", "content": ""}}) + self._choice(choice)
        shown = encoded({**choice, "finish_reason": choice.get("finish_reason")})
        return self.before_choices + shown + (b'],"usage":null}\n\n' if self.include_usage else b"]}\n\n")

    def tool_calls(self, calls: list[dict[str, Any]]) -> bytes:
        """Whole tool calls in one chunk, for a stream that did not see them come."""
        return self.delta(encoded({"tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]}))

    def asides(self, beside: Facts) -> bytes:
        told = message_fields(beside)
        return self.delta(encoded(told)) if told else b""

    def end(self, outcome: Facts) -> bytes:
        """Finish reason, usage and cost where they are wanted, and `[DONE]`, which is sent nowhere else.

        Which setup answered is known by now, and told in both last chunks: OpenAI's client keeps what the very last one says.
        """
        others = b"".join(
            self._choice({"index": index, "delta": {}, "finish_reason": finish_reason(one)})
            for index, one in enumerate((outcome.get("choices") or [])[1:], start=1)
        )
        last = others + self.before_delta + b'{},"finish_reason":' + encoded(finish_reason(outcome)) + b"}]"
        if setup := setup_in(outcome):
            last += b"," + encoded(setup)[1:-1]
        if not self.include_usage:
            return last + b"}\n\n" + DONE
        return last + b',"usage":null}\n\n' + self._usage(outcome) + DONE

    def _usage(self, outcome: Facts) -> bytes:
        """With the model that answered in the end, and what no field of OpenAI's has a place for."""
        head = decoded(self.before_choices.removeprefix(b"data: ").removesuffix(b',"choices":[') + b"}")
        facts = head | {"model": outcome["model"], "choices": [], "usage": usage_of(outcome), "burnish": burnish_of(outcome)}
        facts |= tier_in(outcome) | setup_in(outcome)
        return b"data: " + encoded(facts) + b"\n\n"

    def error(self, error: BurnishError, *, request_id: str) -> bytes:
        """The last event of a stream that failed after it began."""
        return b"data: " + bytes(openai_error(error, request_id=request_id).body) + b"\n\n"
