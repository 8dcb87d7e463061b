"""Guardrails around an execution: what goes to the model is looked at and masked first, what comes back last (PRODUCT E18).

Between the two, the run has the masked messages, and a way back that tells only what may be told: whatever asks, caches or repeats in
between knows nothing of guardrails. An execution of a workspace without any pays one look into a dictionary.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from burnish_executor import metrics
from burnish_executor.core.failure import Failure, FailureKind
from burnish_executor.core.outcome import outcome_of
from burnish_executor.guard import Guard, GuardedReply, guarded
from burnish_executor.looking import length_said, looked
from burnish_executor.run import Run, since
from burnish_shared.asked_json import asks_json, parsed
from burnish_shared.beside import over_whole
from burnish_shared.contracts.executions import Beside, Choice, ErrorInfo, ExecutionRequest, Fallback, Outcome, Status
from burnish_shared.db.rules_book import RulesBook
from burnish_shared.errors import Unavailable, whole_s
from burnish_shared.guarding.rules import Rule, Stopped
from burnish_shared.guarding.texts import (
    SPOKEN,
    changed_messages,
    changed_settings,
    each_text,
    length_of,
    text_of,
    texts_in,
    texts_of_calls,
    texts_of_message,
    unsealed_in,
    whole_text_of,
    without_marks,
)
from burnish_shared.own_checks import OwnChecks, case_of

OUR_OWN: Final = frozenset({"system", "developer"})
"""Roles whose texts the prompt's author wrote; what a caller puts into them stands among the variables too."""

BLOCKED: Final = "guardrail_blocked"
UNKNOWN: Final = "guardrails_unknown"


@dataclass(frozen=True, slots=True)
class Guards:
    """Every workspace's guardrails, and where own checks run."""

    book: RulesBook
    checks: OwnChecks

    async def begin(self, run: Run) -> Outcome | None:
        """Looks at what goes in. An outcome: nobody is asked. None: go on, with `run.guard` set where something guards the execution."""
        request = run.request
        if request.interrupted is not None:
            return None
        try:
            rules = await self.book.of(request.workspace_id)
        except Unavailable as error:
            return _refused(run, _unknown(error))
        if not rules.rules:
            return None
        slug = request.prompt.slug if request.prompt else None
        into, out = rules.of(slug, "in"), rules.of(slug, "out")
        if not into and not out:
            return None
        guard = run.guard = Guard(request, into, out, is_json=asks_json(request.settings, request.output_format))
        if into:
            length = length_of(
                request.messages, request.variables, request.settings, request.extra, [one.messages for one in request.fallbacks]
            )
            masked = await looked(length, _look_in, guard, into)
            stopped = guard.stopped = (
                masked if isinstance(masked, Stopped) else await self._by_own_code(into, lambda: [given(request)], request, length)
            )
            if stopped is not None:
                metrics.GUARDED.labels("blocked_in").inc()
                return _refused(run, _stopping(stopped, "the request"))
            if isinstance(masked, ExecutionRequest):
                if guard.masks:
                    metrics.GUARDED.labels("masked").inc()
                run.request = masked
        run.reply = guarded(run.reply, guard, stop=run.cancel)
        return None

    async def end(self, run: Run, outcome: Outcome) -> Outcome:
        """What the caller is told and the books keep: with the caller's own values, without what must not be said."""
        guard = run.guard
        if guard is None:
            return outcome
        said = {name: guard.given.settings[name] for name in SPOKEN if name in guard.given.settings}
        run.request = run.request.model_copy(
            update={
                "messages": _as_given(run.request, guard.given),
                "settings": {**run.request.settings, **said},
                "extra": guard.given.extra,
            }
        )
        if guard.stopped is not None and not guard.was_streamed:
            return outcome  # on the way in: nobody was asked
        text = guard.outgoing.text if guard.was_streamed else outcome.output or ""
        length = len(text) + length_said(outcome)
        if guard.stopped is None and (outcome.status is Status.SUCCESS or text or _is_anything_beside(outcome)):
            guard.stopped = await self._by_own_code(guard.out, lambda: _said(text, outcome), guard.given, length)
        told = await _told(run, guard) if guard.was_streamed else None
        changes = await looked(length, _look_out, guard, outcome, told)
        if guard.stopped is not None:
            metrics.GUARDED.labels("blocked_out").inc()
            return _blocked(outcome, _stopping(guard.stopped, "the answer"), output="".join(guard.told) or None)
        made = outcome.model_copy(update=changes)
        return made if made.output_json is None else made.model_copy(update={"output_json": parsed(made.output or "")})

    async def _by_own_code(
        self, rules: Sequence[Rule], texts: Callable[[], Iterable[str]], request: ExecutionRequest, length: int
    ) -> Stopped | None:
        """The first of the texts that it stops. Most have none, and then nothing is made ready for it."""
        if all(rule.check is None for rule in rules):
            return None
        length += length_of(request.variables, request.caller.metadata)
        said, case = await looked(length, lambda: (list(texts()), case_of("", request)))
        for text in said:
            stopped = await self.checks.stopped(rules, replace(case, output=text), request.workspace_id)
            if stopped is not None:
                return stopped
        return None


def given(request: ExecutionRequest) -> str:
    """What a caller can have written: messages that are not the prompt's own, and the variables that are in those that are.

    Of messages all that they say: names, refusals, thoughts and tool calls are read by the model as their texts are.
    """
    said = [text for one in request.messages if one.get("role") not in OUR_OWN for text in texts_of_message(one)]
    return "\n".join([*said, *texts_in(request.variables)])


def _prose(request: ExecutionRequest) -> str:
    """Of the same the texts alone: neither arguments nor the thoughts of a model tell in which language somebody writes."""
    said = [text_of(one) for one in request.messages if one.get("role") not in OUR_OWN]
    return "\n".join([*said, *texts_in(request.variables)])


def _stopping_rule(rules: Sequence[Rule], request: ExecutionRequest) -> Rule | None:
    """The first that does not let these messages pass, as far as can be told without running code."""
    written, prose = given(request), _prose(request)
    everything = "\n".join(whole_text_of(one) for one in request.messages) if any(rule.size is not None for rule in rules) else ""
    for rule in rules:
        if rule.stops_whole(everything if rule.size is not None else prose if rule.is_of_prose else written):
            return rule
    return None


def _said(text: str, outcome: Outcome) -> Iterator[str]:
    """Of each answer its text by itself, and in one further text, if there is any, all that rules look at besides."""
    yield text
    yield from _said_beside(outcome)
    for choice in (outcome.choices or [])[1:]:
        yield choice.output or ""
        yield from _said_beside(choice)


def _is_anything_beside(outcome: Outcome) -> bool:
    """Whether an answer that broke off, or is not as it should be, holds more than its text."""
    return bool(outcome.tool_calls or outcome.choices or outcome.beside)


def _said_beside(said: Outcome | Choice) -> Iterator[str]:
    """Thoughts and refusals, and of tool calls what is read of a caller's too, under one another."""
    beside = unsealed_in(without_marks(said.beside.model_dump())) if said.beside else []
    joined = "\n".join(one for one in dict.fromkeys([*beside, *texts_of_calls(said.tool_calls)]) if one)
    if joined:
        yield joined


def _look_in(guard: Guard, rules: Sequence[Rule]) -> ExecutionRequest | Stopped:
    """The request with masks, or the rule that stops it."""
    request = guard.given
    stopping = _stopping_rule(rules, request)
    if stopping is not None:
        return Stopped(stopping.name)
    fallbacks = [one for one in request.fallbacks if not _is_stopped(one, rules, request)]
    made = request if len(fallbacks) == len(request.fallbacks) else request.model_copy(update={"fallbacks": fallbacks})
    return _masked(guard, made) if any(rule.finders for rule in rules) else made


def _masked(guard: Guard, request: ExecutionRequest) -> ExecutionRequest:
    """The request with masks in all that a model reads: messages, those of fallbacks, what tools, schemas and stop words say, the rest."""
    for messages in (request.messages, *(one.messages or [] for one in guard.given.fallbacks)):
        for text in (*texts_in(messages), *_in_parts(messages)):
            guard.masks.leave(text)
    for name in SPOKEN:
        for text in texts_in(request.settings.get(name)):
            guard.masks.leave(text)
    changes: dict[str, Any] = {
        "messages": changed_messages(request.messages, guard.hidden),
        "fallbacks": [_fallback_masked(guard, one) for one in request.fallbacks],
        "settings": changed_settings(request.settings, guard.hidden),
        "extra": each_text(request.extra, guard.hidden) if request.extra else request.extra,
    }
    return request.model_copy(update=changes) if guard.masks else request


def _in_parts(messages: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What messages say in parts: a file that is a text says it in base64."""
    for one in messages:
        if isinstance(one.get("content"), list):
            yield from texts_of_message(one)


def _is_stopped(fallback: Fallback, rules: Sequence[Rule], request: ExecutionRequest) -> bool:
    """Whether a rule stops the text that a fallback's model has of its own; then that model is not asked."""
    if fallback.messages is None:
        return False
    return _stopping_rule(rules, request.model_copy(update={"messages": fallback.messages})) is not None


def _fallback_masked(guard: Guard, fallback: Fallback) -> Fallback:
    if fallback.messages is None:
        return fallback
    return fallback.model_copy(update={"messages": changed_messages(fallback.messages, guard.hidden)})


def _look_out(guard: Guard, outcome: Outcome, told: str | None) -> dict[str, Any]:
    """What changes of an outcome, as it may be told. `told`: its text, where a stream told it already."""
    output = guard.whole(outcome.output or "", is_json=guard.is_json) if told is None else told
    changes: dict[str, Any] = {"output": output if outcome.output is not None else None}
    if not guard.touches_answers:
        return changes
    return changes | {
        "tool_calls": guard.calls(outcome.tool_calls) if outcome.tool_calls else None,
        "choices": [_looked_through(one, guard) for one in outcome.choices] if outcome.choices else None,
        "beside": over_whole(_beside_looked_through(outcome.beside, guard), before=outcome.output, after=output),
    }


def _as_given(request: ExecutionRequest, before: ExecutionRequest) -> list[dict[str, Any]]:
    """What the model that answered was asked, without masks."""
    own = (one.messages for one in before.fallbacks if one.messages is not None and one.route == request.route)
    return before.messages if request.route == before.route else next(own, before.messages)


def _looked_through(choice: Choice, guard: Guard) -> Choice:
    """One of several answers, as it may be told. Probabilities are told by token, in which nothing can be found, so they go."""
    calls = guard.calls(choice.tool_calls) if choice.tool_calls else None
    output = choice.output if choice.output is None else guard.whole(choice.output, is_json=guard.is_json)
    return choice.model_copy(
        update={"output": output, "tool_calls": calls, "logprobs": None, "beside": _beside_looked_through(choice.beside, guard)}
    )


def _beside_looked_through(beside: Beside | None, guard: Guard) -> Beside | None:
    """Thoughts, refusals and sources are looked at as the answer is."""
    if beside is None:
        return beside
    return Beside.model_validate(guard.thoughts(beside.model_dump()))


async def _told(run: Run, guard: Guard) -> str:
    if isinstance(run.reply, GuardedReply):
        await run.reply.rest()
    return "".join(guard.told)


def _refused(run: Run, error: ErrorInfo) -> Outcome:
    """The outcome of an execution that asked nobody."""
    nobody = Failure(FailureKind.NOT_ADMITTED, error.message)
    outcome = outcome_of(run.request, nobody, text="", trials=[], latency_s=since(run.started_at), first_token_s=None)
    return _blocked(outcome, error, output=None)


def _blocked(outcome: Outcome, error: ErrorInfo, *, output: str | None) -> Outcome:
    status = Status.BLOCKED if error.code == BLOCKED else Status.ERROR
    attempts = [*outcome.attempts[:-1], outcome.attempts[-1].model_copy(update={"error": error.message})] if outcome.attempts else []
    return outcome.model_copy(
        update={
            "status": status,
            "error": error,
            "output": output,
            "output_json": None,
            "tool_calls": None,
            "choices": None,
            "beside": None,
            "attempts": attempts,
        }
    )


def _stopping(stopped: Stopped, what: str) -> ErrorInfo:
    if stopped.unchecked is None:
        said = f"The guardrail '{stopped.rule}' stopped {what}."
    else:  # why is told where guardrails are tried: it may quote the text
        metrics.GUARDED.labels("unchecked").inc()
        said = f"The guardrail '{stopped.rule}' could not look at {what}, and lets nothing pass then."
    return ErrorInfo(type="guardrail_error", code=BLOCKED, message=said, guardrail=stopped.rule)


def _unknown(error: Unavailable) -> ErrorInfo:
    wait_s = None if error.retry_after_s is None else whole_s(error.retry_after_s)
    return ErrorInfo(type="api_error", code=UNKNOWN, message=error.message, retryable=True, retry_after_s=wait_s)
