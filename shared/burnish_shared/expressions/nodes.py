"""What an expression is made of."""

from dataclasses import dataclass
from typing import TypeAlias

from burnish_shared.sandbox.outcome import Plain


@dataclass(frozen=True, slots=True)
class Literal:
    value: Plain
    column: int


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Field:
    """`of.key`, `of["key"]` or `of[0]`: null where there is no such thing."""

    of: "Node"
    key: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Many:
    """A list written out."""

    items: "tuple[Node, ...]"
    column: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x`, `-x`."""

    sign: str
    operand: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Binary:
    """Every operator with two sides; `and` and `or` look at the right one only when the left one leaves it open."""

    sign: str
    left: "Node"
    right: "Node"
    column: int


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: "tuple[Node, ...]"
    column: int


Node: TypeAlias = "Literal | Name | Field | Many | Unary | Binary | Call"
