"""What guardrails keep of one execution: the masks on the way to the model, and the answer on its way to the caller."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from burnish_executor.io.replies import Reply
from burnish_executor.looking import looked
from burnish_shared.contracts.executions import ExecutionRequest
from burnish_shared.guarding.changes import Editor
from burnish_shared.guarding.masks import Masks, Spelling, as_is, in_json
from burnish_shared.guarding.outgoing import Outgoing, through
from burnish_shared.guarding.rules import Rule, Stopped
from burnish_shared.guarding.texts import changed_calls, each_said, texts_of_calls


@dataclass(slots=True)
class Guard:
    """`given`: the request as the caller made it; the one that runs has masks in it, which are never written down.

    `into`: rules for what goes to the model, `out`: for the answer. `stopped`: the one that ended it, on either way. `told`: what a caller
    who streams was told. `hidden`: puts masks into a text for the model, in place of what it must not see.
    """

    given: ExecutionRequest
    into: tuple[Rule, ...] = ()
    out: tuple[Rule, ...] = ()
    is_json: bool = False
    masks: Masks = field(default_factory=Masks)
    outgoing: Outgoing = field(init=False)
    hidden: Editor = field(init=False, repr=False)
    told: list[str] = field(default_factory=list, repr=False)
    stopped: Stopped | None = None

    def __post_init__(self) -> None:
        self.outgoing = Outgoing(self.out, self.masks, in_json if self.is_json else as_is)
        self.hidden = self.masks.hiding([finder for rule in self.into for finder in rule.finders])

    @property
    def touches_answers(self) -> bool:
        """Whether an answer may come out otherwise than the model gave it."""
        return bool(self.out) or bool(self.masks)

    @property
    def was_streamed(self) -> bool:
        return self.outgoing.characters > 0

    def next(self, text: str) -> str:
        """What may be told after this piece; nothing once a rule stopped it."""
        return self._kept(self.outgoing.feed(text)) if self.stopped is None else ""

    def rest(self) -> str:
        """What is left to tell when nothing more comes."""
        return self._kept(self.outgoing.end()) if self.stopped is None else ""

    def restored(self, text: str) -> str:
        """An answer with the caller's values in place of their masks."""
        return self.masks.restore(text, spelling=in_json if self.is_json else as_is)

    def whole(self, text: str, *, is_json: bool) -> str:
        """A text of the answer that is told in one piece, as it may be told; `stopped` is set where it may not."""
        return self._whole(text, self.out, in_json if is_json else as_is)

    def _whole(self, text: str, rules: Sequence[Rule], spelling: Spelling) -> str:
        said = through(text, rules, self.masks, spelling=spelling)
        if isinstance(said, Stopped):
            self.stopped = self.stopped or said
            return ""
        return said

    def calls(self, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Tool calls as they may be told; what they are called is looked at, and stays."""
        for text in texts_of_calls(calls):
            self._look(text)
        return [] if self.stopped else changed_calls(calls, self.masks.telling(self.outgoing.finders))

    def thoughts(self, beside: dict[str, Any]) -> Any:
        """Thoughts, refusals and sources as they may be told, under the seals of their provider."""
        rules = self._beside
        return each_said(beside, lambda one: self._whole(one, rules, as_is))

    @property
    def _beside(self) -> tuple[Rule, ...]:
        """Rules for what stands beside an answer's text: in which language somebody writes, neither names nor thoughts tell."""
        return tuple(rule for rule in self.out if not rule.is_of_prose)

    def _look(self, text: str) -> None:
        stopping = next((rule for rule in self._beside if rule.stops_whole(text)), None) if self.stopped is None else None
        if stopping is not None:
            self.stopped = Stopped(stopping.name)

    def _kept(self, said: str | Stopped) -> str:
        if isinstance(said, Stopped):
            self.stopped = said
            return ""
        self.told.append(said)
        return said


@dataclass(slots=True)
class GuardedReply(Reply):
    """The way back of an execution that guardrails look at: of each piece only what may be told, and `stop` once nothing may be.

    Tool calls are not told in parts: the outcome has them whole, and whoever streams is told them at its end.
    """

    guard: Guard | None = None
    stop: Callable[[], None] | None = None

    async def text(self, text: str) -> None:
        """What may be told of it now."""
        if self.guard is None:
            return
        said = self.guard.next(text)
        if said:
            await Reply.text(self, said)
        if self.guard.stopped is not None and self.stop is not None:
            self.stop()

    async def rest(self) -> None:
        """What was held back until the end."""
        guard = self.guard
        said = "" if guard is None else await looked(guard.outgoing.characters if guard.outgoing.needs_whole else 0, guard.rest)
        if said:
            await Reply.text(self, said)

    async def delta(self, delta: dict[str, Any]) -> None:
        """Nothing, where it may have to come out otherwise."""
        if self.guard is not None and not self.guard.touches_answers:
            await Reply.delta(self, delta)


def guarded(reply: Reply, guard: Guard, *, stop: Callable[[], None]) -> GuardedReply:
    """The same way back, guarded. No text may have been sent on it."""
    return GuardedReply(
        bus=reply.bus, inbox=reply.inbox, fence=reply.fence, coalesce_s=reply.coalesce_s, chunks=reply.chunks, guard=guard, stop=stop
    )
