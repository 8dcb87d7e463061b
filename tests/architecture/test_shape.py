"""The shape of files and functions (DESIGN section 7). An exception is named here with its reason."""

import ast

from tests.architecture.source import SERVICES, functions_of, modules, nodes_of

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "service"}

FILE_MOST_LINES = 400
FUNCTION_MOST_LINES = 60
SELF_EVIDENT_MOST_LINES = 30
"""A public function that is longer says in a docstring what its types do not."""

LONG_FILES: dict[str, str] = {}
"""Path → why the file is one concept all the same."""

LONG_FUNCTIONS: dict[str, str] = {}
"""`path:function` → why it is not cut."""


def test_files_are_named_after_a_concept() -> None:
    assert not [module.path for module in modules() if module.stem in NO_NAMES]


def test_files_are_short() -> None:
    long = {module.path: len(module.text.splitlines()) for module in modules()}
    long = {path: lines for path, lines in long.items() if lines > FILE_MOST_LINES}
    assert set(long) == set(LONG_FILES), f"too long, or an exception that is not needed any more: {long}"


def test_functions_are_short() -> None:
    long = {
        f"{module.path}:{function.name}": _lines(function)
        for module in modules()
        for function in functions_of(module)
        if _lines(function) > FUNCTION_MOST_LINES
    }
    assert set(long) == set(LONG_FUNCTIONS), f"too long, or an exception that is not needed any more: {long}"


def test_every_module_says_what_it_is_for() -> None:
    assert not [module.path for module in modules() if module.tree.body and not ast.get_docstring(module.tree)]


def test_public_classes_that_do_something_say_what() -> None:
    """Records (fields alone) and errors are told by their names and types."""
    silent = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        for node in nodes_of(module.tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node)
        if any(isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and not one.name.startswith("_") for one in node.body)
    ]
    assert not silent, "\n".join(silent)


def test_longer_public_functions_say_what_types_do_not() -> None:
    """Routes say it in their summary, which OpenAPI shows."""
    silent = [
        f"{module.path}:{node.lineno} {node.name}"
        for module in modules()
        if module.package in (*SERVICES, "burnish_shared")
        for node in module.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        if _lines(node) > SELF_EVIDENT_MOST_LINES and not ast.get_docstring(node)
        if not any("summary=" in ast.unparse(one) for one in node.decorator_list)
    ]
    assert not silent, "\n".join(silent)


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1
