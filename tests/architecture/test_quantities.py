"""Money is whole nano-dollars, and quantities carry their unit in the name (PROMISES C-07, DESIGN section 7)."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.source import modules, nodes_of

MONEY = re.compile(r"(^|_)(nusd|cost_nusd|price_nusd)(_|$)|_nusd")

AVERAGES = {
    "shared/burnish_shared/measures.py": "the mean cost of an execution, an input of the effectiveness figure",
    "services/gateway/burnish_gateway/insights/answers.py": "the mean cost of an execution, as shown",
    "services/gateway/burnish_gateway/insights/figures.py": "computes the mean cost that is shown",
}
"""Path → why a fraction of a nano-dollar stands there. Means are figures, not amounts: nothing is ever booked from them."""

UNITLESS = re.compile(r"(^|_)(timeout|interval|delay|duration|grace|lease|elapsed|balance|amount|backoff|ttl|fee|spent|held|price|age)$")


@pytest.mark.promise("C-07")
def test_money_is_never_a_float() -> None:
    wrong = [
        f"{module.path}:{line} {name}: {annotation}"
        for module in modules()
        if module.path not in AVERAGES
        for name, annotation, line in _annotated(module.tree)
        if MONEY.search(name) and re.search(r"\b(float|Decimal)\b", annotation)
    ]
    wrong += [
        f"{module.path}:{node.lineno} {ast.unparse(node)}"
        for module in modules()
        if module.path not in AVERAGES
        for node in nodes_of(module.tree)
        if _divides_money(node) or _makes_money_a_float(node)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.promise("C-07")
def test_the_exceptions_are_still_needed() -> None:
    texts = {module.path: module.text for module in modules()}
    assert all(path in texts and "nusd" in texts[path] for path in AVERAGES)


def test_numbers_name_their_unit() -> None:
    wrong = [
        f"{module.path}:{line} {name}: {annotation}"
        for module in modules()
        for name, annotation, line in _annotated(module.tree)
        if UNITLESS.search(name) and re.fullmatch(r"(int|float)( \| None)?", annotation)
    ]
    assert not wrong, "\n".join(wrong)


@cache
def _annotated(tree: ast.Module) -> tuple[tuple[str, str, int], ...]:
    """Every annotated argument, field and variable, and every function by its result: name, annotation, line."""
    return tuple(_annotations(tree))


def _annotations(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    for node in nodes_of(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            yield node.arg, ast.unparse(node.annotation), node.lineno
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, ast.unparse(node.annotation), node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.returns is not None:
            yield node.name, ast.unparse(node.returns), node.lineno


def _divides_money(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Div)
        and any("nusd" in ast.unparse(side) for side in (node.left, node.right))
    )


def _makes_money_a_float(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id != "float":
        return False
    return any("nusd" in ast.unparse(one) for one in node.args)
