"""OpenAI's chat format: what is sent, and what its bodies and streams say. Pure (PROMISES E-07)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_executor.core.alike import Alike
from burnish_executor.core.answer import OUTPUT_MOST_CHARACTERS, Answer, Piece, add, merge_call, parsed, set_aside, text_of, too_long
from burnish_executor.core.asides import PLAIN, says_more
from burnish_executor.core.choices import CHOICES_MOST, add_choices, ended_of, is_plain, logprobs_in
from burnish_executor.core.failure import Failure, FailureKind, error_in, failure_of_body
from burnish_executor.core.openai_messages import messages_for
from burnish_executor.core.provider_cache import prompt_cache_key
from burnish_executor.core.schemas_between import may_be_strict
from burnish_executor.core.tool_parts import parts_of, with_empty_objects
from burnish_executor.core.usage import reported
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.providers import TAKES_TOP_K

DONE: Final = b"[DONE]"

SELDOM: Final = frozenset({"error", "simulated", "x_groq"})
"""What an event may say besides its choices; `usage` is often there, and empty."""

NO_CHOICE: Final = Failure(FailureKind.PROVIDER, "The provider answered without a choice, so without an answer.")
"""Nothing came that could be charged for, and another try or model may do better."""

LATER_CAP: Final = frozenset({"openai"})
"""Providers that name the cap of the output `max_completion_tokens`."""


FINGERPRINT_MOST_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True)
class OpenAIWire:
    """`POST …/chat/completions`, as OpenAI and everybody who is compatible with it speak it."""

    path: str = "/chat/completions"

    def headers(self, key: str | None) -> dict[str, str]:
        return {"authorization": f"Bearer {key}"} if key else {}

    def body(self, request: ExecutionRequest) -> dict[str, Any]:
        """Only settings that were given, and the cap that the hold was counted by.

        OpenAI takes it under its later name for all its models, and for those that reason under no other
        (https://platform.openai.com/docs/api-reference/chat/create); many who are compatible know only the earlier one.
        """
        messages = messages_for(request)
        body: dict[str, Any] = {**_extra_of(request), "model": request.route.upstream_model, "messages": messages, **request.settings}
        if request.spoken != "openai":
            body |= _of_anthropics(body)
        if request.route.provider in LATER_CAP and "max_tokens" in body:
            body["max_completion_tokens"] = body.pop("max_tokens")
        if (kept_under := prompt_cache_key(request)) is not None:
            body.setdefault("prompt_cache_key", kept_under)
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body

    def read_body(self, data: bytes, *, seed: str = "") -> Answer | Failure:
        return read_body(data, seed=seed)

    def reader(self, body: Mapping[str, Any]) -> "OpenAIStream":
        asked = body.get("n")
        return OpenAIStream(choices=max(1, min(asked, CHOICES_MOST)) if isinstance(asked, int) else 1)


def _extra_of(request: ExecutionRequest) -> dict[str, Any]:
    """Of a caller of Anthropic's format nothing but `top_k`, for those who know it."""
    if request.spoken == "openai":
        return request.extra
    top_k = request.extra.get("top_k") if request.route.provider in TAKES_TOP_K else None
    return {"top_k": top_k} if isinstance(top_k, int) and not isinstance(top_k, bool) else {}


def _of_anthropics(body: dict[str, Any]) -> dict[str, Any]:
    """What a caller of Anthropic's format asked for, as this one takes it; only what is another thing here."""
    told: dict[str, Any] = {}
    if body.get("tools"):
        told["tools"] = [_tool_of_anthropics(tool) for tool in body["tools"]]
    wanted = body.get("response_format")
    wanted = wanted if isinstance(wanted, dict) else {}
    asked = wanted.get("json_schema")
    if isinstance(asked, dict) and asked.get("strict") is True and not may_be_strict(asked.get("schema")):
        told["response_format"] = {**wanted, "json_schema": {**asked, "strict": False}}
    return told


def _tool_of_anthropics(tool: dict[str, Any]) -> dict[str, Any]:
    """`strict` stands beside the name there, and within the function here; for marks and examples there is no word here.

    Who is to keep to a schema that cannot be kept to here is not: the provider would refuse the call.
    """
    told: dict[str, Any] = {name: tool[name] for name in ("type", "function") if name in tool}
    function, strict = told.get("function"), tool.get("strict")
    if isinstance(strict, bool) and isinstance(function, dict):
        told["function"] = {**function, "strict": strict and may_be_strict(function.get("parameters"))}
    return told


@dataclass(slots=True)
class OpenAIStream:
    """Reads the events of one stream. `ended`: the provider closed it with [DONE]. `choices`: so many were asked for; one that has not
    begun shows in no event.
    """

    answer: Answer = field(default_factory=Answer)
    ended: bool = False
    choices: int = 1
    alike: Alike = field(default_factory=Alike)

    @property
    def is_whole(self) -> bool:
        """The provider said that it was done, and what it used."""
        return self.answer.complete and self.answer.usage is not None

    @property
    def may_end(self) -> bool:
        """Also with fewer choices than were asked for: many servers know no `n`, give one, and say no [DONE]. What they closed by
        themselves is all they had to say; behind a broken connection or a silence another choice may have been to come.
        """
        return self.answer.complete or ended_of(self.answer) == 1 + len(self.answer.others)

    @property
    def _is_empty(self) -> bool:
        """No event held a choice."""
        answer = self.answer
        return not (answer.has_deltas or answer.finish_reason or answer.others or answer.text or answer.tool_calls or answer.asides)

    def read_alike(self, events: Sequence[bytes], at: int) -> tuple[str, int]:
        answer = self.answer
        if answer.finish_reason is not None or self.is_whole:
            return "", 0
        text, count = self.alike.read(events, at)
        if not count or answer.characters + len(text) > OUTPUT_MOST_CHARACTERS:  # read one by one, it is told which of them is too much
            return "", 0
        answer.characters += len(text)
        answer.text.append(text)
        return text, count

    def read(self, data: bytes) -> Piece | Failure | None:
        self.ended = data == DONE
        if self.ended and self._is_empty:
            return NO_CHOICE
        if not self.is_whole or self.ended:
            return read_chunk(self.answer, data, choices=self.choices, alike=self.alike)
        _use(self.answer, parsed(data))
        return None


def _use(answer: Answer, chunk: Any) -> None:
    """The last count is the whole one: some tell it with every event, and the last of these behind the reason for the end."""
    if isinstance(chunk, dict):
        answer.usage = reported(_usage_in(chunk), service_tier=chunk.get("service_tier")) or answer.usage


def read_chunk(answer: Answer, data: bytes, *, choices: int = 1, alike: Alike | None = None) -> Piece | Failure | None:
    """Adds one event of a stream to `answer`, which is complete once this many choices are. None: nothing for the caller. A Failure ends
    the stream. `alike` learns of one that says a text and nothing else.
    """
    if data == DONE:
        answer.complete = True
        return None
    chunk = parsed(data)
    text = _plain_text(chunk) if answer.finish_reason is None else None
    if text is None:
        return _read_whole(answer, chunk, choices=choices)
    if alike is not None:
        alike.learn(data)
    return _read_text(answer, text)


def _plain_text(chunk: Any) -> str | None:
    """The text of an event that says nothing else, as nearly all do; None for any other. Each name here is one that `_read_whole` heeds."""
    if type(chunk) is not dict or not chunk.keys().isdisjoint(SELDOM) or chunk.get("usage") is not None:
        return None
    told = chunk.get("choices")
    if type(told) is not list or len(told) != 1 or type(choice := told[0]) is not dict:
        return None
    if choice.get("finish_reason") or choice.get("index") or choice.get("logprobs") or choice.get("error"):
        return None
    delta = choice.get("delta")
    if type(delta) is not dict or type(text := delta.get("content")) is not str or not delta.keys() <= PLAIN or delta.get("tool_calls"):
        return None
    return text or None


def _read_text(answer: Answer, text: str) -> Piece | Failure:
    """What `_read_whole` comes to with one text and no choice that has ended."""
    answer.has_deltas = True
    answer.characters += len(text)
    if answer.characters > OUTPUT_MOST_CHARACTERS:
        return too_long()
    answer.text.append(text)
    return Piece(text)


def _read_whole(answer: Answer, chunk: Any, *, choices: int) -> Piece | Failure | None:
    """Any event."""
    if not isinstance(chunk, dict):
        return Failure(FailureKind.MALFORMED, "The provider's stream held an event that is no JSON object, so text may be missing.")
    if error_in(chunk):
        return failure_of_body(chunk)
    _use(answer, chunk)
    answer.simulated = answer.simulated or chunk.get("simulated") is True
    told = chunk.get("choices")
    choice = _first(told)
    if (failure := _failure_in(told)) is not None:
        return failure
    delta = _delta_of(answer, choice)
    if isinstance(told, list) and told and not is_plain(told):
        added = add_choices(answer, told)
    else:
        if choice.get("finish_reason"):
            answer.finish_reason = str(choice["finish_reason"])[:40]
        added = _added(answer, delta if isinstance(delta, dict) else {})
    answer.complete = answer.complete or ended_of(answer, most=choices) == choices
    if answer.finish_reason is not None:
        _note_setup(answer, chunk)
    return added


def _note_setup(answer: Answer, body: dict[str, Any]) -> None:
    """Which setup answers. A stream says the same in every event; the last ones are looked at, so that no mere text is slower."""
    named = body.get("system_fingerprint")
    if isinstance(named, str) and named:
        answer.system_fingerprint = named[:FINGERPRINT_MOST_CHARACTERS]


def read_body(data: bytes, *, seed: str = "") -> Answer | Failure:
    """A buffered answer. `seed`: what its ids are drawn from, where it has none."""
    body = parsed(data)
    if not isinstance(body, dict):
        return Failure(FailureKind.MALFORMED, "The provider's answer is no JSON object.")
    if error_in(body):
        return failure_of_body(body)
    choices = body.get("choices")
    if (failure := _failure_in(choices)) is not None:
        return failure
    if choices == []:
        return NO_CHOICE
    answer = _read_choice(_first(choices), seed=seed)
    if answer is None:
        return Failure(FailureKind.MALFORMED, "The provider's answer holds no message.")
    answer.usage = reported(body.get("usage"), service_tier=body.get("service_tier"))
    answer.simulated = body.get("simulated") is True
    _note_setup(answer, body)
    for choice in choices[1:CHOICES_MOST] if isinstance(choices, list) else ():
        other = _read_choice(choice, seed=f"{seed}/{len(answer.others)}") if isinstance(choice, dict) else None
        if other is not None:
            answer.others.append(other)
    return answer


def _read_choice(choice: dict[str, Any], *, seed: str) -> Answer | None:
    """One choice of a buffered answer; None without a message."""
    message = choice.get("message")
    if not isinstance(message, dict):
        return None
    answer = Answer(finish_reason=str(choice.get("finish_reason") or "stop")[:40], complete=True, logprobs=logprobs_in(choice), seed=seed)
    if text := text_of(message.get("content")):
        answer.text.append(text)
    calls = message.get("tool_calls")
    parts = parts_of(
        answer, [{**call, "index": at} for at, call in enumerate(calls) if isinstance(call, dict)] if isinstance(calls, list) else []
    )
    for part in with_empty_objects(answer, parts, answer.finish_reason):
        merge_call(answer.tool_calls, part)
    set_aside(answer, message)
    return answer


def _added(answer: Answer, delta: dict[str, Any]) -> Piece | Failure | None:
    """Text and parts of tool calls of one delta; both may come together."""
    calls = parts_of(answer, delta["tool_calls"]) if delta.get("tool_calls") else []
    if answer.tool_calls:
        calls = with_empty_objects(answer, calls, answer.finish_reason)
    return add(answer, text=text_of(delta.get("content")), calls=calls, beside=delta if says_more(delta) else None)


def _delta_of(answer: Answer, choice: dict[str, Any]) -> Any:
    """Some servers say `message` where a stream says `delta`. Behind deltas it is the whole answer once more, and nothing new."""
    delta = choice.get("delta")
    if delta is not None:
        answer.has_deltas = True
        return delta
    return None if answer.has_deltas else choice.get("message")


def _failure_in(choices: Any) -> Failure | None:
    """OpenRouter tells what went wrong with an answer beside it (https://openrouter.ai/docs/api/reference/errors-and-debugging)."""
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("error"):
            return failure_of_body(choice)
        if isinstance(choice, dict) and choice.get("finish_reason") == "error":
            return Failure(FailureKind.PROVIDER, "The provider ended its answer with an error.")
    return None


def _usage_in(chunk: dict[str, Any]) -> Any:
    """Groq tells it in an object of its own."""
    usage, groq = chunk.get("usage"), chunk.get("x_groq")
    return groq.get("usage") if usage is None and isinstance(groq, dict) else usage


def _first(choices: Any) -> dict[str, Any]:
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
