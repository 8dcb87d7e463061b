"""What a member is told of, and how that stands."""

from typing import Literal

Kind = Literal["review_asked", "review_decided", "mention", "answer", "comment", "queue_asked"]

AnswerStatus = Literal["waiting", "decided", "set_aside", "passed_on"]

ReviewStatus = Literal["in_review", "approved", "sent_back", "withdrawn"]
