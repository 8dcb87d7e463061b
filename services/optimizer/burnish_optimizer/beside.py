"""The error of a task that ran beside another one."""

import asyncio


def raise_of(task: "asyncio.Future[None]") -> None:
    """The one error inside the groups that a task may have wrapped it in."""
    try:
        task.result()
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from group
    raise RuntimeError("a loop beside the work ended by itself")
