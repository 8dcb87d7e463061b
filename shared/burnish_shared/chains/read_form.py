"""From the JSON form of a chain to what is run, with every fault named by its place. Pure.

The JSON itself (which fields there are, of which kind) is checked by `bodies.py`; here is what only the whole can tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from burnish_shared.chains.form import (
    BRANCHES_MOST,
    DEADLINE_DEFAULT_S,
    NESTING_MOST,
    RETRIES_DEFAULT,
    STEPS_MOST,
    Call,
    Case,
    Chain,
    Choose,
    Output,
    Parallel,
    Parameter,
    Step,
    Stop,
)
from burnish_shared.errors import InvalidField
from burnish_shared.expressions import ExpressionError, Node, can_hold, parse
from burnish_shared.expressions.nodes import Binary, Field, Literal, Many, Name, Unary
from burnish_shared.expressions.nodes import Call as FunctionCall
from burnish_shared.slug import PromptName, parse_prompt_name
from burnish_shared.template.values import has_type

VARIABLES: Final = "variables"
STEPS: Final = "steps"
ROOTS: Final = frozenset({VARIABLES, STEPS})
"""What an expression may begin with."""

FIELDS: Final = ("status", "output", "json", "error", "model", "fell_back")
"""What an expression may ask of a step."""

KINDS: Final = ("prompt", "parallel", "choose", "stop")
OF_A_CALL: Final = ("variables", "values", "model", "overrides", "deadline_s", "retries", "stream")

FAULTS_TOLD: Final = 20


def read_chain(content: Mapping[str, Any]) -> Chain:
    """Raises InvalidField for the first fault, with all of them (up to FAULTS_TOLD) in `details.problems`."""
    reader = _Reader(content.get("parameters"))
    steps = reader.steps(content["steps"], at="steps", seen=set(), depth=1)
    output = reader.output(content.get("output"), at="output", seen=reader.ids)
    if reader.count > STEPS_MOST:
        reader.fault("steps", f"may be at most {STEPS_MOST}, with those inside others; there are {reader.count}")
    if reader.faults:
        first = reader.faults[0]
        raise InvalidField(f"{first['param']}: {first['message']}", param=first["param"], details={"problems": reader.faults})
    return Chain(steps, reader.parameters, output, content.get("deadline_s") or DEADLINE_DEFAULT_S)


@dataclass(slots=True)
class _Reader:
    declared: Mapping[str, Mapping[str, Any]] | None
    parameters: dict[str, Parameter] | None = None
    ids: set[str] = field(default_factory=set)
    count: int = 0
    faults: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.declared is not None:
            self.parameters = {name: self._parameter(name, one) for name, one in self.declared.items()}

    def fault(self, param: str, message: str) -> None:
        if len(self.faults) < FAULTS_TOLD:
            self.faults.append({"param": param, "message": message})

    def _parameter(self, name: str, given: Mapping[str, Any]) -> Parameter:
        wanted, default = given.get("type"), given.get("default")
        if default is not None and wanted is not None and not has_type(default, wanted):
            self.fault(f"parameters.{name}.default", f"is no {wanted}")
        return Parameter(wanted, given.get("required", True) and default is None, default)

    def steps(self, given: Sequence[Mapping[str, Any]], *, at: str, seen: set[str], depth: int) -> tuple[Step, ...]:
        """`seen`: steps that have ended before; those of this list are added to it."""
        if given and depth > NESTING_MOST:
            self.fault(at, f"steps are nested more than {NESTING_MOST} levels deep")
            return ()
        made: list[Step] = []
        for number, one in enumerate(given):
            made.append(self._step(one, at=f"{at}[{number}]", seen=seen, depth=depth))
        return tuple(made)

    def _step(self, given: Mapping[str, Any], *, at: str, seen: set[str], depth: int) -> Step:
        self.count += 1
        name = given["id"]
        if name in self.ids:
            self.fault(f"{at}.id", f"{name!r} is the id of another step already")
        self.ids.add(name)
        kinds = [kind for kind in KINDS if given.get(kind) is not None]
        if len(kinds) != 1:
            told = f"it has {' and '.join(kinds)}" if kinds else "it has none of them"
            self.fault(at, f"the step {name!r} does exactly one of {', '.join(KINDS)}; {told}")
        when = self.condition(given.get("if"), at=f"{at}.if", seen=seen)
        before = set(seen)
        does = self._does(given, kinds[0] if kinds else "stop", at=at, seen=seen, depth=depth)
        self._fits(given, does, at=at)
        fallback = self.steps(given.get("fallback") or (), at=f"{at}.fallback", seen=before | {name}, depth=depth + 1)
        seen |= {name, *_ids(given.get("fallback") or ())}
        return Step(name, does, when, given.get("on_error") or "stop", fallback)

    def _fits(self, given: Mapping[str, Any], does: Call | Parallel | Choose | Stop, *, at: str) -> None:
        if not isinstance(does, Call):
            for one in OF_A_CALL:
                if given.get(one) is not None:
                    self.fault(f"{at}.{one}", "belongs to a step that runs a prompt")
        if isinstance(does, Stop):
            for one in ("on_error", "fallback"):
                if given.get(one) is not None:
                    self.fault(f"{at}.{one}", "has no meaning where the run ends")

    def _does(
        self, given: Mapping[str, Any], kind: str, *, at: str, seen: set[str], depth: int
    ) -> Call | Parallel | Choose | Stop:  # fmt: skip
        match kind:
            case "prompt":
                return self._call(given, at=at, seen=seen)
            case "parallel":
                return self._parallel(given["parallel"], at=f"{at}.parallel", seen=seen, depth=depth)
            case "choose":
                return self._choose(given["choose"], at=f"{at}.choose", seen=seen, depth=depth)
            case _:
                stop = given.get("stop") or {}
                if stop.get("output") is not None and stop.get("status") == "error":
                    self.fault(f"{at}.stop.output", "belongs to a stop with success; an error has a message")
                output = self.output(stop.get("output"), at=f"{at}.stop.output", seen=seen)
                return Stop(stop.get("status") or "success", output, stop.get("message") or "")

    def _call(self, given: Mapping[str, Any], *, at: str, seen: set[str]) -> Call:
        variables, values = given.get("variables") or {}, given.get("values") or {}
        for name in sorted(variables.keys() & values.keys()):
            self.fault(f"{at}.values.{name}", "stands in variables, too; give one of them")
        try:
            prompt = parse_prompt_name(given["prompt"], param=f"{at}.prompt")
        except InvalidField as error:
            self.fault(f"{at}.prompt", error.message)
            prompt = PromptName(given["prompt"])
        nodes = {name: self.expression(text, at=f"{at}.variables.{name}", seen=seen) for name, text in variables.items()}
        retries = given.get("retries")
        return Call(
            prompt, {name: one for name, one in nodes.items() if one is not None}, values, given.get("model"), given.get("overrides") or {},
            given.get("deadline_s"), RETRIES_DEFAULT if retries is None else retries, given.get("stream") or False,
        )  # fmt: skip

    def _parallel(self, given: Sequence[Sequence[Mapping[str, Any]]], *, at: str, seen: set[str], depth: int) -> Parallel:
        if not 2 <= len(given) <= BRANCHES_MOST:
            self.fault(at, f"takes 2 to {BRANCHES_MOST} lists of steps; there are {len(given)}")
        ended: set[str] = set()
        branches: list[tuple[Step, ...]] = []
        for number, branch in enumerate(given):
            own = set(seen)
            branches.append(self.steps(branch, at=f"{at}[{number}]", seen=own, depth=depth + 1))
            ended |= own
        seen |= ended
        return Parallel(tuple(branches))

    def _choose(self, given: Sequence[Mapping[str, Any]], *, at: str, seen: set[str], depth: int) -> Choose:
        if not 1 <= len(given) <= BRANCHES_MOST:
            self.fault(at, f"takes 1 to {BRANCHES_MOST} cases; there are {len(given)}")
        ended: set[str] = set()
        cases: list[Case] = []
        for number, case in enumerate(given):
            if case.get("if") is None and number < len(given) - 1:
                self.fault(f"{at}[{number}].if", "only the last case may be without a condition")
            when, own = self.condition(case.get("if"), at=f"{at}[{number}].if", seen=seen), set(seen)
            cases.append(Case(when, self.steps(case["steps"], at=f"{at}[{number}].steps", seen=own, depth=depth + 1)))
            ended |= own
        seen |= ended
        return Choose(tuple(cases))

    def output(self, given: Any, *, at: str, seen: set[str]) -> "Output | None":
        if given is None:
            return None
        if isinstance(given, str):
            return self.expression(given, at=at, seen=seen)
        nodes = {name: self.expression(text, at=f"{at}.{name}", seen=seen) for name, text in given.items()}
        return {name: one for name, one in nodes.items() if one is not None}

    def condition(self, text: str | None, *, at: str, seen: set[str]) -> "Node | None":
        node = None if text is None else self.expression(text, at=at, seen=seen)
        if node is not None and not can_hold(node, never=ROOTS):
            self.fault(at, "is neither true nor false, whatever comes; compare it with something")
        return node

    def expression(self, text: str, *, at: str, seen: set[str]) -> "Node | None":
        """None where it is none; the fault is noted."""
        try:
            node = parse(text, names=ROOTS)
        except ExpressionError as error:
            self.fault(at, f"{error} (an expression; texts stand in quotes)")
            return None
        for fault in self._references(node, seen):
            self.fault(at, fault)
        return node

    def _references(self, node: Node, seen: set[str]) -> list[str]:
        """What is wrong with the steps and variables that it speaks of."""
        path, root = path_of(node)
        if root is None:
            return [fault for one in parts_of(node) for fault in self._references(one, seen)]
        inner = [fault for one in _indexes(node) for fault in self._references(one, seen)]
        if root == VARIABLES:
            unknown = path and self.parameters is not None and path[0] is not None and path[0] not in self.parameters
            return [*inner, f"the chain has no parameter {path[0]!r}; declare it in parameters"] if unknown else inner
        if not path or path[0] is None:
            return [*inner, "name one step, such as steps.draft.output"]
        if path[0] not in seen:
            known = f"known here are {', '.join(sorted(seen))}" if seen else "none has ended before this one"
            return [*inner, f"no step {path[0]!r} has ended before this one; {known}"]
        if len(path) == 1 or path[1] not in FIELDS:
            asked = f"has no {path[1]!r}" if len(path) > 1 and path[1] is not None else "is no value by itself"
            return [*inner, f"the step {path[0]!r} {asked}; ask for {', '.join(FIELDS)} (fields of a JSON answer lie in .json)"]
        return inner


def path_of(node: Node) -> tuple[list[str | None], str | None]:
    """The fields from a name on, None for one that is computed, and the name; no name where it is no such path."""
    path: list[str | None] = []
    while isinstance(node, Field):
        path.append(str(node.key.value) if isinstance(node.key, Literal) else None)
        node = node.of
    return path[::-1], node.name if isinstance(node, Name) else None


def _indexes(node: Node) -> list[Node]:
    """What is computed inside of the brackets of a path."""
    found: list[Node] = []
    while isinstance(node, Field):
        if not isinstance(node.key, Literal):
            found.append(node.key)
        node = node.of
    return found


def parts_of(node: Node) -> tuple[Node, ...]:
    """The expressions that one is made of."""
    match node:
        case Field(of, key):
            return (of, key)
        case Many(items):
            return items
        case Unary(_, operand):
            return (operand,)
        case FunctionCall(_, arguments):
            return arguments
        case Binary(_, left, right):
            return (left, right)
        case _:
            return ()


def _ids(given: Sequence[Mapping[str, Any]]) -> list[str]:
    """Ids of steps and of all inside of them, as they were given."""
    found: list[str] = []
    for one in given:
        found.append(one["id"])
        within = [*(one.get("parallel") or ()), *(case["steps"] for case in one.get("choose") or ()), one.get("fallback") or ()]
        for steps in within:
            found += _ids(steps)
    return found
