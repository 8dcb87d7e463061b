"""`make bench-registry`: how long lists, searches and delivery take with 10,000 prompts of 10 versions each.

Starts Burnish in a home of its own, fills one workspace by SQL, asks over HTTP one call at a time, stops. Fails where the median of a list or
search is 50 ms or more, or where delivery reads the database.
"""

import argparse
import asyncio
import http.client
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg

REPORTED_AFTER_S = 12.0
"""A backend of PostgreSQL reports what it read while it works once a second, and the rest after 10 s of rest (PGSTAT_IDLE_INTERVAL)."""
MOST_MS = 50.0
"""Median of a list or search (issue 9)."""

LISTS = {
    "all, the newest first": "/v1/prompts",
    "all, by name": "/v1/prompts?sort=name",
    "all, last changed first": "/v1/prompts?sort=updated",
    "search, one word in 1% of prompts": "/v1/prompts?q=word17",
    "search, a word in every prompt": "/v1/prompts?q=common",
    "search, two words and a beginning": f"/v1/prompts?q={quote('common text wor')}",
    "search, what nobody says": "/v1/prompts?q=nowhere",
    "search in a folder with a tag": "/v1/prompts?q=common&folder=folder%2017&tag=tag17",
    "folder": "/v1/prompts?folder=folder%2017",
    "tag": "/v1/prompts?tag=tag17",
    "category": "/v1/prompts?category=category7",
    "use case": f"/v1/prompts?use_case={quote('use 17')}",
    "model": "/v1/prompts?model=model-17",
    "label, 1% of prompts": "/v1/prompts?label=rare",
    "label, all prompts": "/v1/prompts?label=production",
    "author, 1% of versions": "/v1/prompts?author=author-17",
    "folders with counts": "/v1/folders",
}
WORDS = 400
"""Words of each text, about 2 KB."""


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--calls", type=int, default=60, help="of each kind")
    parser.add_argument("--write", type=Path, help="write the report to this file")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    burnish = [str(Path(sys.executable).with_name("burnish"))]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="burnish-bench-") as folder:
        home = ["--home", f"{folder}/home"]
        command = [*burnish, "up", "--detach", "--json", "--no-demo", *home]
        up = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        try:
            if up.returncode:
                print(up.stderr, file=sys.stderr)
                return 1
            said = json.loads(up.stdout)
            filled_s = await fill(said["database_url"], said["workspace_id"], options.prompts, options.versions)
            found = measure(said["url"], said["api_key"], options)
            reads = await reads_of_delivery(said, options)
        finally:
            subprocess.run([*burnish, "down", *home], env=environment, check=False, capture_output=True)
    report = report_of(found, options, load=load, filled_s=filled_s, reads=reads)
    print(report)
    if options.write:
        options.write.write_text(report)
    wrong = [name for name, (median, _, _) in found.items() if median >= MOST_MS]
    for one in wrong:
        print(f"WRONG: {one}: the median is not under {MOST_MS:.0f} ms", file=sys.stderr)
    if reads:
        print(f"WRONG: delivery read prompts {reads} times from the database", file=sys.stderr)
    return 1 if wrong or reads else 0


async def fill(database_url: str, workspace_id: str, prompts: int, versions: int) -> float:
    """Prompts with versions, labels and texts whose words have known shares; returns the seconds it took."""
    began = time.monotonic()
    database = await asyncpg.connect(database_url, server_settings={"search_path": "burnish"})
    try:
        await database.execute(
            """INSERT INTO prompts (prompt_id, workspace_id, slug, name, description, folder, tags, categories, use_case, latest_version,
                                    created_by)
               SELECT gen_random_uuid(), $1, 'prompt-' || n, 'Prompt ' || n, 'What prompt ' || n || ' is for', 'folder ' || n % 100,
                      ARRAY['tag' || n % 100], ARRAY['category' || n % 20], 'use ' || n % 100, $3, 'bench'
                 FROM generate_series(1, $2::integer) n""",
            workspace_id, prompts, versions,
        )  # fmt: skip
        for version in range(1, versions + 1):
            await database.execute(
                f"""INSERT INTO prompt_versions (workspace_id, prompt_id, version, model, content, content_hash, source, author, base_version)
                    SELECT $1, p.prompt_id, $3::integer, 'model-' || n % 100,
                           json_build_object('model', 'simulated/chat', 'messages', json_build_array(json_build_object('role', 'user', 'content',
                             'common text of word' || n % 100 || ' {{{{ticket}}}} ' || (SELECT string_agg('w' || (n * 7 + i * i) % 5000, ' ')
                               FROM generate_series(1, {WORDS}) i)))),
                           sha256((n || '/' || $3::integer)::bytea), 'import', 'author-' || n % 100, nullif($3::integer - 1, 0)
                      FROM generate_series(1, $2::integer) n JOIN prompts p ON p.workspace_id = $1 AND p.slug = 'prompt-' || n""",
                workspace_id, prompts, version,
            )  # fmt: skip
        await database.execute(
            """INSERT INTO prompt_labels (workspace_id, prompt_id, label, version)
               SELECT $1, p.prompt_id, l.label, $2 FROM prompts p, unnest(ARRAY['production', 'rare']) l(label)
                WHERE p.workspace_id = $1 AND (l.label = 'production' OR p.slug LIKE '%17')""",
            workspace_id, versions,
        )  # fmt: skip
        await database.execute("VACUUM ANALYZE prompts, prompt_versions, prompt_labels")
    finally:
        await database.close()
    return time.monotonic() - began


def measure(url: str, key: str, options: Any) -> dict[str, tuple[float, float, int]]:
    """Of each kind (median, 95th percentile) in milliseconds and the bytes of an answer; one call at a time over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    found = {name: _timed(connection, key, [path] * options.calls) for name, path in LISTS.items()}
    few = [f"/v1/prompts/prompt-{n % 50 + 1}?label=production" for n in range(options.calls + 50)]
    found["delivery, from memory"] = _timed(connection, key, few, skip=50)
    connection.close()
    return found


async def reads_of_delivery(said: dict[str, Any], options: Any) -> int:
    """How often PostgreSQL read rows of prompts while versions were delivered that the gateway knows."""
    database = await asyncpg.connect(said["database_url"], server_settings={"search_path": "burnish"})
    sql = """SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::bigint FROM pg_stat_user_tables
              WHERE schemaname = 'burnish' AND relname IN ('prompts', 'prompt_versions', 'prompt_labels')"""
    connection = http.client.HTTPConnection(urlsplit(said["url"]).netloc, timeout=30)
    await asyncio.sleep(REPORTED_AFTER_S)  # what the lists read
    before = await database.fetchval(sql)
    _timed(connection, said["api_key"], [f"/v1/prompts/prompt-{n % 50 + 1}?label=production" for n in range(options.calls)])
    await asyncio.sleep(REPORTED_AFTER_S)
    after = await database.fetchval(sql)
    connection.close()
    await database.close()
    return int(after - before)


def _timed(connection: http.client.HTTPConnection, key: str, paths: list[str], *, skip: int = 3) -> tuple[float, float, int]:
    took, size = [], 0
    for path in paths:
        began = time.perf_counter()
        connection.request("GET", path, headers={"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        body = answer.read()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status} {body[:300]!r}")
        size = len(body)
    took = sorted(took[skip:])
    return statistics.median(took), took[int(len(took) * 0.95)], size


def report_of(found: dict[str, tuple[float, float, int]], options: Any, *, load: float, filled_s: float, reads: int) -> str:
    rows = "\n".join(f"| {name} | {median:.1f} | {high:.1f} | {size:,} |" for name, (median, high, size) in found.items())
    return f"""# The registry with {options.prompts:,} prompts of {options.versions} versions each

`make bench-registry`, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load average {load:.1f} before.
One workspace, texts of about 2 KB, filled in {filled_s:.0f} s; over HTTP, one call at a time, pages of 50, {options.calls} calls of each kind; one gateway.

| what | median ms | 95% ms | bytes |
|---|---|---|---|
{rows}

Lists and searches have to stay under {MOST_MS:.0f} ms at the median. While delivering, PostgreSQL read tables of prompts {reads} times.
That each list reads its index is asserted by `tests/integration/library/test_finding.py`.
"""


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
