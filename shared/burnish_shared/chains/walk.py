"""What a run does next, from what has ended so far. Pure, and the same whoever asks again: nothing but results has to survive a crash.

The chain is walked from its beginning each time. Conditions and variables speak only of steps that ended before, so what was decided once
is decided the same way again. Where branches at once fail, the one that failed first counts, and the others stay as they stood then: what
comes in of them later, cancelled or just too late for that, changes nothing that follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, TypeAlias

from burnish_shared.chains.form import Call, Chain, Choose, Output, Parallel, Step, Stop, all_steps, inside
from burnish_shared.expressions import ExpressionError, Work, evaluate, holds
from burnish_shared.sandbox.outcome import Plain

SUCCESS: Final = "success"
SKIPPED: Final = "skipped"
CANCELLED: Final = "cancelled"
RUNNING: Final = "running"

Value: TypeAlias = dict[str, Plain]
"""A step as expressions see it."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a step that runs a prompt ended. `error` holds `type`, `code`, `message`, `http_status`, `retryable` where it is no success.

    `json`: its answer as JSON, where it is some; `is_json`: JSON was asked for.
    """

    status: str
    output: str | None = None
    json: Any = None
    is_json: bool = False
    model: str | None = None
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """A step to begin, or under way already."""

    id: str
    call: Call
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The run waits for these; any other that is under way is not wanted any more. `others`: as of Finished."""

    ready: tuple[Ready, ...]
    others: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over. `step`: the one that ended it, where it was not the last. `others`: how steps that run no prompt ended; those that
    are not named were not come to, and one that is `running` was left before its end.
    """

    status: str
    output: Any = None
    error: dict[str, Any] | None = None
    step: str | None = None
    others: Mapping[str, str] = field(default_factory=dict, compare=False)


STEP_WORK: Final = 20_000
"""What the expressions of one step may compare (expressions.Work). Each step has its own, so that it says the same whenever one looks,
whatever runs beside it. All 50 of a chain: 250 ms at worst.
"""


def advance(chain: Chain, variables: Mapping[str, Any], results: Mapping[str, Result]) -> Waiting | Finished:
    """`results`: of steps that run prompts, in the order in which they ended."""
    walk = _Walk(dict(variables), results, {name: place for place, name in enumerate(results)})
    ended = walk.sequence(chain.steps)
    match ended:
        case _Pending():
            return Waiting(tuple(walk.ready), walk.others)
        case _Failed():
            return Finished(ended.status, error=ended.error, step=ended.step, others=walk.others)
        case _Stopped():
            step = None if ended.error is None else ended.step
            return Finished(ended.status, output=ended.output, error=ended.error, step=step, others=walk.others)
        case _Done():
            try:
                walk.work = Work(STEP_WORK)
                output = _shown(ended.value) if chain.output is None else walk.compute(chain.output)
            except ExpressionError as error:
                return Finished("error", error=_fault("the output", error), others=walk.others)
            return Finished(SUCCESS, output=output, others=walk.others)


@dataclass(frozen=True, slots=True)
class _Done:
    """`value` None: nothing ran. `order`: the place of the last result that it rests on."""

    value: Value | None
    order: int


@dataclass(frozen=True, slots=True)
class _Pending:
    order: int


@dataclass(frozen=True, slots=True)
class _Failed:
    step: str
    status: str
    error: dict[str, Any]
    order: int


@dataclass(frozen=True, slots=True)
class _Stopped:
    step: str
    status: str
    output: Any
    error: dict[str, Any] | None
    order: int


_Ended: TypeAlias = _Done | _Pending | _Failed | _Stopped


@dataclass(slots=True)
class _Walk:
    """`until`: the place of the last result that counts. `work`: what the step that is looked at may still compare."""

    variables: dict[str, Any]
    results: Mapping[str, Result]
    places: Mapping[str, int]
    seen: dict[str, Plain] = field(default_factory=dict)
    ready: list[Ready] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)
    until: float = inf
    work: Work = field(default_factory=Work)

    def sequence(self, steps: Sequence[Step], *, order: int = -1) -> _Ended:
        last: Value | None = None
        for step in steps:
            ended = self._step(step, order=order)
            if not isinstance(ended, _Done):
                return ended
            last, order = (last if ended.value is None else ended.value), max(order, ended.order)
        return _Done(last, order)

    def compute(self, output: "Output") -> Any:
        """Raises ExpressionError."""
        names = self._names()
        if isinstance(output, Mapping):
            return {name: evaluate(node, names, work=self.work) for name, node in output.items()}
        return evaluate(output, names, work=self.work)

    def _step(self, step: Step, *, order: int) -> _Ended:
        self.work = Work(STEP_WORK)
        try:
            if step.when is not None and not holds(step.when, self._names(), work=self.work):
                self._skip((step,))
                return _Done(None, order)
            ended = self._does(step, order=order)
        except ExpressionError as error:
            ended = _Failed(step.id, "error", _fault(f"the step {step.id!r}", error), order)
        if not isinstance(step.does, Call):
            self.others[step.id] = _standing(ended)
        if isinstance(ended, _Done):
            if step.fallback:
                self._skip(step.fallback)
            self.seen[step.id] = ended.value or _value(SUCCESS)
            return ended
        return self._after_failure(step, ended) if isinstance(ended, _Failed) else ended

    def _after_failure(self, step: Step, failed: _Failed) -> _Ended:
        self.seen[step.id] = _value(failed.status, error=failed.error)
        self._not_come_to(step)
        ended: _Ended = failed
        if step.fallback:
            ended = self.sequence(step.fallback, order=failed.order)
            if isinstance(ended, _Done):
                value: Value = {**(ended.value or _value(SUCCESS)), "fell_back": True, "error": _told(failed.error)}
                self.seen[step.id] = value
                return _Done(value, ended.order)
        if isinstance(ended, _Failed) and step.on_error == "continue":
            return _Done(None, ended.order)
        return ended

    def _does(self, step: Step, *, order: int) -> _Ended:
        match step.does:
            case Call() as call:
                return self._call(step, call, order=order)
            case Parallel(branches):
                return self._parallel(branches, order=order)
            case Choose(cases):
                chosen = next((one for one in cases if one.when is None or holds(one.when, self._names(), work=self.work)), None)
                for case in cases:
                    if case is not chosen:
                        self._skip(case.steps)
                return _Done(None, order) if chosen is None else self.sequence(chosen.steps, order=order)
            case Stop(status, output, message):
                if status == SUCCESS:
                    return _Stopped(step.id, SUCCESS, None if output is None else self.compute(output), None, order)
                said = message or f"The step {step.id!r} stopped the chain."
                error = {"type": "chain_error", "code": "chain_stopped", "message": said, "http_status": 422, "retryable": False}
                return _Stopped(step.id, "error", None, error, order)

    def _call(self, step: Step, call: Call, *, order: int) -> _Ended:
        result = self.results.get(step.id)
        if result is None or self.places[step.id] > self.until:
            names = self._names()
            variables = {**call.values, **{name: evaluate(node, names, work=self.work) for name, node in call.variables.items()}}
            self.ready.append(Ready(step.id, call, variables))
            return _Pending(order)
        order = max(order, self.places[step.id])
        if result.status != SUCCESS:
            return _Failed(step.id, result.status, result.error or {"code": "failed", "message": "The step failed."}, order)
        value = _value(SUCCESS, output=result.output, json=result.json, model=result.model)
        return _Done(value | {"is_json": result.is_json}, order)

    def _parallel(self, branches: Sequence[Sequence[Step]], *, order: int) -> _Ended:
        before = len(self.ready)
        ended = [self.sequence(one, order=order) for one in branches]
        over = [one for one in ended if isinstance(one, _Failed | _Stopped)]
        if over:  # what the others wait for is not wanted any more
            first = min(over, key=lambda one: one.order)
            self._break_off(branches, order=order, until=first.order)
            del self.ready[before:]
            return first
        last = max(one.order for one in ended)
        return _Pending(last) if any(isinstance(one, _Pending) for one in ended) else _Done(_value(SUCCESS), last)

    def _break_off(self, branches: Sequence[Sequence[Step]], *, order: int, until: int) -> None:
        """Leaves the branches as they stood when one of them ended all: what was under way then is cancelled, whatever it says later."""
        names = [one.id for branch in branches for one in all_steps(tuple(branch))]
        for name in names:
            self.seen.pop(name, None)
            self.others.pop(name, None)
        outer, self.until, before = self.until, until, len(self.ready)
        for branch in branches:
            self.sequence(branch, order=order)
        self.until = outer
        under_way = [one.id for one in self.ready[before:]] + [name for name in names if self.others.get(name) == RUNNING]
        for name in under_way:
            self.seen[name] = _value(CANCELLED, error={"code": CANCELLED, "message": "The step was cancelled."})

    def _not_come_to(self, failed: Step) -> None:
        """Of what is inside of a step that failed, the rest was skipped."""
        for within in inside(failed):
            for step in all_steps(within):
                self.seen.setdefault(step.id, _value(SKIPPED))

    def _names(self) -> dict[str, Plain]:
        return {"variables": self.variables, "steps": self.seen}

    def _skip(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.seen[step.id] = _value(SKIPPED)
            for within in inside(step):
                self._skip(within)


def _standing(ended: _Ended) -> str:
    match ended:
        case _Done():
            return SUCCESS
        case _Pending():
            return RUNNING
        case _:
            return ended.status


def _value(
    status: str, *, output: str | None = None, json: Any = None, model: str | None = None, error: dict[str, Any] | None = None
) -> Value:  # fmt: skip
    return {"status": status, "output": output, "json": json, "model": model, "error": _told(error), "fell_back": False}


def _told(error: Mapping[str, Any] | None) -> Plain:
    """What expressions see of an error."""
    return None if error is None else {"code": error.get("code"), "message": error.get("message")}


def _shown(value: Value | None) -> Any:
    """The output of a chain that names none: JSON where JSON was asked for, else the text."""
    if value is None:
        return None
    return value["json"] if value.get("is_json") else value["output"]


def _fault(of: str, error: ExpressionError) -> dict[str, Any]:
    message = f"An expression of {of} could not be computed: {error}."
    return {"type": "chain_error", "code": "expression_failed", "message": message, "http_status": 422, "retryable": False}
