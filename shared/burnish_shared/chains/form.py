"""A chain as it is run: steps in order, each with what it needs. Pure; `read_form.py` makes it of what was saved."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from burnish_shared.expressions import Node
from burnish_shared.slug import PromptName

STEPS_MOST: Final = 50
"""Of one chain, with those inside others."""

NESTING_MOST: Final = 4
"""Levels of steps inside steps."""

BRANCHES_MOST: Final = 8
"""Of one `parallel` or `choose`; so many calls of one run may be under way at once, too."""

DEADLINE_DEFAULT_S: Final = 300.0
DEADLINE_MOST_S: Final = 3600.0
"""Of a whole run."""

RETRIES_DEFAULT: Final = 1

OnError: TypeAlias = Literal["stop", "continue"]

Output: TypeAlias = "Node | Mapping[str, Node]"
"""One value, or an object of several."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A variable of the whole chain. `type` None: anything."""

    type: str | None = None
    required: bool = True
    default: Any = None


@dataclass(frozen=True, slots=True)
class Call:
    """Runs a prompt. `variables` are computed when it begins, `values` stand as they are."""

    prompt: PromptName
    variables: Mapping[str, Node] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict)
    deadline_s: float | None = None
    retries: int = RETRIES_DEFAULT
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Parallel:
    """Every branch at once; done when all are."""

    branches: "tuple[tuple[Step, ...], ...]"


@dataclass(frozen=True, slots=True)
class Case:
    """`when` None: in any other case."""

    when: "Node | None"
    steps: "tuple[Step, ...]"


@dataclass(frozen=True, slots=True)
class Choose:
    """The first case that holds, or none."""

    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends the run at once, with success and an output, or with an error and a message."""

    status: Literal["success", "error"]
    output: "Output | None" = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`when`: it is skipped where this does not hold. `fallback` runs in its place where it fails; `continue` goes on without it."""

    id: str
    does: Call | Parallel | Choose | Stop
    when: "Node | None" = None
    on_error: OnError = "stop"
    fallback: "tuple[Step, ...]" = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """`parameters` None: it takes any variables. `output` None: that of the last step that ran."""

    steps: tuple[Step, ...]
    parameters: Mapping[str, Parameter] | None = None
    output: "Output | None" = None
    deadline_s: float = DEADLINE_DEFAULT_S


def inside(step: Step) -> Iterator[tuple[Step, ...]]:
    """The lists of steps directly inside of one, its fallback last."""
    match step.does:
        case Parallel(branches):
            yield from branches
        case Choose(cases):
            yield from (case.steps for case in cases)
        case _:
            pass
    yield step.fallback


def all_steps(steps: tuple[Step, ...]) -> Iterator[Step]:
    """These and all inside of them, in the order in which they are written."""
    for step in steps:
        yield step
        for within in inside(step):
            yield from all_steps(within)
