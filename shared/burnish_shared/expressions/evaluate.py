"""The value of an expression over plain data. Pure, and bounded: each node is looked at once, and none makes data longer than it was.

Operators take what they are meant for, and say so otherwise: nothing is guessed. What is absent is null; null is below and above nothing.
"""

import math
from collections.abc import Mapping
from typing import Final, assert_never

from burnish_shared.expressions.nodes import Binary, Call, Field, Literal, Many, Name, Node, Unary
from burnish_shared.expressions.tokens import ExpressionError
from burnish_shared.sandbox.outcome import INTEGER_MOST, Plain

WORDS_OF_TYPES: Final = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}


def evaluate(node: Node, names: Mapping[str, Plain]) -> Plain:
    """Raises ExpressionError where an operator meets what it is not made for, a number leaves 64 bits, or something is divided by 0."""
    match node:
        case Literal(value):
            return value
        case Name(name):
            return names.get(name)
        case Field(of, key, column):
            return _field(evaluate(of, names), evaluate(key, names), column)
        case Many(items):
            return [evaluate(one, names) for one in items]
        case Unary("not", operand, column):
            return not _truth(evaluate(operand, names), column)
        case Unary(_, operand, column):
            return _bounded(-_number(evaluate(operand, names), column), column)
        case Call(function, arguments, column):
            return _called(function, [evaluate(one, names) for one in arguments], column)
        case Binary("and", left, right, column):
            return _truth(evaluate(left, names), column) and _truth(evaluate(right, names), column)
        case Binary("or", left, right, column):
            return _truth(evaluate(left, names), column) or _truth(evaluate(right, names), column)
        case Binary(sign, left, right, column):
            return _operated(sign, evaluate(left, names), evaluate(right, names), column)
        case _:
            assert_never(node)


def holds(node: Node, names: Mapping[str, Plain]) -> bool:
    """The expression as a condition. Null counts as false. Raises ExpressionError when its value is neither true nor false."""
    return _truth(evaluate(node, names), None)


def _operated(sign: str, left: Plain, right: Plain, column: int) -> Plain:
    match sign:
        case "==":
            return _equal(left, right)
        case "!=":
            return not _equal(left, right)
        case "in":
            return _contains(right, left, column)
        case "not in":
            return not _contains(right, left, column)
        case "<" | "<=" | ">" | ">=":
            return _ordered(sign, left, right, column)
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


def _ordered(sign: str, left: Plain, right: Plain, column: int) -> bool:
    if left is None or right is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        below, above = left < right, left > right
    else:
        first, second = _number(left, column), _number(right, column)
        below, above = first < second, first > second
    return {"<": below, "<=": not above, ">": above, ">=": not below}[sign]


def _equal(left: Plain, right: Plain) -> bool:
    """Of one kind and alike; 1 and 1.0 are one number, true is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(one, right[key]) for key, one in left.items())
    return left == right


def _contains(whole: Plain, part: Plain, column: int) -> bool:
    match whole:
        case None:
            return False
        case str():
            if not isinstance(part, str):
                raise ExpressionError(f"only text can be in text, not {_kind(part)}", column=column)
            return part in whole
        case list():
            return any(_equal(one, part) for one in whole)
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
            raise ExpressionError(f"{_kind(of)} has no field {str(key)[:40]!r}", column=column)


def _called(function: str, arguments: list[Plain], column: int) -> Plain:
    first = arguments[0]
    match function:
        case "exists":
            return first is not None
        case "len":
            if not isinstance(first, str | list | dict):
                raise ExpressionError(f"len is of text, lists and objects, not of {_kind(first)}", column=column)
            return len(first)
        case "lower":
            return _text(first, column).lower()
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
