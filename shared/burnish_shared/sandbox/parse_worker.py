"""The process that looks at code for `DaytonaSandbox`: `python -I -m burnish_shared.sandbox.parse_worker`. It parses, and runs nothing.

Reading code can be an attack by itself; whatever it does to this process, its parent kills it.
"""

import ast
import ctypes
import resource
import signal
import warnings
from typing import Any, Final

from burnish_shared.sandbox.worker_process import serve

MEMORY_BYTES: Final = 1024 * 1024 * 1024
PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Serves requests `{code}` until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    warnings.simplefilter("ignore")
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_AS, MEMORY_BYTES)):
        resource.setrlimit(kind, (most, most))
    serve(lambda request: looked_at(request["code"]))


def looked_at(code: str) -> dict[str, Any]:
    """Empty where it can be run; else `{message, line, column}`."""
    try:
        compile(ast.parse(code, "code"), "code", "exec", dont_inherit=True)
    except SyntaxError as error:
        return {"message": str(error.msg), "line": error.lineno, "column": error.offset}
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return {"message": str(error) or "nested too deep", "line": None, "column": None}
    return {}


if __name__ == "__main__":
    main()
