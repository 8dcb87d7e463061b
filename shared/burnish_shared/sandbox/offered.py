"""The sandboxes that an installation offers, by language."""

from collections.abc import Mapping
from typing import Final

from burnish_shared.sandbox.backend import Sandbox
from burnish_shared.sandbox.python_sandbox import PythonSandbox

WASM_MISSING: Final = "BURNISH_SANDBOX_WASM is on, but wasmtime is not installed: pip install 'burnish[wasm]'"


def offered(*, workers: int, wasm: bool) -> Mapping[str, Sandbox]:
    """`python` always, `wasm` where it is wanted. No worker is started yet. Raises ModuleNotFoundError, in words for an operator."""
    sandboxes: dict[str, Sandbox] = {"python": PythonSandbox(workers=workers)}
    if wasm:
        import importlib.util

        if importlib.util.find_spec("wasmtime") is None:
            raise ModuleNotFoundError(WASM_MISSING)
        from burnish_shared.sandbox.wasm_sandbox import WasmSandbox

        sandboxes["wasm"] = WasmSandbox(workers=workers)
    return sandboxes
