"""What the triggers of both services share: wait until something has ended."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.openapi.polling import Log, Poll


#: Threads of their own: those of the event loop are few, and a service that hangs would hold them all.
_POLLS = ThreadPoolExecutor(64, thread_name_prefix="bcs-poll")

#: Seconds before the first poll: Airflow fails a task whose trigger fires before the scheduler has noticed that the
#: worker let go of it (seen in 3.3.2; a scheduler under load takes seconds for that).
_SETTLING = 5.0

T = TypeVar("T")


async def in_thread(function: Callable[[], T]) -> T:
    """Run what blocks beside the event loop, which is everybody's."""
    # The context says whose log a line is for.
    return await asyncio.get_running_loop().run_in_executor(_POLLS, copy_context().run, function)


class Target(Protocol):
    """What is waited for."""

    def fields(self) -> dict[str, Any]: ...

    def poll(self, client: Any, log: Log, /) -> Poll[Any]: ...


class StateTrigger(BaseTrigger):
    """Waits for an end.

    Its one event is a dict with the id of what was waited for (``job_id``, for a job) and one of the keys ``state``
    (what came of it), ``timeout`` (the deadline passed) or ``error`` (a text: waiting was given up).

    :param target: what is waited for
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

    #: Which of the target's fields is its id.
    id_field: ClassVar[str] = "job_id"

    def __init__(self, target: Target, bcs_conn_id: str, poll_interval: float, deadline: float | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.target = target
        self.bcs_conn_id = bcs_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline

    @abstractmethod
    def _hook(self) -> ServiceHook[Any]:
        """Return the hook of the connection."""

    async def _prepare(self, client: Any) -> None:
        """Do what has to be done before the first poll."""

    def _poll(self, client: Any) -> Poll[Any]:
        """Return what asks for the state."""
        return self.target.poll(client, self.log)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                **self.target.fields(),
                "bcs_conn_id": self.bcs_conn_id,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there is something to tell."""
        from airflow_provider_bcs.openapi.errors import OpenApiError

        client = None
        try:
            client = await self._hook().get_async_client()
            await self._prepare(client)
            poll = self._poll(client)
            await self._sleep(min(self.poll_interval, _SETTLING))
            while True:
                status = await in_thread(poll)
                if status is not None and status.is_terminal:
                    yield self._event(state=status.outcome)
                    return
                if not await self._sleep(poll.pause(self.poll_interval)):
                    known = poll.known_end
                    yield self._event(timeout=True) if known is None else self._event(state=known.outcome)
                    return
        except Exception as error:
            # Whatever it is: the job goes on, and a trigger that failed would tell nobody why.
            if not isinstance(error, (OpenApiError, AirflowException, ValueError)):
                self.log.exception("Waiting for %s failed", self.target)
            yield self._event(error=str(error) or type(error).__name__)
        finally:
            if client is not None:
                client.close()

    async def _sleep(self, seconds: float) -> bool:
        """Sleep, until the deadline at most; return False, at once, when that has passed."""
        if self.deadline is not None:
            left = self.deadline - time.time()
            if left <= 0:
                return False
            seconds = min(seconds, left)
        await asyncio.sleep(seconds)
        return True

    def _event(self, **payload: Any) -> TriggerEvent:
        return TriggerEvent({self.id_field: self.target.fields()[self.id_field], **payload})
