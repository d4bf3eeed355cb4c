"""What the triggers of both services share: wait until something has ended."""

from __future__ import annotations

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import AirflowException
from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.openapi.polling import Log, Poll


class Target(Protocol):
    """What is waited for."""

    @property
    def job_id(self) -> str: ...

    def fields(self) -> dict[str, Any]: ...

    def poll(self, client: Any, log: Log, /) -> Poll[Any]: ...


class StateTrigger(BaseTrigger):
    """Waits for an end.

    Its one event is a dict with ``job_id`` and one of the keys ``state`` (what came of it), ``timeout`` (the deadline
    passed) or ``error`` (a text: waiting was given up).

    :param target: what is waited for
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

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
            poll = self.target.poll(client, self.log)
            while True:
                # The client blocks; the event loop is everybody's.
                status = await asyncio.to_thread(poll)
                if status is not None and status.is_terminal:
                    yield self._event(state=status.outcome)
                    return
                pause = poll.pause(self.poll_interval)
                if self.deadline is None:
                    await asyncio.sleep(pause)
                elif (left := self.deadline - time.time()) > 0:
                    await asyncio.sleep(min(pause, left))
                else:
                    yield self._event(timeout=True)
                    return
        except (OpenApiError, AirflowException, ValueError) as error:
            yield self._event(error=str(error))
        finally:
            if client is not None:
                client.close()

    def _event(self, **payload: Any) -> TriggerEvent:
        return TriggerEvent({"job_id": self.target.job_id, **payload})
