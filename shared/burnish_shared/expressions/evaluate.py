"""The value of an expression over plain data. Pure, and bounded: each node is looked at once, none makes data longer than it was, and what
is compared is counted (`Work`).

Operators take what they are meant for, and say so otherwise: nothing is guessed. What is absent is null; null is below and above nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from burnish_shared.expressions.nodes import Binary, Call, Field, Literal, Many, Name, Node, Unary
from burnish_shared.expressions.tokens import ExpressionError
from burnish_shared.sandbox.outcome import INTEGER_MOST, Plain

WORDS_OF_TYPES: Final = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


WORK_MOST: Final = 200_000
"""Values that may be compared in one go: 50 ms on one core at 0.25 µs each (measured, lists of numbers). Services evaluate in their event
loops, where nothing else goes on meanwhile.
"""

FIELD_WORK: Final = 3
"""Of one name of an object beside its value, in values (measured: 0.7 µs)."""

CHARACTERS_A_VALUE: Final = 128
"""Characters that are searched through in the time of one value, at worst: 3 ns each (measured)."""

LOWERED_A_VALUE: Final = 64
"""Characters that are put in lower case in that time: 4 ns each beyond ASCII, a tenth of it within (measured)."""


@dataclass(slots=True)
class Work:
    """How much may still be compared. One for all expressions that are evaluated for one call and stand for one another."""

    left: int = WORK_MOST

    @classmethod
    def share(cls, of: int) -> "Work":
        """An equal part of it for one of `of` conditions, each of which is asked by itself: whatever a caller makes one of them compare,
        the others are told as they would be without it."""
        return cls(WORK_MOST // max(1, of))

    def spend(self, values: int, column: int) -> None:
        """Raises ExpressionError once it is used up, and from then on."""
        self.left -= values
        if self.left < 0:
            raise ExpressionError("too much to compare", column=column)


def evaluate(node: Node, names: Mapping[str, Plain], *, work: Work | None = None) -> Plain:
    """Raises ExpressionError where an operator meets what it is not made for, a number leaves 64 bits, something is divided by 0, or more
    would be compared than is left. `work` None: as much as one expression may.
    """
    return _value(node, names, Work() if work is None else work)


def holds(node: Node, names: Mapping[str, Plain], *, work: Work | None = None) -> bool:
    """The expression as a condition. Null counts as false. Raises ExpressionError when its value is neither true nor false."""
    return _truth(evaluate(node, names, work=work), None)


def _value(node: Node, names: Mapping[str, Plain], work: Work) -> Plain:
    match node:
        case Literal(value):
            return value
        case Name(name):
            return names.get(name)
        case Field(of, key, column):
            return _field(_value(of, names, work), _value(key, names, work), column)
        case Many(items):
            return [_value(one, names, work) for one in items]
        case Unary("not", operand, column):
            return not _truth(_value(operand, names, work), column)
        case Unary(_, operand, column):
            return _bounded(-_number(_value(operand, names, work), column), column)
        case Call(function, arguments, column):
            return _called(function, [_value(one, names, work) for one in arguments], column, work)
        case Binary("and", left, right, column):
            return _truth(_value(left, names, work), column) and _truth(_value(right, names, work), column)
        case Binary("or", left, right, column):
            return _truth(_value(left, names, work), column) or _truth(_value(right, names, work), column)
        case Binary(sign, left, right, column):
            return _operated(sign, _value(left, names, work), _value(right, names, work), column, work)
        case _:
            assert_never(node)


def _operated(sign: str, left: Plain, right: Plain, column: int, work: Work) -> Plain:
    match sign:
        case "==":
            return _equal(left, right, column, work)
        case "!=":
            return not _equal(left, right, column, work)
        case "in":
            return _contains(right, left, column, work)
        case "not in":
            return not _contains(right, left, column, work)
        case "<" | "<=" | ">" | ">=":
            return _ordered(sign, left, right, column, work)
        case _:
            return _calculated(sign, _number(left, column), _number(right, column), column)


def _calculated(sign: str, left: int | float, right: int | float, column: int) -> int | float:
    if sign in "/%" and right == 0:
        raise ExpressionError("divided by zero", column=column)
    try:
        match sign:
            case "+":
                return _bounded(left + right, column)
            case "-":
                return _bounded(left - right, column)
            case "*":
                return _bounded(left * right, column)
            case "/":
                return _bounded(left / right, column)
            case _:
                return _bounded(left % right, column)
    except OverflowError as error:
        raise ExpressionError("a number too large", column=column) from error


def _bounded(number: int | float, column: int) -> int | float:
    fits = -INTEGER_MOST - 1 <= number <= INTEGER_MOST if isinstance(number, int) else math.isfinite(number)
    if not fits:
        raise ExpressionError("a number too large", column=column)
    return number


def _ordered(sign: str, left: Plain, right: Plain, column: int, work: Work) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        work.spend(min(len(left), len(right)) // CHARACTERS_A_VALUE, column)
        below, above = left < right, left > right
    else:
        first, second = _number(left, column), _number(right, column)
        below, above = first < second, first > second
    return {"<": below, "<=": not above, ">": above, ">=": not below}[sign]


def _equal(left: Plain, right: Plain, column: int, work: Work) -> bool:
    """Of one kind and alike; 1 and 1.0 are one number, true is no number."""
    work.spend(1, column)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(one, other, column, work) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        if len(left) != len(right):
            return False
        work.spend(FIELD_WORK * len(left), column)
        return left.keys() == right.keys() and all(_equal(one, right[key], column, work) for key, one in left.items())
    if isinstance(left, str) and isinstance(right, str) and len(left) == len(right):
        work.spend(len(left) // CHARACTERS_A_VALUE, column)
    return left == right


def _contains(whole: Plain, part: Plain, column: int, work: Work) -> bool:
    match whole:
        case None:
            return False
        case str():
            if not isinstance(part, str):
                raise ExpressionError(f"only text can be in text, not {_kind(part)}", column=column)
            work.spend(1 + len(whole) // CHARACTERS_A_VALUE, column)
            return part in whole
        case list():
            return any(_equal(one, part, column, work) for one in whole)
        case dict():
            return isinstance(part, str) and part in whole
        case _:
            raise ExpressionError(f"nothing can be in {_kind(whole)}", column=column)


def _field(of: Plain, key: Plain, column: int) -> Plain:
    match of, key:
        case (None, _):
            return None
        case (dict(), str()):
            return of.get(key)
        case (list(), int()) if not isinstance(key, bool):
            return of[key] if -len(of) <= key < len(of) else None
        case _:
            named = repr(str(key)[:40]) if isinstance(key, str | int | float) else f"that is {_kind(key)}"
            raise ExpressionError(f"{_kind(of)} has no field {named}", column=column)


def _called(function: str, arguments: list[Plain], column: int, work: Work) -> Plain:
    first = arguments[0]
    match function:
        case "exists":
            return first is not None
        case "len":
            if not isinstance(first, str | list | dict):
                raise ExpressionError(f"len is of text, lists and objects, not of {_kind(first)}", column=column)
            return len(first)
        case "lower":
            text = _text(first, column)
            work.spend(len(text) // LOWERED_A_VALUE // (8 if text.isascii() else 1), column)
            return text.lower()
        case "abs":
            return _bounded(abs(_number(first, column)), column)
        case "starts_with":
            return _text(first, column).startswith(_text(arguments[1], column))
        case _:
            return _text(first, column).endswith(_text(arguments[1], column))


def _truth(value: Plain, column: int | None) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise ExpressionError(f"{_kind(value)} is neither true nor false", column=column)
    return value


def _number(value: Plain, column: int) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"a number is needed, not {_kind(value)}", column=column)
    return value


def _text(value: Plain, column: int) -> str:
    if not isinstance(value, str):
        raise ExpressionError(f"text is needed, not {_kind(value)}", column=column)
    return value


def _kind(value: Plain) -> str:
    return "null" if value is None else WORDS_OF_TYPES[type(value)]
