"""Evaluators: from an answer to a score, by settings, by an expression, or by somebody's own code in the sandbox."""

from burnish_shared.evaluators.build import Evaluator, build
from burnish_shared.evaluators.grounds import Grounds
from burnish_shared.evaluators.judging import Ask, CannotPay, JudgeCall, JudgeReply
from burnish_shared.evaluators.verdict import Case, Mistake, NoScore, Score, Verdict, Vote

__all__ = [
    "Ask",
    "CannotPay",
    "Case",
    "Evaluator",
    "Grounds",
    "JudgeCall",
    "JudgeReply",
    "Mistake",
    "NoScore",
    "Score",
    "Verdict",
    "Vote",
    "build",
]
