"""How a session goes: what each thing that happens makes of it. Pure.

pending ──asked──▶ clarifying ──all answered──▶ (asks again, at most ROUNDS_MOST times) ──▶ ready ──written──▶ finalized
   │                   │                                                                      ▲  │
   └───────────────────┴─ the model cannot ask any more ──────────────────────────────────────┘  └─ it cannot be written ─▶ failed
expired: nobody came back in time. A failed session can be written again; what was answered is never lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from burnish_gateway.clarifications.memory import WorkingMemory, noted, rethought
from burnish_gateway.clarifications.question import Answer, Question, answered, read_questions
from burnish_shared.errors import Conflict, InvalidField

Status = Literal["pending", "clarifying", "ready", "finalized", "failed", "expired"]
Task = Literal["ask", "write"]

ROUNDS_MOST: Final = 3
"""PRODUCT S1: also when the model wants more."""

ENDED: Final = frozenset({"finalized", "failed", "expired"})


class WrongState(Conflict):
    """What is asked for does not fit where the session stands; `details` says where that is."""

    code = "wrong_state"


@dataclass(frozen=True, slots=True)
class Session:
    """What of a session decides how it goes. `task`: what a model is to do now, None: it waits for its owner."""

    status: Status
    round: int
    task: Task | None
    questions: tuple[Question, ...]
    memory: WorkingMemory

    @property
    def open_questions(self) -> tuple[Question, ...]:
        return tuple(one for one in self.questions if one.round == self.round and one.status == "open")


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it came. `answer` None: skipped."""

    question_id: str
    answer: Answer | None


def answer(session: Session, given: Sequence[Given]) -> tuple[Session, tuple[Question, ...]]:
    """The session with these answers, and those that are new. When none of the round is open any more, the model is asked again, or,
    after the last round, the prompt can be written.

    The same answer again changes nothing, at whatever time. While the round is open, another answer takes the first one's place.
    Raises WrongState, InvalidField.
    """
    before = {one.id: one for one in session.questions}
    changed: dict[str, Question] = {}
    late: list[str] = []
    for index, one in enumerate(given):
        question = before.get(one.question_id)
        if question is None:
            known = ", ".join(each.id for each in session.open_questions) or "none is open"
            raise InvalidField(
                f"answers[{index}].question_id: there is no question {one.question_id[:40]!r} in this session; open: {known}.",
                param=f"answers[{index}].question_id",
            )
        new = answered(question, one.answer, param=f"answers[{index}].answer")
        if (new.status, new.answer) == (question.status, question.answer):
            continue
        if session.status != "clarifying" or session.task is not None or question.round != session.round:
            late.append(question.id)
        changed[new.id] = new
    if late:
        raise _late(session, late)
    questions = tuple(changed.get(one.id, one) for one in session.questions)
    after = replace(session, questions=questions, memory=noted(session.memory, tuple(changed.values())))
    if changed and not after.open_questions:
        last = session.round >= ROUNDS_MOST
        after = replace(after, status="ready") if last else replace(after, task="ask")
    return after, tuple(changed.values())


def asked(session: Session, said: Mapping[str, Any]) -> Session:
    """The model has spoken: its questions are the next round; with none, or when it knows enough, the prompt can be written."""
    memory = rethought(session.memory, said.get("working_memory"), session.questions)
    number = session.round + 1
    has_enough = said.get("enough") is True or number > ROUNDS_MOST
    questions = [] if has_enough else read_questions(said.get("questions"), round=number, before=session.questions)
    if not questions:
        return replace(session, status="ready", task=None, memory=memory)
    return replace(session, status="clarifying", task=None, round=number, questions=(*session.questions, *questions), memory=memory)


def could_not_ask(session: Session) -> Session:
    """The model fails for good: what is known must do. The owner may have the prompt written, and nothing is lost."""
    return replace(session, status="ready", task=None)


def write(session: Session) -> Session:
    """The owner wants the prompt now; what is open is skipped. Raises WrongState."""
    if session.status in ("finalized", "expired") or session.task is not None or session.status == "pending":
        raise WrongState(_not_now(session), param="session_id", details={"status": session.status, "task": session.task})
    skipped = tuple(replace(one, status="skipped") if one.status == "open" else one for one in session.questions)
    return replace(session, status="ready", task="write", questions=skipped)


def written(session: Session) -> Session:
    return replace(session, status="finalized", task=None)


def could_not_write(session: Session) -> Session:
    return replace(session, status="failed", task=None)


def _late(session: Session, ids: list[str]) -> WrongState:
    names = ", ".join(ids[:5])
    if session.status == "clarifying" and session.task is None:
        message = f"{names}: belongs to an earlier round, which is closed; round {session.round} is open."
    elif session.task == "ask":
        message = f"{names}: all questions of this round were answered, perhaps in another window; the next ones are on their way."
    else:
        message = f"{names}: the session takes no more answers, it is {session.status}."
    return WrongState(message, param="answers", details={"status": session.status, "round": session.round})


def _not_now(session: Session) -> str:
    if session.status == "expired":
        return "The session has expired; start a new one."
    if session.status == "finalized":
        return "The final prompt is written already; read the session, or start a new one."
    what = "The final prompt is being written" if session.task == "write" else "Questions are being written"
    return f"{what}; wait for that, for example by the session's events."
