"""Nothing that services ask of PostgreSQL outlives its transaction, so that a pooler in transaction mode may stand in between."""

import ast
import re

from tests.architecture.source import ROOT, modules, nodes_of

SESSION_LEVEL = re.compile(
    r"pg_(try_)?advisory_lock(_shared)?\(|\bLISTEN \w|\bUNLISTEN\b|CREATE (LOCAL )?TEMP(?![\s\S]*ON COMMIT DROP)"
    r"|\bWITH HOLD\b|^\s*PREPARE \w"
    r"|^\s*SET (SESSION|ROLE|app\.|request\.|search_path|\w+_timeout|jit|timezone|synchronous_commit|plan_cache_mode)"
    r"|set_config\((?:[^()]|\([^()]*\))*,\s*false\s*\)",
    re.MULTILINE,
)
"""Locks, settings, tables and statements that belong to a connection."""

DIRECT = {"shared/burnish_shared/db/migrations/env.py", "cli/burnish/embedded/roles.py"}
"""Run on a connection of their own, past any pooler (docs/guides/access.md)."""


def test_services_leave_nothing_on_a_connection() -> None:
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.path not in DIRECT
        for node in nodes_of(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SESSION_LEVEL.search(node.value)
    ]
    assert not wrong, wrong


def test_functions_in_the_database_leave_nothing_on_a_connection() -> None:
    """`SET ROLE` at the top of a migration is undone at its end, and migrations run past the pooler."""
    bodies = [
        (path.name, body)
        for path in (ROOT / "shared/burnish_shared/db/sql").glob("*.sql")
        for body in re.findall(r"\$\$(.*?)\$\$", path.read_text(), re.DOTALL)
    ]
    assert len(bodies) > 50
    assert not [(name, body[:80]) for name, body in bodies if SESSION_LEVEL.search(body)]


def test_the_scan_recognises_what_belongs_to_a_connection() -> None:
    assert all(
        SESSION_LEVEL.search(one)
        for one in ("SELECT pg_advisory_lock(1)", "LISTEN changes", "CREATE TEMP TABLE x ()", "SET app.workspace = 'x'",
                    "SET SESSION a TO b", "SELECT set_config('app.workspace', $1, false)", "PREPARE p AS SELECT 1",
                    "SELECT pg_try_advisory_lock_shared(1)", "BEGIN\n  SET statement_timeout = 0;", "set_config('a', f(1), false)")
    )  # fmt: skip
    assert not any(
        SESSION_LEVEL.search(one)
        for one in (
            "SELECT pg_advisory_xact_lock(1)",
            "SET LOCAL jit = off",
            "SELECT set_config('a', $1, true)",
            "UPDATE x SET a = 1",
            "CREATE TEMPORARY TABLE x\n ON COMMIT DROP AS SELECT 1",
        )
    )
