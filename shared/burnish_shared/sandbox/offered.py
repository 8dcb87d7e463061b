"""The sandboxes that an installation offers, by language."""

from collections.abc import Mapping
from typing import Final

from burnish_shared.sandbox.backend import Sandbox
from burnish_shared.sandbox.daytona_place import DaytonaPlace
from burnish_shared.sandbox.daytona_sandbox import DaytonaSandbox
from burnish_shared.sandbox.python_sandbox import PythonSandbox

WASM_MISSING: Final = "BURNISH_SANDBOX_WASM is on, but wasmtime is not installed: pip install 'burnish[wasm]'"


def offered(*, workers: int, wasm: bool, daytona: DaytonaPlace | None = None) -> Mapping[str, Sandbox]:
    """`python` always, `wasm` where it is wanted. No worker is started yet. Raises ModuleNotFoundError, in words for an operator.

    `daytona`: where `python` runs in place of here, in `workers` sandboxes at once; WebAssembly runs here all the same.
    """
    python = PythonSandbox(workers=workers) if daytona is None else DaytonaSandbox(daytona, at_once=workers)
    sandboxes: dict[str, Sandbox] = {"python": python}
    if wasm:
        import importlib.util

        if importlib.util.find_spec("wasmtime") is None:
            raise ModuleNotFoundError(WASM_MISSING)
        from burnish_shared.sandbox.wasm_sandbox import WasmSandbox

        sandboxes["wasm"] = WasmSandbox(workers=workers)
    return sandboxes
