"""Several answers of one call (`n`), and how likely each of their tokens was (`logprobs`), as OpenAI tells them. Pure."""

import sys
from collections.abc import Sequence
from typing import Any, Final

from burnish_executor.core.answer import Answer, Piece, add, text_of
from burnish_executor.core.failure import Failure
from burnish_executor.core.tool_parts import parts_of, with_empty_objects
from burnish_shared.contracts.executions import Choice
from burnish_shared.contracts.token_chances import TokenChance
from burnish_shared.deltas import bytes_of, bytes_of_calls
from burnish_shared.storable_text import storable

CHOICES_MOST: Final = 32

LOGPROBS_MOST: Final = 100_000
"""Tokens of one choice of which it is kept; a call has fewer, so that only an endless stream meets it."""

FLOAT_MOST: Final = sys.float_info.max
"""What a provider writes as an integer may be longer than any float."""

TOLD: Final = ("role", "content", "refusal", "tool_calls")
"""Parts of a delta that a caller gets."""


def is_plain(choices: Any) -> bool:
    """One choice, the first, without probabilities: what nearly every event of a stream holds."""
    if not isinstance(choices, list) or len(choices) > 1:
        return False
    one = choices[0] if choices and isinstance(choices[0], dict) else {}
    return not one.get("index") and not one.get("logprobs")


def choice_of(answer: Answer, index: Any) -> Answer | None:
    """Where what belongs to this choice is put together; None for an index that is none of a call's."""
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < CHOICES_MOST:
        return None
    while len(answer.others) < index:
        answer.others.append(Answer(seed=f"{answer.seed}/{len(answer.others)}"))
    return answer if index == 0 else answer.others[index - 1]


def add_choices(answer: Answer, choices: Sequence[Any]) -> Piece | Failure | None:
    """Adds one event of several choices, or of one with probabilities. The caller is told the choices as they came."""
    told: list[dict[str, Any]] = []
    text = ""
    for one in choices:
        target = choice_of(answer, one.get("index", 0)) if isinstance(one, dict) else None
        if target is None:
            continue
        if one.get("finish_reason"):
            target.finish_reason = str(one["finish_reason"])[:40]
        delta = one.get("delta")
        if not isinstance(delta, dict):
            continue
        said, probabilities = text_of(delta.get("content")), logprobs_in(one)
        calls = with_empty_objects(target, parts_of(target, delta.get("tool_calls")), one.get("finish_reason"))
        before = target.characters
        added = add(target, text=said, calls=calls, beside=delta)
        if target is not answer:
            answer.characters += target.characters - before
        overflow = added if isinstance(added, Failure) else add(answer)
        if isinstance(overflow, Failure):
            return overflow
        target.logprobs += probabilities[: max(0, LOGPROBS_MOST - len(target.logprobs))]
        text += said if target is answer else ""
        told_as = delta | {"content": said if delta.get("content") is not None else None, "tool_calls": calls or None}
        shown = {name: told_as[name] for name in TOLD if told_as.get(name) is not None}
        if isinstance(added, Piece) and added.delta:
            shown |= added.delta
        if probabilities or shown.get("content") or shown.keys() - {"role", "content"}:
            told.append({"index": one.get("index", 0), "delta": shown, "logprobs": {"content": probabilities} if probabilities else None})
    return Piece(text, {"choices": told}, in_delta=True) if told else None


def ended_of(answer: Answer, *, most: int = CHOICES_MOST) -> int:
    """How many of the first `most` choices gave the reason for their end."""
    return sum(one.finish_reason is not None for one in (answer, *answer.others)[:most])


def logprobs_in(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """Tokens with their probabilities; empty where none are told."""
    told = choice.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else None
    return [_token(one) | {"top_logprobs": _tokens(one.get("top_logprobs"))} for one in _sound(content)]


def _tokens(given: Any) -> list[dict[str, Any]]:
    return [_token(one) for one in _sound(given)]


def _sound(given: Any) -> list[dict[str, Any]]:
    """Those that are a token with a number, with no more of their neighbours than OpenAI tells."""
    listed = given if isinstance(given, list) else []
    return [one for one in listed if isinstance(one, dict) and isinstance(one.get("token"), str) and _is_number(one.get("logprob"))]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= FLOAT_MOST


def _token(given: dict[str, Any]) -> dict[str, Any]:
    coded = given.get("bytes")
    is_coded = isinstance(coded, list) and all(isinstance(one, int) and 0 <= one <= 255 for one in coded)
    return {"token": storable(given["token"]), "logprob": float(given["logprob"]), "bytes": coded if is_coded else None}


def choices_of(answer: Answer) -> list[Choice] | None:
    """All choices, where there is more to tell than the one text; None for a plain answer."""
    if not answer.others and not answer.logprobs:
        return None
    return [
        Choice(
            output=storable(one.output), tool_calls=one.tool_calls or None,
            logprobs=[TokenChance(**token) for token in one.logprobs] or None,
            finish_reason=storable(one.finish_reason or ("tool_calls" if one.tool_calls else "stop")),
            beside=one.asides.whole() if one.asides else None,
        )
        for one in (answer, *answer.others)
    ]  # fmt: skip


def output_bytes_of(answer: Answer) -> int:
    """Of all that the model wrote, for an estimate of what it costs: texts and tool calls of every choice."""
    return sum(
        bytes_of(one.output) + bytes_of_calls(one.tool_calls) + (bytes_of(one.asides.text) if one.asides else 0)
        for one in (answer, *answer.others)
    )
