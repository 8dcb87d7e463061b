"""Executions made elsewhere as JSON lines, each line judged alone."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from burnish_gateway.access.principal import Principal
from burnish_gateway.deps import Gateway
from burnish_gateway.feedback.bodies import LineError
from burnish_gateway.imports.bodies import ImportAnswer, ImportedBody, ImportedLine
from burnish_gateway.imports.book_reported import book_reported
from burnish_gateway.imports.metrics import IMPORTED
from burnish_gateway.imports.reported import Reported, check_time, check_tokens
from burnish_gateway.wire import parse_model
from burnish_shared.errors import BadRequest, InvalidField

LINES_MOST: Final = 1000


async def import_lines(gateway: Gateway, principal: Principal, lines: Iterable[tuple[int, bytes]]) -> ImportAnswer:
    """What became of each line, once all that are sound are on disk. Raises InvalidField where none is (`details.results`)."""
    results: list[ImportedLine] = []
    taken: list[tuple[ImportedLine, Reported]] = []
    now = gateway.clock.now()
    for number, line in lines:
        result = ImportedLine(line=number)
        results.append(result)
        try:
            taken.append((result, _read(line, now=now)))
        except BadRequest as error:
            result.error = LineError(type=error.type, code=error.code, message=error.message, param=error.param)
    rejected = len(results) - len(taken)
    IMPORTED.labels("rejected").inc(rejected)
    if not taken:
        raise _nothing_taken(results)
    booked = await book_reported(gateway, principal, [reported for _, reported in taken])
    for (result, _), execution_id in zip(taken, booked.ids, strict=True):
        result.id = execution_id
    return ImportAnswer(accepted=len(taken), rejected=rejected, results=results, unknown_prompts=booked.unknown_prompts or None)


def _read(line: bytes, *, now: datetime) -> Reported:
    reported = parse_model(ImportedBody, line).reported()
    check_time(reported.finished_at, now=now)
    check_tokens(reported)
    return reported


def _nothing_taken(results: list[ImportedLine]) -> InvalidField:
    first = next(one.error for one in results if one.error is not None)
    told = ImportAnswer(accepted=0, rejected=len(results), results=results).model_dump(mode="json", exclude_none=True)
    return InvalidField(f"No line was taken. Line {results[0].line}: {first.message}", param=first.param, details=told)
