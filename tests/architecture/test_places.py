"""A place in a list is written one way wherever an error names it: `arms[1].version`."""

import ast
from collections.abc import Iterator

import pytest

from burnish_shared.places import place_of
from tests.architecture.source import ROOT, modules, nodes_of

SOURCES = ("services", "shared", "cli", "simulator", "sdk/python/src")

NUMBERS = {"at", "i", "index", "n", "nr", "number", "place", "position"}
"""What a place in a list is called by whoever counts through one."""

PATHS = {"path", "loc", "location", "absolute_path", "instance_path"}
"""What the way to a value in a document is called."""

OTHERWISE = {
    "shared/burnish_shared/template/rendering.py": "paths of the template language, where `items.0.title` is how a prompt says it",
    "services/gateway/burnish_gateway/enrichments/read_content.py": "the name of a step of work",
    "services/gateway/burnish_gateway/inbound/signature.py": "what is signed",
    "cli/burnish/launcher/logs.py": "names of files",
    "sdk/python/src/burnish_client/webhooks.py": "what is signed",
    "services/gateway/burnish_gateway/evaluators/try_out.py": "`place` is a path already",
}
"""File -> what its dots are."""


def dotted_numbers(tree: ast.Module) -> Iterator[int]:
    """Lines of f-strings that write `.{index}`."""
    for node in nodes_of(tree):
        if isinstance(node, ast.JoinedStr):
            for before, one in zip(node.values, node.values[1:], strict=False):
                if not (isinstance(one, ast.FormattedValue) and isinstance(before, ast.Constant) and str(before.value).endswith(".")):
                    continue
                if isinstance(one.value, ast.Name) and one.value.id in NUMBERS:
                    yield node.lineno


def joined_locations(tree: ast.Module) -> Iterator[int]:
    """Lines that join pydantic's path of a wrong value themselves, or with dots whatever is called a path."""
    for node in nodes_of(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"):
            continue
        by_dots = isinstance(node.func.value, ast.Constant) and node.func.value.value == "."
        named = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        if (by_dots and named & PATHS) or any(
            isinstance(one, ast.Constant) and one.value in ("loc", "absolute_path") for one in ast.walk(node)
        ):
            yield node.lineno


def test_no_source_writes_the_number_of_an_item_after_a_dot() -> None:
    found: dict[str, list[int]] = {}
    trees = {module.path: module.tree for module in modules()}
    for path in sorted(one for source in SOURCES for one in (ROOT / source).rglob("*.py") if "_ui" not in one.parts):
        name = str(path.relative_to(ROOT))
        tree = trees.get(name) or ast.parse(path.read_text())
        if lines := [*dotted_numbers(tree), *joined_locations(tree)]:
            found[name] = lines
    assert not {name: lines for name, lines in found.items() if name not in OTHERWISE}, "write [number], or use burnish_shared.places"
    assert found.keys() == OTHERWISE.keys(), "an exception that nothing needs any more"


@pytest.mark.parametrize(
    ("location", "written"),
    [
        ((), ""),
        (("arms", 1, "version"), "arms[1].version"),
        (("steps", 4, "parallel", 1, 0), "steps[4].parallel[1][0]"),
        ((0, "a"), "[0].a"),
    ],
)
def test_a_place_is_written_from_the_outside_in(location: tuple[int | str, ...], written: str) -> None:
    assert place_of(location) == written
