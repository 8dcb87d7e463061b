"""Whether an expression can be a condition at all. Pure."""

from collections.abc import Collection

from burnish_shared.expressions.nodes import Binary, Call, Field, Literal, Many, Name, Node, Unary

TRUE_OR_FALSE = frozenset({"exists", "starts_with", "ends_with"})
"""Functions whose value is a truth value."""

COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in", "not in"})


def can_hold(node: Node, *, never: Collection[str] = ()) -> bool:
    """False where the value is surely neither true nor false (`1`, `data.delta + 1`), whatever the names stand for.

    `never`: names that stand for no truth value.
    """
    match node:
        case Literal():
            return isinstance(node.value, bool)
        case Name():
            return node.name not in never
        case Field():
            return True
        case Many():
            return False
        case Unary():
            return node.sign == "not" and can_hold(node.operand, never=never)
        case Call():
            return node.function in TRUE_OR_FALSE
        case Binary():
            if node.sign in ("and", "or"):
                return can_hold(node.left, never=never) and can_hold(node.right, never=never)
            return node.sign in COMPARISONS
