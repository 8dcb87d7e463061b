"""Why a process does not start at all: a mistake in its surroundings that starting again will not mend."""

from typing import Final

EXIT_CODE: Final = 78
"""`EX_CONFIG` of sysexits.h: whoever supervises us can tell it from a crash."""


class StartRefused(Exception):
    """The message tells an operator what is wrong and what to do. It never holds a secret. `may_pass`: starting again may mend it."""

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass
