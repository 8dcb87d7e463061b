"""Reads an expression: a Pratt parser (V. R. Pratt, 'Top Down Operator Precedence', 1973) with bounds on size and nesting. Pure.

The grammar is written down in docs/guides/expressions.md.
"""

import ast
from collections.abc import Collection
from typing import Final

from burnish_shared.expressions.nodes import Binary, Call, Field, Literal, Many, Name, Node, Unary
from burnish_shared.expressions.tokens import ExpressionError, Token, tokens_of

NESTING_MOST: Final = 24
ITEMS_MOST: Final = 200

STEPS_MOST: Final = 300
"""Values, operators and fields of one expression: so deep may its tree be at most, far below Python's own limit of calls."""

FUNCTIONS: Final = {"len": 1, "lower": 1, "abs": 1, "starts_with": 2, "ends_with": 2, "exists": 1}
"""Functions and how many arguments each takes."""

COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})

BINDING: Final = {
    "or": 1, "and": 2,
    "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "not in": 4,
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
"""How strongly an operator binds. `not` stands between `and` and comparisons, a sign before a number above all of them."""

BINDING_OF_NOT: Final = 3
BINDING_OF_MINUS: Final = 7

CONSTANTS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


def parse(text: str, *, names: Collection[str] | None = None) -> Node:
    """The tree of an expression. `names`: what it may speak of; None: anything.

    Raises ExpressionError with the column of the first mistake. Time is linear in the text; nesting is bounded.
    """
    reader = _Reader(tokens_of(text), names)
    tree = reader.expression(0, depth=0)
    end = reader.next()
    if end.kind != "end":
        raise ExpressionError(f"{end.text!r} is not expected here", column=end.column)
    return tree


class _Reader:
    def __init__(self, tokens: list[Token], names: Collection[str] | None) -> None:
        self._tokens = tokens
        self._names = names
        self._at = 0
        self._steps = 0

    def count(self, column: int) -> None:
        """One more inner node of the tree."""
        self._steps += 1
        if self._steps > STEPS_MOST:
            raise ExpressionError(f"more than {STEPS_MOST} values, operators and fields", column=column)

    def peek(self) -> Token:
        return self._tokens[self._at]

    def next(self) -> Token:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def expect(self, sign: str) -> None:
        token = self.next()
        if token.kind != "sign" or token.text != sign:
            raise ExpressionError(f"{sign!r} is missing before {token.text!r}", column=token.column)

    def expression(self, binding: int, *, depth: int) -> Node:
        if depth > NESTING_MOST:
            raise ExpressionError(f"nested more than {NESTING_MOST} levels deep", column=self.peek().column)
        left = self._first(depth=depth)
        while (sign := self._operator()) is not None and BINDING[sign] > binding:
            column = self._skip(sign)
            self.count(column)
            right = self.expression(BINDING[sign], depth=depth + 1)
            if sign in COMPARISONS and (following := self._operator()) in COMPARISONS:
                raise ExpressionError(f"comparisons do not chain; write `and` before {following!r}", column=self.peek().column)
            left = Binary(sign, left, right, column)
        return left

    def _operator(self) -> str | None:
        token = self.peek()
        if token.kind == "word" and token.text == "not":
            following = self._tokens[min(self._at + 1, len(self._tokens) - 1)]
            return "not in" if following.kind == "word" and following.text == "in" else None
        return token.text if token.kind in ("sign", "word") and token.text in BINDING else None

    def _skip(self, sign: str) -> int:
        column = self.next().column
        if sign == "not in":
            self.next()
        return column

    def _first(self, *, depth: int) -> Node:
        token = self.next()
        self.count(token.column)
        if token.kind == "word" and token.text == "not":
            return Unary("not", self.expression(BINDING_OF_NOT, depth=depth + 1), token.column)
        if token.kind == "sign" and token.text == "-":
            return Unary("-", self.expression(BINDING_OF_MINUS, depth=depth + 1), token.column)
        return self._fields(self._atom(token, depth=depth), depth=depth)

    def _atom(self, token: Token, *, depth: int) -> Node:
        if token.kind == "number":
            return Literal(int(token.text) if token.text.isdigit() else _finite(token), token.column)
        if token.kind == "text":
            return Literal(_unquoted(token), token.column)
        if token.kind == "word" and token.text in CONSTANTS:
            return Literal(CONSTANTS[token.text], token.column)
        if token.kind == "name":
            return self._call(token, depth=depth) if self.peek().text == "(" and self.peek().kind == "sign" else self._name(token)
        if token.kind == "sign" and token.text == "(":
            inner = self.expression(0, depth=depth + 1)
            self.expect(")")
            return inner
        if token.kind == "sign" and token.text == "[":
            return Many(self._items("]", depth=depth), token.column)
        raise ExpressionError(f"a value is missing before {token.text!r}", column=token.column)

    def _name(self, token: Token) -> Node:
        if self._names is not None and token.text not in self._names:
            raise ExpressionError(f"there is no {token.text!r} here; known are {', '.join(sorted(self._names))}", column=token.column)
        return Name(token.text, token.column)

    def _call(self, token: Token, *, depth: int) -> Node:
        wanted = FUNCTIONS.get(token.text)
        if wanted is None:
            raise ExpressionError(f"there is no function {token.text!r}; known are {', '.join(FUNCTIONS)}", column=token.column)
        self.expect("(")
        arguments = self._items(")", depth=depth)
        if len(arguments) != wanted:
            raise ExpressionError(f"{token.text} takes {wanted} argument{'s' if wanted > 1 else ''}", column=token.column)
        return Call(token.text, arguments, token.column)

    def _items(self, closing: str, *, depth: int) -> tuple[Node, ...]:
        items: list[Node] = []
        while not (self.peek().kind == "sign" and self.peek().text == closing):
            if items:
                self.expect(",")
            items.append(self.expression(0, depth=depth + 1))
            if len(items) > ITEMS_MOST:
                raise ExpressionError(f"more than {ITEMS_MOST} items", column=self.peek().column)
        self.next()
        return tuple(items)

    def _fields(self, node: Node, *, depth: int) -> Node:
        for steps in range(NESTING_MOST + 1):
            token = self.peek()
            if token.kind != "sign" or token.text not in (".", "["):
                return node
            if steps == NESTING_MOST:
                break
            self.next()
            self.count(token.column)
            if token.text == ".":
                name = self.next()
                if name.kind not in ("name", "word"):
                    raise ExpressionError(f"a field's name is missing before {name.text!r}", column=name.column)
                node = Field(node, Literal(name.text, name.column), token.column)
            else:
                node = Field(node, self.expression(0, depth=depth + 1), token.column)
                self.expect("]")
        raise ExpressionError(f"more than {NESTING_MOST} fields one below the other", column=self.peek().column)


def _finite(token: Token) -> float:
    number = float(token.text)
    if number == float("inf"):
        raise ExpressionError(f"{token.text} is too large a number", column=token.column)
    return number


def _unquoted(token: Token) -> str:
    _check_storable(token.text, token)  # as Python's own parser takes neither
    text = str(ast.literal_eval(token.text.replace("\\/", "/").replace("\n", "\\n").replace("\r", "\\r")))
    _check_storable(text, token)
    return text


def _check_storable(text: str, token: Token) -> None:
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in text):
        raise ExpressionError("a text may not hold U+0000 or half of a surrogate pair", column=token.column)
