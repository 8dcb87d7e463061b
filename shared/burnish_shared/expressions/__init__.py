"""A small language for conditions and filters: `score < 0.5 and "refund" in lower(output)`. Grammar: docs/guides/expressions.md."""

from burnish_shared.expressions.evaluate import Work, evaluate, holds
from burnish_shared.expressions.nodes import Node
from burnish_shared.expressions.parse import parse
from burnish_shared.expressions.tokens import ExpressionError
from burnish_shared.expressions.truth import can_hold

__all__ = ["ExpressionError", "Node", "Work", "can_hold", "evaluate", "holds", "parse"]
