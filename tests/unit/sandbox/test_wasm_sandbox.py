"""WebAssembly that somebody brings, in worker processes (PRODUCT O3, PROMISES 4.6)."""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from burnish_shared.sandbox import Failed, FailureKind, Limits, Refused, Value

wasmtime = pytest.importorskip("wasmtime")

from burnish_shared.sandbox.wasm_sandbox import WasmSandbox  # noqa: E402 - needs wasmtime

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.capability("O3"), pytest.mark.promise("O-09")]

TIGHT = Limits(time_s=0.2, memory_bytes=4 * 1024 * 1024)

FRAME = """(module
  (memory (export "memory") {pages})
  (global $at (mut i32) (i32.const 1024))
  (func (export "alloc") (param $size i32) (result i32)
    (local $was i32) (local.set $was (global.get $at))
    (global.set $at (i32.add (global.get $at) (local.get $size))) (local.get $was))
  (data (i32.const 0) "{data}")
  {more}
  (func $run (export "run") (param $at i32) (param $length i32) (result i64) {body}))"""


def module(body: str, *, data: str = "", more: str = "", pages: str = "1") -> str:
    """A module that speaks our interface, in base64."""
    return base64.b64encode(wasmtime.wat2wasm(FRAME.format(body=body, data=data, more=more, pages=pages))).decode()


def answering(text: str) -> str:
    """`run` answers with this text at address 0."""
    escaped = "".join(f"\\{byte:02x}" for byte in text.encode())
    return module(f"(i64.const {len(text.encode())})", data=escaped)


ECHO = module("(i64.or (i64.shl (i64.extend_i32_u (local.get $at)) (i64.const 32)) (i64.extend_i32_u (local.get $length)))")

HOSTILE = {
    "endless loop": module("(loop $l (br $l)) (i64.const 0)"),
    "recursion": module("(call $run (local.get $at) (local.get $length))"),
    "all of memory": module("(loop $l (br_if $l (i32.ne (memory.grow (i32.const 100)) (i32.const -2)))) (i64.const 0)"),
    "unreachable": module("(unreachable)"),
    "reads far outside": module("(drop (i64.load (i32.const 2000000000))) (i64.const 0)"),
    "divides by zero": module("(drop (i32.div_s (i32.const 1) (i32.const 0))) (i64.const 0)"),
    "points outside": module("(i64.const 0x7fffffff00001000)"),
    "points below zero": module("(i64.const -1)"),
    "a result that is too long": module("(i64.const 65537)", pages="4"),
    "no json": answering("nothing like json"),
    "not a number": answering("NaN"),
    "infinity": answering('{"score": 1e999}'),
    "deep json": answering("[" * 5000),
    "memory larger than allowed": module("(i64.const 0)", pages="2000"),
    "an endless start": module("(i64.const 0)", more="(func $s (loop $l (br $l))) (start $s)"),
    "writes over everything": module(
        "(local $n i32) (loop $l (i32.store8 (local.get $n) (i32.const 255)) "
        "(local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l)) (i64.const 0)"
    ),
}

UNFIT = {
    "no module": base64.b64encode(b"hello").decode(),
    "no base64": "!!!!",
    "an import": base64.b64encode(wasmtime.wat2wasm('(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))))')).decode(),
    "no exports": base64.b64encode(wasmtime.wat2wasm("(module)")).decode(),
    "a memory only": base64.b64encode(wasmtime.wat2wasm('(module (memory (export "memory") 1))')).decode(),
    "cut off": ECHO[: len(ECHO) // 2 // 4 * 4],
    "too long": "A" * (1024 * 1024 + 4),
    "not ascii": "é",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[WasmSandbox]:
    made = WasmSandbox(workers=2)
    yield made
    await made.close()


def _workers() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"wasm_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_inputs_go_in_and_the_answer_comes_out(sandbox: WasmSandbox) -> None:
    assert await sandbox.run(ECHO, {"n": 1, "text": "é"}) == Value({"n": 1, "text": "é"})
    assert await sandbox.run(answering('{"score": 0.5}'), {}) == Value({"score": 0.5})


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_means_harm_fails_in_bounds(sandbox: WasmSandbox, name: str) -> None:
    began = time.perf_counter()
    result = await sandbox.run(HOSTILE[name], {"inputs": "x"}, limits=TIGHT)
    assert isinstance(result, Failed), result
    assert result.kind is not FailureKind.UNAVAILABLE
    assert time.perf_counter() - began < 20
    assert await sandbox.run(ECHO, {"n": 2}) == Value({"n": 2})


async def test_limits_are_told_apart(sandbox: WasmSandbox) -> None:
    async def kind(name: str) -> FailureKind:
        result = await sandbox.run(HOSTILE[name], {}, limits=TIGHT)
        assert isinstance(result, Failed)
        return result.kind

    assert await kind("endless loop") is FailureKind.TIME
    assert await kind("all of memory") in (FailureKind.TIME, FailureKind.MEMORY)
    assert await kind("memory larger than allowed") is FailureKind.MEMORY
    assert await kind("recursion") is FailureKind.DEPTH
    assert await kind("no json") is FailureKind.RESULT


@pytest.mark.parametrize("name", UNFIT)
async def test_what_is_no_module_of_ours_is_refused(sandbox: WasmSandbox, name: str) -> None:
    looked_at, ran = await sandbox.check(UNFIT[name]), await sandbox.run(UNFIT[name], {})
    assert looked_at is not None and looked_at.message
    assert isinstance(ran, Refused)


async def test_compiling_is_bounded(sandbox: WasmSandbox) -> None:
    """Ten thousand functions in one module: compiled in time, or the worker is stopped and made anew."""
    many = module("(i64.const 0)", more="".join(f"(func (result i32) {'(i32.const 1) drop ' * 3} (i32.const {n}))" for n in range(10_000)))
    began = time.perf_counter()
    assert isinstance(await sandbox.run(many, {}, limits=TIGHT), Value | Failed | Refused)
    assert time.perf_counter() - began < 20
    assert await sandbox.run(ECHO, {"n": 3}) == Value({"n": 3})


async def test_a_worker_has_nothing_to_reach_for(sandbox: WasmSandbox) -> None:
    await sandbox.run(ECHO, {})
    for pid in _workers():
        assert Path(f"/proc/{pid}/environ").read_bytes() == b""
        links = {int(one.name): os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()}
        # What it reads and writes are the two ends of uvloop's own pipes, which are pairs of sockets without an address.
        assert not [one for one in links.values() if one.startswith("socket:") and one not in (links[0], links[1])]
        assert "Max open files            3" in Path(f"/proc/{pid}/limits").read_text()


async def test_a_killed_worker_is_replaced(sandbox: WasmSandbox) -> None:
    await sandbox.run(ECHO, {})
    running = asyncio.create_task(sandbox.run(HOSTILE["endless loop"], {}, limits=Limits(time_s=5)))
    await asyncio.sleep(0.1)
    for pid in _workers():
        os.kill(pid, 9)
    result = await running
    assert isinstance(result, Failed) and result.kind is FailureKind.CRASHED
    assert [await sandbox.run(ECHO, {"n": 4}) for _ in range(3)] == [Value({"n": 4})] * 3
