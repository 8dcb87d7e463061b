"""The process that runs WebAssembly for `WasmSandbox`: `python -I -m burnish_shared.sandbox.wasm_worker`.

It reads one request from standard input, answers it on standard output, and so on until its parent closes the pipe. It has an empty
environment, opens nothing, and gives the module no imports. Whatever a module does to it, the parent kills it.
"""

import base64
import ctypes
import hashlib
import json
import resource
import signal
import threading
import time
from collections import OrderedDict
from typing import Any, Final

import wasmtime

from burnish_shared.sandbox.worker_process import serve

TICK_S: Final = 0.01
"""How often the clock of running modules goes on; a time limit is kept to within one tick."""

FUEL_PER_S: Final = 2_000_000_000
"""Instructions allowed for each second of the time limit: the second guard beside the clock."""

STACK_BYTES: Final = 512 * 1024
MODULES_KEPT: Final = 16
PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Serves requests until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    engine = _engine()
    threading.Thread(target=_tick, args=(engine,), daemon=True).start()
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 3)):
        resource.setrlimit(kind, (most, most))
    modules: OrderedDict[bytes, wasmtime.Module] = OrderedDict()
    serve(lambda request: _answer(engine, modules, request))


def _engine() -> wasmtime.Engine:
    """Only what plain modules need: no threads, no garbage collector, no second memory; small reservations of address space."""
    config = wasmtime.Config()
    config.consume_fuel = True
    config.epoch_interruption = True
    config.max_wasm_stack = STACK_BYTES
    config.memory_reservation = 0
    config.memory_guard_size = 0
    config.memory_init_cow = False  # would want a file
    config.parallel_compilation = False
    config.cranelift_nan_canonicalization = True
    config.wasm_threads = False
    config.wasm_multi_memory = False
    config.wasm_memory64 = False
    return wasmtime.Engine(config)


def _tick(engine: wasmtime.Engine) -> None:
    while True:
        time.sleep(TICK_S)
        engine.increment_epoch()


def _answer(engine: wasmtime.Engine, modules: "OrderedDict[bytes, wasmtime.Module]", request: dict[str, Any]) -> dict[str, Any]:
    """`{value}`, `{refused}` or `{failed: [kind, message]}`."""
    try:
        module = _module(engine, modules, base64.b64decode(request["code"], validate=True))
    except (wasmtime.WasmtimeError, ValueError) as error:
        return {"refused": str(error)}
    refused = _unfit(module)
    if refused is not None or request["check_only"]:
        return {"refused": refused} if refused else {"value": None}
    try:
        return {"value": _call(engine, module, request)}
    except wasmtime.Trap as trap:
        return {"failed": _kind_of(trap)}
    except (wasmtime.WasmtimeError, MemoryError, ValueError, IndexError, TypeError, OverflowError) as error:
        kind = "time" if "fuel" in str(error) else "memory" if "memory" in str(error).lower() else "error"
        return {"failed": [kind, str(error).splitlines()[0] if str(error) else type(error).__name__]}


def _module(engine: wasmtime.Engine, modules: "OrderedDict[bytes, wasmtime.Module]", code: bytes) -> wasmtime.Module:
    digest = hashlib.sha256(code).digest()
    if digest not in modules:
        modules[digest] = wasmtime.Module(engine, code)
        while len(modules) > MODULES_KEPT:
            modules.popitem(last=False)
    modules.move_to_end(digest)
    return modules[digest]


def _unfit(module: wasmtime.Module) -> str | None:
    """Why the module does not speak our interface; None when it does."""
    if module.imports:
        first = module.imports[0]
        return f"imports are not given: {first.module}.{first.name}"
    exports = {one.name: one.type for one in module.exports}
    wanted = {"memory": wasmtime.MemoryType, "alloc": wasmtime.FuncType, "run": wasmtime.FuncType}
    missing = [name for name, kind in wanted.items() if not isinstance(exports.get(name), kind)]
    return f"the module must export {', '.join(missing)}" if missing else None


def _call(engine: wasmtime.Engine, module: wasmtime.Module, request: dict[str, Any]) -> Any:
    """Inputs as JSON into the module's memory; `run(pointer, length)` returns pointer << 32 | length of its JSON."""
    limits = request["limits"]
    store = wasmtime.Store(engine)
    store.set_limits(memory_size=limits["memory_bytes"], table_elements=100_000, instances=1, tables=4, memories=1)
    store.set_fuel(int(limits["time_s"] * FUEL_PER_S))
    store.set_epoch_deadline(max(1, int(limits["time_s"] / TICK_S)))
    exports = wasmtime.Instance(store, module, []).exports(store)
    memory, alloc, run = exports["memory"], exports["alloc"], exports["run"]
    if not (isinstance(memory, wasmtime.Memory) and isinstance(alloc, wasmtime.Func) and isinstance(run, wasmtime.Func)):
        raise TypeError("memory, alloc and run have other types")
    inputs = json.dumps(request["inputs"]).encode()
    at = alloc(store, len(inputs))
    if memory.write(store, inputs, at) != len(inputs):
        raise ValueError("alloc gave too little memory")
    packed = run(store, at, len(inputs)) & (2**64 - 1)
    start, length = packed >> 32, packed & 0xFFFF_FFFF
    if length > limits["result_bytes"]:
        raise ValueError("the result is longer than the limit")
    return bytes(memory.read(store, start, start + length)).decode("utf-8", "replace")


def _kind_of(trap: wasmtime.Trap) -> list[str]:
    code = trap.trap_code
    if code in (wasmtime.TrapCode.INTERRUPT, wasmtime.TrapCode.OUT_OF_FUEL):
        return ["time", "the time limit is reached"]
    if code is wasmtime.TrapCode.STACK_OVERFLOW:
        return ["depth", "the stack is full"]
    return ["error", code.name.lower() if code is not None else "trap"]


if __name__ == "__main__":
    main()
