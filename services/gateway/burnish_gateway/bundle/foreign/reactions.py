"""What people said of calls made elsewhere, as foreign files tell it: ratings beside executions, and scores of Langfuse's. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from burnish_gateway.bundle.notes import Notes
from burnish_gateway.feedback.bodies import COMMENT_MOST, METRIC_VALUE_MOST, FeedbackBody
from burnish_gateway.imports.reported import AGE_MOST, AHEAD_MOST
from burnish_shared.errors import InvalidField

REACTIONS_MOST: Final = 20_000
"""Of one file."""

RATINGS: Final = ("rating", "user_rating", "feedback_rating", "feedback_score", "user_feedback", "feedback", "thumb", "thumbs")
COMMENTS: Final = ("feedback_comment", "feedback_text", "user_comment", "comment", "comments")
UP: Final = frozenset({"up", "thumbs_up", "thumbsup", "positive", "like", "liked", "good", "helpful", "yes", "true", "👍"})
DOWN: Final = frozenset({"down", "thumbs_down", "thumbsdown", "negative", "dislike", "disliked", "bad", "unhelpful", "no", "false", "👎"})
OF_PEOPLE: Final = re.compile(r"feedback|thumb|rating|satisf|like|helpful|user", re.IGNORECASE)
"""Names that people's reactions go by where no source says more; a number under any other name is a metric of that name."""

STARS: Final = (1, 5)
Scale = Literal["share", "stars", "unknown"]
"""What the numbers of one file are: 0, 1 and what is between, marks of 1 to 5, or marks of a scale that nobody named."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating as a file says it: `source` and `call` name the execution; `rating` in the file's own scale."""

    place: str
    source: str
    call: str
    rating: Any
    comment: str | None
    user_id: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Reaction:
    """One that may be recorded. `name`: what names it for ever, so that a file brought in twice counts once."""

    name: str
    body: FeedbackBody
    at: datetime


def rated_of(row: Mapping[str, Any], place: str, body: Mapping[str, Any]) -> Rated | None:
    """Of a row of executions, whose `body` is what becomes one; None where nobody reacted to it."""
    rating = next((row[name] for name in RATINGS if row.get(name) not in (None, "", {}, [])), None)
    comment = next((row[name] for name in COMMENTS if isinstance(row.get(name), str) and row[name].strip()), None)
    if isinstance(rating, str) and not _is_rating(rating):
        rating, comment = None, comment or rating
    if rating is None and comment is None:
        return None
    return Rated(place, body["source"], body["id"], rating, comment, body.get("user_id"), moment_of(body.get("finished_at")))


def reactions_of(rated: Sequence[Rated], *, now: datetime, notes: Notes) -> list[Reaction]:
    """In our words: thumbs where the file knows two values, marks of 1 to 5 as scores, shares as they are. Of others a note each: where
    marks go beyond 5, of every number, since the 5 of ten is not the 5 of five."""
    most = max((number for one in rated if (number := _number_of(one.rating)) is not None), default=0)
    scale: Scale = "unknown" if most > STARS[1] else "stars" if most > 1 else "share"
    found = []
    for one in rated:
        said: dict[str, Any] = {"comment": one.comment[:COMMENT_MOST]} if one.comment and one.comment.strip() else {}
        if one.rating is not None:
            reaction = _reaction(one.rating, scale=scale)
            if reaction is None:
                notes.lose(
                    f"{one.place}: its rating {str(one.rating)[:40]!r} is not taken: it is no thumb, no share, and no mark of 1 to 5."
                )
            said |= reaction or {}
        if said:
            try:
                found.append(_made(f"{one.source}:{one.call}", said, one.source, one.call, user_id=one.user_id, at=one.at, now=now))
            except InvalidField as error:
                notes.lose(f"{one.place}: what was said of it is left out. {error.message}")
    return within(found)


def score_of(name: str, value: Any, *, comment: str | None, source: str, call: str, is_persons: bool, names_it: str, at: datetime | None,
             user_id: str | None, now: datetime) -> Reaction | None:  # fmt: skip
    """A score of Langfuse's. A person's yes or no is a thumb, a person's share a score, every other number a metric of its name.

    None where it is no number and says nothing. Raises InvalidField for a text that cannot be kept.
    """
    number = float(value) if isinstance(value, bool | int | float) and abs(value) <= METRIC_VALUE_MOST else None
    said: dict[str, Any] = {}
    if number is not None and is_persons and number in (0, 1):
        said["thumb"] = "up" if number else "down"
    elif number is not None and is_persons and 0 <= number <= 1:
        said["score"] = number
    elif number is not None:
        metric = metric_named(name)
        if metric is None:
            return None
        said["metric"] = {"name": metric, "value": number}
    if comment and comment.strip():
        said["comment"] = comment[:COMMENT_MOST]
    return _made(names_it, said, source, call, user_id=user_id, at=at, now=now) if said else None


def metric_named(text: str) -> str | None:
    """The name of a metric that a text makes; None where it makes none."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", text).strip("_.-")[:63]
    return name if name[:1].isalpha() else None


def within(reactions: list[Reaction]) -> list[Reaction]:
    """The same. Raises InvalidField where they are more than one file may bring."""
    if len(reactions) > REACTIONS_MOST:
        raise InvalidField(f"The file holds {len(reactions):,} reactions; bring in at most {REACTIONS_MOST:,} at once.")
    return reactions


def moment_of(value: Any) -> datetime | None:
    """A time as files write it, in UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _made(name: str, said: dict[str, Any], source: str, call: str, *, user_id: Any, at: datetime | None, now: datetime) -> Reaction:
    user = str(user_id)[:256] if user_id not in (None, "") else None
    body = FeedbackBody.model_validate({"imported": {"source": source, "id": call[:256]}, "user_id": user, **said})
    return Reaction(name, body, max(at, now - AGE_MOST) if at is not None and at <= now + AHEAD_MOST else now)


def _is_rating(text: str) -> bool:
    return text.strip().lower() in UP | DOWN or _number(text) is not None


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?", text.strip()) else None


def _plain(rating: Any) -> Any:
    """What an object of a rating holds; a rating that is written as a text as the number that it says."""
    if isinstance(rating, dict):
        rating = next((rating[name] for name in ("rating", "score", "thumb", "value") if name in rating), None)
    if isinstance(rating, str) and rating.strip().lower() not in UP | DOWN:
        return _number(rating)
    return rating


def _number_of(rating: Any) -> float | None:
    value = _plain(rating)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _reaction(rating: Any, *, scale: Scale) -> dict[str, Any] | None:
    rating = _plain(rating)
    if isinstance(rating, str):
        return {"thumb": "up" if rating.strip().lower() in UP else "down"}
    if isinstance(rating, bool):
        return {"thumb": "up" if rating else "down"}
    if not isinstance(rating, int | float) or scale == "unknown":
        return None
    if rating == -1:
        return {"thumb": "down"}
    least, most = STARS
    if scale == "stars":
        return {"score": (rating - least) / (most - least)} if least <= rating <= most else None
    return {"thumb": "up" if rating else "down"} if rating in (0, 1) else {"score": float(rating)} if 0 <= rating <= 1 else None
