"""Compiles what runs, by importing it: `python -m burnish.compiling`, at the end of an installation.

Of 13,315 files in the environment 2,827 are ever imported by what `burnish up` starts. Services that start together would otherwise
compile what they have in common one beside the other.
"""

import multiprocessing
import os
import sys
from importlib import import_module
from typing import Final

LITELLM: Final = "burnish_executor.io.llm"


def main() -> None:
    """Raises ImportError for what would not start either. Without LiteLLM the rest is compiled all the same."""
    _write()
    from burnish.launcher.services import SERVICES

    parts = (("command line", "burnish.main"), *((one.name, one.module) for one in SERVICES))
    beside = multiprocessing.get_context("spawn").Process(target=_import_litellm)
    beside.start()
    for number, (name, module) in enumerate(parts, start=1):
        _tell(f"Compiling what runs: {number} of {len(parts) + 1}, {name} …")
        import_module(module)
    _tell(f"Compiling what runs: {len(parts) + 1} of {len(parts) + 1}, LiteLLM …")
    beside.join()
    if sys.stdout.isatty():
        print()


def _write() -> None:
    """Also where `PYTHONDONTWRITEBYTECODE` is set: writing is what this is for."""
    sys.dont_write_bytecode = False


def _import_litellm() -> None:
    _write()
    from burnish_executor.io.litellm_process import OF_ITS_OWN

    os.environ.update(OF_ITS_OWN)  # read at its import
    import_module(LITELLM)


def _tell(words: str) -> None:
    """On one line in a terminal."""
    print(f"\r\033[K{words}" if sys.stdout.isatty() else words, end="" if sys.stdout.isatty() else "\n", flush=True)


if __name__ == "__main__":
    main()
