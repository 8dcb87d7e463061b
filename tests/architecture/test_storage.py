"""SQL lies in stores, and transactions begin in one place (DESIGN section 7)."""

import ast
import re

from tests.architecture.source import Module, dotted, modules, nodes_of

STATEMENT = re.compile(
    r"\s*(SELECT\s|INSERT\s+INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|WITH\s+\w+.*\bAS\b|TRUNCATE\s|CREATE\s+(TABLE|ROLE|DATABASE|SCHEMA)\b"
    r"|GRANT\s|ALTER\s+(TABLE|ROLE)\b|DROP\s+(TABLE|ROLE|DATABASE)\b|CALL\s)",
    re.DOTALL,
)
PROBE = re.compile(r"SELECT (1|true)")
"""Is the database there?"""

OUTSIDE = re.compile(r"(\.publish|\.post|\.request|egress\.\w+|http\.\w+|session\.(get|post)|\bnc\.\w+|\bjs\.\w+|\.sleep)$")
"""Calls that leave the process."""

SQL_ELSEWHERE = {
    "cli/burnish/embedded/roles.py": "sets up the login roles of a new database, before any store could work",
    "cli/burnish/launcher/database.py": "makes the database of a new installation and reads its revision",
    "cli/burnish/launcher/workspaces.py": "asks as the launcher, before the services run, whether the stored key still works",
    "shared/burnish_shared/auth/provisioning.py": "calls the two SQL functions that make tenants; shared by command line and gateway",
    "shared/burnish_shared/bus/provision.py": "one advisory lock around the provisioner",
    "services/executor/burnish_executor/record_batch.py": "calls a function of the books",
    "services/executor/burnish_executor/sweep.py": "calls two functions of the books",
}
"""Path → why SQL stands outside a store."""

CONNECTIONS = {
    "shared/burnish_shared/db/session.py": "the one place",
    "cli/burnish/embedded/postgres.py": "waits for a server that is starting",
    "cli/burnish/embedded/roles.py": "see above",
    "cli/burnish/backup/backup_store.py": "reads one moment past row-level security, and fills a database that has no services",
    "cli/burnish/launcher/database.py": "see above",
    "cli/burnish/migration.py": "logs in as the migrator",
}
"""Path → why it connects or opens a transaction itself."""


def test_sql_lies_in_stores() -> None:
    found = {
        module.path
        for module in modules()
        if not _is_store(module)
        for text in _strings(module)
        if STATEMENT.match(text) and not PROBE.fullmatch(text)
    }
    assert found == set(SQL_ELSEWHERE), "SQL outside a store, or an exception that is not needed any more"


def test_transactions_begin_in_the_unit_of_work() -> None:
    found = {
        module.path
        for module in modules()
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Call)
        and (
            dotted(node.func).endswith((".transaction", ".start_transaction"))
            or dotted(node.func) in {"asyncpg.connect", "asyncpg.create_pool"}
        )
    }
    assert found <= set(CONNECTIONS), found - set(CONNECTIONS)


def test_stores_and_pure_modules_never_open_a_unit_of_work() -> None:
    """A store takes the transaction of its caller, who alone knows what belongs together."""
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.stem.endswith("store") or module.is_pure
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith("unit_of_work")
    ]
    assert not wrong, wrong


def test_no_transaction_waits_for_the_outside() -> None:
    """Nothing is published, asked of a URL or slept through while a transaction is open."""
    wrong = [
        f"{module.path}:{node.lineno} {dotted(node.value.func)}"
        for module in modules()
        for block in nodes_of(module.tree)
        if isinstance(block, ast.AsyncWith) and any("unit_of_work" in ast.unparse(one.context_expr) for one in block.items)
        for node in (inner for statement in block.body for inner in ast.walk(statement))
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and OUTSIDE.search(dotted(node.value.func))
    ]
    assert not wrong, wrong


def test_the_context_of_a_tenant_is_set_in_two_places_only() -> None:
    """`Database.unit_of_work`, and the step into a workspace that the same transaction has just made."""
    found = {module.path for module in modules() for text in _strings(module) if "set_config" in text and "app.workspace" in text}
    assert found <= {"shared/burnish_shared/db/transaction.py", "services/gateway/burnish_gateway/access/store.py"}, found


def test_the_scan_recognises_sql() -> None:
    assert all(
        STATEMENT.match(one)
        for one in ("SELECT x FROM y", "\n  INSERT INTO y VALUES (1)", "WITH a AS (SELECT 1) SELECT 2", "UPDATE y SET a = 1")
    )
    assert not any(STATEMENT.match(one) for one in ("Select a prompt", "Update failed", "With care"))


def _is_store(module: Module) -> bool:
    return module.stem.endswith("store") or module.name.startswith(("burnish_shared.db.", "burnish_shared.books."))


def _strings(module: Module) -> list[str]:
    """All string literals that are no docstrings; of an f-string its first piece."""
    documentation = {
        id(node.value) for node in nodes_of(module.tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
