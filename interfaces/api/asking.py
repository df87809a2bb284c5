"""Asking the fleet manager: every command of the API goes to it and waits for its answer."""

from collections.abc import Awaitable, Callable

from fastapi.concurrency import run_in_threadpool

from actors.messages import Message
from interfaces.api.problems import ProblemError

Ask = Callable[[Message], Message]
"""Asks the fleet manager and waits for its answer; TimeoutError or ConnectionError without one."""

RETRY_AFTER_S = 2


def answering(ask: Ask) -> Callable[[Message], Awaitable[Message]]:
    """`ask` for routes: it waits in a pool of threads, and silence becomes a 503."""

    async def answered(message: Message) -> Message:
        try:
            return await run_in_threadpool(ask, message)
        except (TimeoutError, ConnectionError):
            raise ProblemError(
                503, "no-answer",
                "The fleet manager does not answer now. The request may still have been carried "
                "out; repeating it is safe.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
            ) from None  # fmt: skip

    return answered
