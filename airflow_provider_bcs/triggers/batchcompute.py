"""The BatchCompute trigger: waits until a job, task or instance has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_bcs.batchcompute.target import Target


class BatchComputeTrigger(BaseTrigger):
    """Waits for the end of a job, of one of its tasks, or of one instance of a task.

    Its one event is a dict with ``job_id`` and one of the keys ``state`` (what it ended in), ``timeout`` (the deadline
    passed) or ``error`` (a text: waiting was given up).

    :param job_id: the job
    :param task_name: wait for this task of it
    :param instance_id: wait for this instance of the task
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    """

    def __init__(
        self,
        job_id: str,
        task_name: str | None = None,
        instance_id: int | None = None,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.target = Target(job_id, task_name, instance_id)
        self.bcs_conn_id = bcs_conn_id
        self.poll_interval = poll_interval
        self.deadline = deadline

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
        from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
        from airflow_provider_bcs.openapi.errors import OpenApiError

        client = None
        try:
            client = await BatchComputeHook(self.bcs_conn_id).get_async_client()
            poll = self.target.poll(client, self.log)
            while True:
                # The client blocks; the event loop is everybody's.
                status = await asyncio.to_thread(poll)
                if status is not None and status.is_terminal:
                    yield self._event(state=status.State)
                    return
                if self.deadline is None:
                    await asyncio.sleep(self.poll_interval)
                elif (left := self.deadline - time.time()) > 0:
                    await asyncio.sleep(min(self.poll_interval, left))
                else:
                    yield self._event(timeout=True)
                    return
        except OpenApiError as error:
            yield self._event(error=str(error))
        finally:
            if client is not None:
                client.close()

    def _event(self, **payload: Any) -> TriggerEvent:
        return TriggerEvent({"job_id": self.target.job_id, **payload})
