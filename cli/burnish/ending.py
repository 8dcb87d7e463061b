"""How commands end that have something to put in order first: SIGTERM counts as Ctrl-C, and somebody hears what there is now."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def take_sigterm_as_ctrl_c() -> None:
    """What `timeout`, a job of CI or a container's runtime sends must not leave behind what Ctrl-C would not.

    A program that runs a command of ours beside its main thread hears signals itself.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)


@contextmanager
def told_when_broken_off(words: str) -> Iterator[None]:
    """Says `words` where the work within is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"\nburnish: broken off. {words}", file=sys.stderr)
        raise


def _interrupt(*_: Any) -> None:
    """To whoever handles Ctrl-C at this moment. A shell has that ignored in what it puts into the background."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.raise_signal(signal.SIGINT)
