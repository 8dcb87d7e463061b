"""The kinds that the page offers for the audit log are those that the code writes, all of them and no others (PRODUCT T4)."""

import ast
import json
import re
from collections.abc import Iterator

import pytest

from burnish_shared.db.audit_log import KINDS
from tests.architecture.source import ROOT, Module, modules, nodes_of

pytestmark = pytest.mark.capability("T4")

IN_SQL = re.compile(r"INSERT INTO audit_log .*?'[a-z_]+\.[a-z_.]+', '([a-z_]+)'", re.DOTALL)

HANDED_ON = {
    "services/gateway/burnish_gateway/access/audit.py",
    "services/gateway/burnish_gateway/billing/operate.py",
    "services/gateway/burnish_gateway/optimization/routes.py",
}
"""Where the kind is an argument: its type says which it may be, and `make types` looks at it. Whoever calls says it by name."""


def written(module: Module) -> Iterator[str]:
    """Kinds of entries that a file writes, by a call with an action and a kind or in SQL. A kind that is no constant: ''."""
    yield from IN_SQL.findall("".join(str(one.value) for one in nodes_of(module.tree) if isinstance(one, ast.Constant) and _is_insert(one)))
    constants = {target: value for node in module.tree.body for target, value in _constant(node)}
    for call in nodes_of(module.tree):
        given = {one.arg: one.value for one in call.keywords} if isinstance(call, ast.Call) else {}
        if {"action", "kind", "key"} <= given.keys():
            kind = given["kind"]
            if isinstance(kind, ast.Constant):
                yield str(kind.value)
            else:
                yield constants.get(kind.id, "") if isinstance(kind, ast.Name) else ""


def _is_insert(one: ast.Constant) -> bool:
    return isinstance(one.value, str) and "INSERT INTO audit_log" in one.value


def _constant(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Constant):
        yield node.target.id, str(node.value.value)


def test_every_kind_that_is_written_is_known_and_none_besides() -> None:
    found = {(kind, module.path) for module in modules() for kind in written(module)}
    assert {path for kind, path in found if kind == ""} == HANDED_ON
    kinds = {kind for kind, _ in found if kind}
    handed = {"test_run", "optimization"}  # by optimization/routes.py
    assert kinds | handed == set(KINDS), "say it in AuditKind of shared/burnish_shared/db/audit_log.py, then `make snapshots`"
    assert list(KINDS) == sorted(KINDS)


def test_the_page_offers_them() -> None:
    assert json.loads((ROOT / "web/src/pages/team/audit-kinds.json").read_text()) == list(KINDS), "`make snapshots`"


def test_what_writes_an_entry_is_found() -> None:
    text = 'KIND: Final = "chain"\n'
    text += "".join(f'note(tx, action="a.b", kind={kind}, key="k")\n' for kind in ("KIND", '"batch"', "f()"))
    text += """tx.execute("INSERT INTO audit_log (audit_id) " "VALUES ($1, 'system:x', 'key.set_aside', 'model', $2)")\n"""
    assert sorted(written(Module("m", "m.py", text, ast.parse(text)))) == ["", "batch", "chain", "model"]
