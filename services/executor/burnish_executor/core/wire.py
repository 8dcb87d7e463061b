"""What differs between the formats that providers speak. Everything else about a call is the same for all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from burnish_executor.core.answer import Answer, Piece
from burnish_executor.core.failure import Failure
from burnish_shared.contracts.executions import ExecutionRequest


class Reader(Protocol):
    """Reads the events of one stream into `answer`."""

    @property
    def answer(self) -> Answer: ...

    @property
    def ended(self) -> bool:
        """The provider sent its own mark of the end."""
        ...

    @property
    def is_whole(self) -> bool:
        """Nothing that counts is missing any more: the reason for the end is known, and what was used."""
        ...

    @property
    def may_end(self) -> bool:
        """All that began has ended: where the provider closes its stream now, and nothing broke off, the answer is whole."""
        ...

    def read_alike(self, events: Sequence[bytes], at: int) -> tuple[str, int]:
        """Adds the events from `at` on that differ from one before in their text alone: all their text, and how many they are. 0: the next
        one is to be read by itself."""
        ...

    def read(self, data: bytes) -> Piece | Failure | None:
        """Adds one event. None: nothing for the caller. A Failure ends the stream.

        What comes behind a whole answer is no part of it, and no reason to doubt it: it is not read, save for the mark of the end.
        """
        ...


class Wire(Protocol):
    """One format. Pure: requests in, bodies out; bytes in, facts out."""

    @property
    def path(self) -> str:
        """Below the provider's address; where a model is asked."""
        ...

    def headers(self, key: str | None) -> dict[str, str]:
        """How the key is shown, and what else the format asks for. None: no key is sent."""
        ...

    def body(self, request: ExecutionRequest) -> dict[str, Any]: ...

    def read_body(self, data: bytes, *, seed: str = "") -> Answer | Failure:
        """A buffered answer. `seed`: what ids of tool calls are drawn from, where it has none; of no other answer."""
        ...

    def reader(self, body: Mapping[str, Any]) -> Reader:
        """For the stream that answers `body`: what was asked says what is to be waited for."""
        ...
