"""`POST /v1/completions`: OpenAI's older format, in which a text is continued. The text is a user's message, the answer what follows it.

Models behind any provider are asked by chat, as they know nothing else by now; so what only a bare model could do is refused.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from burnish_gateway.compat.call_fields import CallFields
from burnish_gateway.compat.chat import chat_of
from burnish_gateway.compat.chat_body import Factor, Id, chat_body_of, object_in
from burnish_gateway.compat.chunks import DONE, SEVERAL
from burnish_gateway.compat.completion import finish_reason, head_of, usage_of
from burnish_gateway.compat.error_answer import openai_error
from burnish_gateway.compat.format import Chat, Facts, burnish_of, setup_in, tier_in
from burnish_gateway.execution.unsupported import Unsupported
from burnish_gateway.model_settings import CHOICES_MOST
from burnish_shared.errors import BurnishError, InvalidField
from burnish_shared.json_bytes import decoded, encoded

KIND: Final = "text_completion"

TEXTS_MOST: Final = 128
"""Texts of one call. Each is an execution, and all are under way at once."""

MAY_BE_SEVERAL: Final = re.compile(rb'"prompt"\s*:\s*\[')

ALONE: Final = ("echo", "suffix", "best_of", "logprobs")
"""What a text has and a chat has not; as nothing at all they are taken."""

OF_CHATS: Final = (
    "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "functions", "function_call", "top_logprobs",
)  # fmt: skip
"""What a chat has and a text has not."""


class CompletionBody(CallFields):
    """What the route takes, for the reference; it is read as a chat completion. A null counts as not given."""

    model_config = ConfigDict(title="CompletionRequest")

    model: Annotated[str, Field(min_length=1, max_length=300, description="A model, or `burnish::prompt::SLUG[@LABEL|@N]`")]
    prompt: str | Annotated[list[str], Field(min_length=1, max_length=TEXTS_MOST, description="Of several each is an execution of its own")]
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    n: Annotated[int, Field(ge=1, le=CHOICES_MOST)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Factor | None = None
    presence_penalty: Factor | None = None
    max_tokens: Annotated[int | None, Field(description="Where none is given the model's own limit counts, not the format's 16")] = None
    stop: str | Annotated[list[str], Field(max_length=16)] | None = None
    seed: int | None = None
    logit_bias: Annotated[dict[str, float], Field(max_length=1024)] | None = None
    user: Id | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=100)] | None = None
    variables: dict[str, Any] | None = None
    session_id: Id | None = None
    app: Id | None = None


@dataclass(frozen=True, slots=True)
class CompletionsFormat:
    """`POST /v1/completions`. Usage comes in streams where it is asked for."""

    route: str = "completions"

    def parse(self, raw: bytes) -> Chat:
        """Raises InvalidBody, InvalidField, Unsupported."""
        value = object_in(raw)
        return _chat(value, text=_text(value.get("prompt")))

    def answer(self, outcome: Facts, *, chat: Chat) -> bytes:
        choices = [choice_of(one, index=index) for index, one in enumerate(outcome.get("choices") or [outcome])]
        head = completion_head(outcome["id"], model=outcome["model"], simulated=outcome["simulated"])
        told = {"choices": choices, "usage": usage_of(outcome), "burnish": burnish_of(outcome)}
        return encoded(head | told | tier_in(outcome) | setup_in(outcome))

    def events(self, execution_id: UUID, *, model: str, simulated: bool, chat: Chat) -> "TextChunks":
        return TextChunks(completion_head(execution_id, model=model, simulated=simulated), chat.include_usage)

    def refuse(self, error: BurnishError, *, request_id: str) -> Response:
        return openai_error(error, request_id=request_id)


@dataclass(frozen=True, slots=True)
class TextChunks:
    """The chunks of one stream: texts, and the end. A refusal is a text here; what a text has no place for (thoughts, calls of tools)
    stands in the record. `first`: the index of its first choice; `most`: so many choices are told of it at most, None: all."""

    head: Facts
    include_usage: bool
    first: int = 0
    most: int | None = None

    def begin(self) -> bytes:
        return b""

    def text(self, body: bytes) -> bytes:
        return self._chunk(decoded(body))

    def delta(self, body: bytes) -> bytes:
        given = decoded(body)
        several = given["choices"] if body.startswith(SEVERAL) else [{"index": 0, "delta": given}]
        told = ((one["index"], one["delta"].get("content") or one["delta"].get("refusal")) for one in several)
        return b"".join(self._chunk(text, index=index) for index, text in told if text and (self.most is None or index < self.most))

    def tool_calls(self, calls: list[dict[str, Any]]) -> bytes:
        return b""

    def asides(self, beside: Facts) -> bytes:
        return self._chunk(beside["refusal"]) if beside.get("refusal") else b""

    def end(self, outcome: Facts) -> bytes:
        last = self.choices_end(outcome)
        if not self.include_usage:
            return last + DONE
        told = {"model": outcome["model"], "choices": [], "usage": usage_of(outcome), "burnish": burnish_of(outcome)}
        return last + event(self.head | told | tier_in(outcome) | setup_in(outcome)) + DONE

    def choices_end(self, outcome: Facts) -> bytes:
        choices = (outcome.get("choices") or [outcome])[: self.most]
        return b"".join(self._chunk("", index=index, reason=_ended(one), also=setup_in(outcome)) for index, one in enumerate(choices))

    def error(self, error: BurnishError, *, request_id: str) -> bytes:
        return b"data: " + bytes(openai_error(error, request_id=request_id).body) + b"\n\n"

    def _chunk(self, text: str, *, index: int = 0, reason: str | None = None, also: Facts | None = None) -> bytes:
        choice = {"text": text, "index": self.first + index, "logprobs": None, "finish_reason": reason}
        return event(self.head | {"choices": [choice]} | (also or {}) | ({"usage": None} if self.include_usage else {}))


def chats_of(raw: bytes) -> list[Chat]:
    """One for each text of a body that has several; none for any other body, which `parse` reads. Raises as that does."""
    if MAY_BE_SEVERAL.search(raw) is None:
        return []
    value = object_in(raw)
    texts = value.get("prompt")
    if not isinstance(texts, list) or len(texts) < 2 or not all(isinstance(one, str) for one in texts):
        return []
    if len(texts) > TEXTS_MOST:
        raise InvalidField(f"prompt: has {len(texts):,} texts; at most {TEXTS_MOST} are answered in one call.", param="prompt")
    if value.get("client_request_id") is not None:
        raise Unsupported("client_request_id: names one execution, and several texts are several.", param="client_request_id")
    for index, one in enumerate(texts):
        if not one:
            raise InvalidField(f"prompt[{index}]: a text is needed.", param=f"prompt[{index}]")
    return [_chat(value, text=one) for one in texts]


def _chat(value: Facts, *, text: str) -> Chat:
    for name in OF_CHATS:
        if value.get(name) is not None:
            raise Unsupported(f"{name}: belongs to POST /v1/chat/completions.", param=name)
    _check_alone(value)
    rest = {name: one for name, one in value.items() if name not in ALONE and name != "prompt"}
    return chat_of(*chat_body_of(rest | {"messages": [{"role": "user", "content": text}]}))


def choice_of(said: Facts, *, index: int) -> Facts:
    return {"text": said["output"] or _refused(said) or "", "index": index, "logprobs": None, "finish_reason": _ended(said)}


def _refused(said: Facts) -> str | None:
    """OpenAI's refusals end as any answer does: without their words they would look like an empty one."""
    refusal: str | None = (said.get("beside") or {}).get("refusal")
    return refusal


def _ended(said: Facts) -> str:
    """The format knows no calls of tools, which a prompt named as the model may have."""
    reason = finish_reason(said)
    return "stop" if reason == "tool_calls" else reason


def completion_head(execution_id: UUID | str, *, model: str, simulated: bool) -> Facts:
    return head_of(execution_id, model=model, simulated=simulated, is_chunk=False) | {"object": KIND}


def event(facts: Facts) -> bytes:
    return b"data: " + encoded(facts) + b"\n\n"


def _text(prompt: Any) -> str:
    if isinstance(prompt, list) and len(prompt) == 1 and isinstance(prompt[0], str):
        prompt = prompt[0]
    if isinstance(prompt, list) and prompt:
        raise Unsupported("prompt: must be a text, or a list of texts; tokens of a model are not read.", param="prompt")
    if isinstance(prompt, dict):
        raise Unsupported("prompt: a text; name a prompt of Burnish as the model, burnish::prompt::SLUG.", param="prompt")
    if not isinstance(prompt, str) or not prompt:
        raise InvalidField("prompt: a text is needed.", param="prompt")
    return prompt


def _check_alone(value: Facts) -> None:
    """Raises Unsupported for what only a bare model could do."""
    if value.get("echo"):
        raise Unsupported("echo: is not offered; put your text before the answer yourself.", param="echo")
    if value.get("suffix"):
        raise Unsupported("suffix: is not offered; models are asked by chat.", param="suffix")
    if value.get("logprobs") is not None and value["logprobs"] is not False:  # 0 asks for those of the text itself
        raise Unsupported("logprobs: is not offered here; POST /v1/chat/completions has it.", param="logprobs")
    best_of, n = value.get("best_of"), value.get("n")
    if best_of is not None and best_of != (n if n is not None else 1):
        raise Unsupported("best_of: is not offered beyond n; ask for n answers and choose.", param="best_of")
