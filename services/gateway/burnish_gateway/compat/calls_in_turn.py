"""Parts of several tool calls, one call after the other. Pure.

Some servers write calls at the same time and send their parts mixed. In formats whose calls are blocks or items, a call is closed before
the next one begins, so what comes of a later call waits until the earlier one is whole.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Part = dict[str, Any]
"""In the cut of chat completions: `index` says of which call it is; the first of each names it, later ones add to its arguments."""


@dataclass(slots=True)
class CallsInTurn:
    """`open`: the call whose turn it is, `said` its arguments so far; `waiting`: parts of later calls, in the order in which they began."""

    open: int | None = None
    said: str = ""
    ended: set[int] = field(default_factory=set)
    waiting: dict[int, list[Part]] = field(default_factory=dict)

    def take(self, parts: Iterable[Part]) -> list[Part]:
        """What can be told by now. Of a call that is whole nothing more is told: its arguments were one JSON object."""
        told: list[Part] = []
        for part in parts:
            index = part.get("index", 0)
            if index in self.ended:
                continue
            if self.open is None:
                self.open = index
            if index == self.open:
                told.append(self._said(part))
            else:
                self.waiting.setdefault(index, []).append(part)
            while self.waiting and self._is_whole():
                told += self._next()
        return told

    def rest(self) -> list[Part]:
        """What still waits when the answer ends: behind a call without arguments, or with arguments that are no JSON."""
        told: list[Part] = []
        while self.waiting:
            told += self._next()
        return told

    def _said(self, part: Part) -> Part:
        self.said += (part.get("function") or {}).get("arguments") or ""
        return part

    def _next(self) -> list[Part]:
        if self.open is not None:
            self.ended.add(self.open)
        self.open, self.said = next(iter(self.waiting)), ""
        return [self._said(part) for part in self.waiting.pop(self.open)]

    def _is_whole(self) -> bool:
        if not self.said.rstrip().endswith("}"):
            return False
        try:
            return isinstance(json.loads(self.said), dict)
        except (ValueError, RecursionError):
            return False
