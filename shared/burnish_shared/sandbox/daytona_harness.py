"""The program that is sent to a sandbox of Daytona: the text of this module, and a call of `main`.

It needs Linux, Python 3.9 and no package. Each input has a process of its own, which is killed at its time limit: what one does to itself
costs the others nothing, and nothing of one is left in the next. What code prints goes nowhere. For each input one line is printed: a mark,
and JSON as `daytona_sandbox` reads it.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import json
import os
import random
import resource
import select
import signal
import sys
import time
from typing import Any

MARK = "burnish-result:"

STOP_S = 1.0
"""How long after its time limit an input that does not stop by itself is killed."""

PACKAGES_BYTES = 512 * 1024 * 1024
"""Of address space beside the memory limit, for packages that are imported."""

ROOM = 8
"""A result may take so many times its limit as JSON, where letters are escaped."""


class Late(BaseException):
    """The time limit is reached."""


def main(job_text: str) -> None:
    """`job_text`: base64 of JSON `{code, many, time_s, memory_bytes, result_bytes}`."""
    job = json.loads(base64.b64decode(job_text))
    for inputs in job["many"]:
        sys.stdout.write(MARK + json.dumps(in_a_process(job, inputs)) + "\n")
        sys.stdout.flush()


def in_a_process(job: dict[str, Any], inputs: dict[str, Any]) -> Any:
    """What came of one input: `{value}`, `{refused: [message, line, column]}` or `{failed: [kind, message, line]}`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        in_the_child(job, inputs, writing)
    os.close(writing)
    said, ended = read_until(reading, time.monotonic() + job["time_s"] + STOP_S, most=job["result_bytes"] * ROOM + 65536)
    os.close(reading)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not ended:
        return {"failed": ["time", "the time limit is reached", None]}
    try:
        return json.loads(said)
    except ValueError:
        return {"failed": ["crashed", "the process ended unexpectedly", None]}


def read_until(reading: int, deadline: float, *, most: int) -> tuple[bytes, bool]:
    """What was written, and whether its writer came to an end in time."""
    said = b""
    while len(said) <= most:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return said, False
        piece = os.read(reading, 65536)
        if not piece:
            break
        said += piece
    return said, True


def in_the_child(job: dict[str, Any], inputs: dict[str, Any], writing: int) -> None:
    """Writes what came of it, and ends. Never comes back."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for one in (0, 1, 2):
            os.dup2(nowhere, one)
        most = in_use_bytes() + job["memory_bytes"] + PACKAGES_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        random.seed(0)
        said = said_of(job, inputs)
        text = json.dumps(said).encode()
    except BaseException:
        text = b'{"failed": ["memory", "the memory limit is reached", null]}'
    while text:
        text = text[os.write(writing, text) :]
    os._exit(0)


def in_use_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def said_of(job: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """What the code comes to with these inputs, in this very process; see `in_a_process` for its shape. Raises MemoryError at most."""
    try:
        tree = ast.parse(job["code"], "code")
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        body = compile(tree, "code", "exec")
        end = compile(ast.Expression(last.value), "code", "eval") if last else None
    except SyntaxError as error:
        return {"refused": [str(error.msg), error.lineno, error.offset]}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"refused": [str(error) or "nested too deep", None, None]}
    names = dict(inputs, __name__="code")
    signal.signal(signal.SIGALRM, be_late)
    signal.setitimer(signal.ITIMER_REAL, job["time_s"])
    try:
        exec(body, names)  # noqa: S102 - in a sandbox, where nothing is ours
        value = eval(end, names) if end else None  # noqa: S307 - the same
        found = unfit(value, 0)
        if found:
            return {"failed": ["result", found, None]}
        text = json.dumps(value, allow_nan=False)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if len(text) > job["result_bytes"] * ROOM:
            return {"failed": ["result", "longer than the limit", None]}
        return {"value": json.loads(text)}
    except Late:
        return {"failed": ["time", "the time limit is reached", None]}
    except MemoryError:
        return {"failed": ["memory", "the memory limit is reached", None]}
    except RecursionError:
        return {"failed": ["depth", "the call stack is full", None]}
    except BaseException as error:
        return {"failed": ["error", words_of(error), line_of(error)]}


def unfit(value: object, depth: int) -> str:
    """Why this is no plain data; empty where it is."""
    if depth > 100:
        return "nested too deep"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "keys must be strings"
        return next((found for one in value.values() if (found := unfit(one, depth + 1))), "")
    if isinstance(value, (list, tuple)):
        return next((found for one in value if (found := unfit(one, depth + 1))), "")
    if isinstance(value, float) and value - value != 0:
        return "not a finite number"
    if value is None or isinstance(value, (bool, int, float, str)):
        return ""
    return type(value).__name__[:40] + " is not plain data (null, true, numbers, text, lists, objects)"


def words_of(error: BaseException) -> str:
    try:
        return (type(error).__name__ + ": " + str(error)[:300]).removesuffix(": ")
    except BaseException:
        return "an error without words"


def line_of(error: BaseException) -> int | None:
    """The line of the caller's code in which it happened; None where it was in none."""
    line, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == "code":
            line = at.tb_lineno
        at = at.tb_next
    return line


def be_late(*_: Any) -> None:
    raise Late
