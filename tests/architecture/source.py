"""The product's own Python files, parsed once for all rules."""

import ast
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from burnish_shared.garbage import leave_alone_what_stands

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "burnish": "cli/burnish",
    "burnish_shared": "shared/burnish_shared",
    "burnish_simulator": "simulator/burnish_simulator",
    "burnish_gateway": "services/gateway/burnish_gateway",
    "burnish_executor": "services/executor/burnish_executor",
    "burnish_optimizer": "services/optimizer/burnish_optimizer",
    "burnish_analytics": "services/analytics/burnish_analytics",
    "burnish_webhooks": "services/webhooks/burnish_webhooks",
}

SERVICES = ("burnish_gateway", "burnish_executor", "burnish_optimizer", "burnish_analytics", "burnish_webhooks")


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `name`: dotted; `path`: from the root of the repository."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    @property
    def stem(self) -> str:
        return Path(self.path).stem

    @property
    def is_pure(self) -> bool:
        """Whether the module lies in a `core` package or is called core, or is a contract: no clock, dice, I/O or framework."""
        parts = self.name.split(".")
        return self.package != "burnish" and ("core" in parts[1:] or "contracts" in parts[1:])


@cache
def modules() -> tuple[Module, ...]:
    """Every module of the product, save the migrations, whose shape alembic prescribes."""
    gc.disable()  # A collection may close a task of an earlier test, whose traceback Python 3.11 parses within our parsing (SystemError).
    try:
        found = _parsed()
    finally:
        gc.enable()
    leave_alone_what_stands()  # A million nodes, which live until the end.
    return tuple(found)


def _parsed() -> list[Module]:
    found = []
    for package, folder in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            inside = path.relative_to(ROOT / folder)
            if "migrations" in inside.parts:
                continue
            name = ".".join((package, *inside.with_suffix("").parts)).removesuffix(".__init__")
            text = path.read_text()
            found.append(Module(name=name, path=str(path.relative_to(ROOT)), text=text, tree=ast.parse(text)))
    return found


@cache
def nodes_of(tree: ast.Module) -> tuple[ast.AST, ...]:
    """`ast.walk`, gone through once for all rules: to find the way through all of them takes a second."""
    return tuple(ast.walk(tree))


def imports_of(module: Module) -> tuple[tuple[str, int], ...]:
    """Every imported dotted name (`from a import b` gives `a` and `a.b`), with its line; those for types alone are left out."""
    return _imports(module.name)


@cache
def _imports(name: str) -> tuple[tuple[str, int], ...]:
    """By name, because a module is as long as its text to whoever asks for its hash."""
    return tuple(_find_imports(_by_name()[name]))


@cache
def _by_name() -> dict[str, Module]:
    return {module.name: module for module in modules()}


def _find_imports(module: Module) -> Iterator[tuple[str, int]]:
    for node in _running(module.tree):
        if isinstance(node, ast.Import):
            yield from ((one.name, node.lineno) for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{one.name}", node.lineno) for one in node.names)


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes_of(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of such an expression; empty for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else node.attr
    return ""


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes save those under `if TYPE_CHECKING:`."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and dotted(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from _running(node)
