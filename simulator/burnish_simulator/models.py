"""The simulated models by name, and what one of them says to a request."""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from burnish_simulator import chat, interviewer, judge, tool_calls
from burnish_simulator.chat_request import CHARS_PER_TOKEN, CONTEXT_TOKENS, ChatRequest, prompt_tokens_of, tokens_of
from burnish_simulator.reader.answer import NO_LABELS, choose, worded
from burnish_simulator.reader.conversation import Message, find_task
from burnish_simulator.refusals import Refusal
from burnish_simulator.schema_answer import Unfillable, fill
from burnish_simulator.tool_calls import ToolCall
from burnish_simulator.writer.propose import propose

FAULT_PREFIX = "fault/"
OPTIONAL_PREFIX = "simulated/"
"""`simulated/reader` is `reader`, so that a client can be pointed at the simulator without a change of names."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model said, cut to the limits of the request."""

    model: str
    text: str
    finish_reason: Literal["stop", "length", "tool_calls"]
    prompt_tokens: int
    completion_tokens: int
    choices: int = 1
    """How often the answer is given: a toy says the same each time."""
    logprobs: bool = False
    """A toy is sure of each of its words."""
    tool_calls: tuple[ToolCall, ...] = ()
    """In place of a text."""


Speaker = Callable[[ChatRequest, list[Message]], str]


def complete(request: ChatRequest, *, model: str) -> Completion:
    """The whole answer of a model. Raises Refusal for an unknown model and for a conversation beyond the context window."""
    speaker = SPEAKERS.get(model)
    if speaker is None:
        raise Refusal(f"The model '{request.model}' does not exist.", status=404, param="model", code="model_not_found")
    conversation = request.conversation()
    prompt_tokens = prompt_tokens_of(conversation)
    if prompt_tokens > CONTEXT_TOKENS:
        raise Refusal(
            f"This model's context window is {CONTEXT_TOKENS} tokens; the messages have {prompt_tokens}.",
            param="messages",
            code="context_length_exceeded",
        )
    count = request.n or 1
    if calls := _calls(speaker, request, conversation):
        return _calling(calls, request, prompt_tokens=prompt_tokens, count=count)
    text, finish_reason = _cut(speaker(request, conversation), request)
    return Completion(request.model, text, finish_reason, prompt_tokens, tokens_of(text) * count, count, bool(request.logprobs))


def _calls(speaker: Speaker, request: ChatRequest, conversation: list[Message]) -> tuple[ToolCall, ...]:
    """What is forced, by any model. Else `chat` calls what the last message names, if that is the user's: no call comes twice.
    Instructions behind it (Claude Code sends some with each call) are no message of that kind.
    """
    if not request.tools:
        return ()
    last = next((one.role for one in reversed(conversation) if one.role not in ("system", "developer")), "user")
    asked = chat.asked_in(conversation)
    if tool_calls.forced_in(request.tool_choice):
        plain = request.model_copy(update={"response_format": None})
        said = chat.shortened(asked) if speaker is _chat else speaker(plain, conversation)
        is_answered = last in ("tool", "function")
        return tool_calls.forced(request.tools, request.tool_choice, said, asked=asked, is_answered=is_answered)
    if speaker is not _chat or last != "user":
        return ()
    at_once = 1 if request.parallel_tool_calls is False else len(request.tools)
    return tool_calls.named(request.tools, request.tool_choice, chat.shortened(asked), asked=asked, at_once=at_once)


def _calling(calls: tuple[ToolCall, ...], request: ChatRequest, *, prompt_tokens: int, count: int) -> Completion:
    limit = request.token_limit()
    calls, is_cut = tool_calls.cut(calls, most_chars=None if limit is None else limit * CHARS_PER_TOKEN)
    tokens = tokens_of("".join(call.name + call.arguments for call in calls))
    reason: Literal["length", "tool_calls"] = "length" if is_cut else "tool_calls"
    return Completion(request.model, "", reason, prompt_tokens, tokens * count, count, bool(request.logprobs), calls)


def plain_name(model: str) -> str:
    """A model's name without the optional prefix."""
    return model.removeprefix(OPTIONAL_PREFIX)


def _cut(text: str, request: ChatRequest) -> tuple[str, Literal["stop", "length"]]:
    """Cut at the first stop sequence, then at the token limit."""
    ends = [at for stop in request.stops() if (at := text.find(stop)) >= 0]
    text = text[: min(ends)] if ends else text
    limit = request.token_limit()
    if limit is None or tokens_of(text) <= limit:
        return text, "stop"
    return text[: limit * CHARS_PER_TOKEN], "length"


def _reader(request: ChatRequest, conversation: list[Message]) -> str:
    task = find_task(conversation)
    dice = request.seed if request.seed is not None else secrets.randbits(63)
    choice = choose(task.instructions, task.text, temperature=request.temperature or 0.0, dice=dice)
    if not request.wants_json():
        return NO_LABELS if choice is None else worded(choice, task.text)
    label = NO_LABELS if choice is None else choice.label
    return _in_json(request, label, {"label": label})


def _writer(request: ChatRequest, conversation: list[Message]) -> str:
    return json.dumps(asdict(propose(_user_text(conversation), seed=request.seed or 0)), ensure_ascii=False)


def _judge(manner: judge.Manner) -> Speaker:
    def speak(request: ChatRequest, conversation: list[Message]) -> str:
        return json.dumps(judge.answer_as_json(_judged_text(conversation), manner=manner), ensure_ascii=False)

    return speak


def _chat(request: ChatRequest, conversation: list[Message]) -> str:
    said = chat.reply(conversation)
    return _in_json(request, said, {"reply": said, "simulated": True}) if request.wants_json() else said


def _interviewer(request: ChatRequest, conversation: list[Message]) -> str:
    said = interviewer.reply(_user_text(conversation))
    return _chat(request, conversation) if said is None else json.dumps(said, ensure_ascii=False)


def _in_json(request: ChatRequest, text: str, plain: dict[str, Any]) -> str:
    schema = request.answer_schema()
    try:
        return json.dumps(plain if schema is None else fill(schema, text), ensure_ascii=False)
    except Unfillable as error:
        raise Refusal(str(error), param="response_format", code="invalid_value") from error


def _user_text(conversation: list[Message]) -> str:
    """What `writer` and `judge` read: the last user message, else everything."""
    asked = next((message.text for message in reversed(conversation) if message.role == "user"), None)
    return asked if asked is not None else "\n".join(message.text for message in conversation)


def _judged_text(conversation: list[Message]) -> str:
    """The last user message that holds something to judge: one that asks to say it again holds nothing."""
    asked = [message.text for message in conversation if message.role == "user" and judge.HEADING.search(message.text)]
    return asked[-1] if asked else _user_text(conversation)


SPEAKERS: dict[str, Speaker] = {
    "reader": _reader,
    "writer": _writer,
    "judge": _judge("plain"),
    "judge-strict": _judge("strict"),
    "judge-lenient": _judge("lenient"),
    "chat": _chat,
    "interviewer": _interviewer,
}
