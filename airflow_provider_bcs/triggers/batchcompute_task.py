"""The trigger of a task that follows one task of a BatchCompute job."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_bcs.airflow_versions import mask, push_from_trigger
from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.failure import explain_task_failure
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget, continue_job
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.triggers.state import StateTrigger
from airflow_provider_bcs.triggers.watching import SharedWatcher

if TYPE_CHECKING:
    from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
    from airflow_provider_bcs.waiting.watcher import Watcher


#: XCom of a task that no worker begins: what it waits for since it has continued its job.
_CONTINUED = "continued"


class BatchComputeTaskTrigger(StateTrigger):
    """Waits for the end of a task of a job whose other tasks are waited for here too.

    However many they are, the service is asked once an interval: for the job, and for its tasks.

    :param job_id: the job (templated, where the trigger starts the task)
    :param task_name: the task of it (templated, the same)
    :param stale_end: when the task ended before its job was started again, see ``FollowedTarget``
    :param bcs_conn_id: the connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time after which waiting ends, in seconds; None for no end
    :param timeout: instead, seconds from the trigger's start; only with ``ends_task``
    :param ends_task: end the Airflow task from here, without a worker; needs Airflow 3.3
    :param soft_fail: end it as skipped rather than as failed; only with ``ends_task``
    """

    def __init__(
        self,
        job_id: str,
        task_name: str,
        stale_end: str | None = None,
        bcs_conn_id: str = "bcs_default",
        poll_interval: float = 10.0,
        deadline: float | None = None,
        timeout: float | None = None,
        ends_task: bool = False,
        soft_fail: bool = False,
    ) -> None:
        super().__init__(FollowedTarget(job_id, task_name, stale_end), bcs_conn_id, poll_interval, deadline)
        self.target: FollowedTarget
        # Airflow renders the attributes of a trigger that starts a task.
        self.job_id = job_id
        self.task_name = task_name
        self.timeout = timeout
        self.ends_task = ends_task
        self.soft_fail = soft_fail

    def _hook(self) -> BatchComputeHook:
        from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook

        return BatchComputeHook(self.bcs_conn_id)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        path, arguments = super().serialize()
        return path, {**arguments, "timeout": self.timeout, "ends_task": self.ends_task, "soft_fail": self.soft_fail}

    async def _prepare(self, watcher: Watcher) -> None:
        if not self.ends_task:
            return
        ti: Any = self.task_instance
        self.target = target = FollowedTarget(self.job_id, self.task_name)
        if self.deadline is None and self.timeout is not None:
            # Nobody tells a trigger when its task started.
            self.deadline = time.time() + self.timeout
        if ti.try_number > 1:
            self.target = await self._continued(watcher, ti, target)

    async def _continued(self, watcher: Watcher, ti: Any, target: FollowedTarget) -> FollowedTarget:
        """Continue the job once a try, however often a triggerer begins with it anew."""
        # Nobody deletes what a try without a worker has pushed: the next one must not take it for its own.
        key = f"{_CONTINUED}_{ti.try_number}"
        before = await sync_to_async(ti.xcom_pull)(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)
        if before is not None:
            return FollowedTarget(**before)
        target = await watcher.in_thread(partial(continue_job, await watcher.client(), target))
        await sync_to_async(push_from_trigger)(ti, key, target.fields())
        return target

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until there is something to tell, or to end the task with."""
        async for event in super().run():
            yield await self._ended(event.payload) if self.ends_task else event

    async def _ended(self, event: dict[str, Any]) -> TriggerEvent:
        state = event.get("state")
        if state == FINISHED:
            self.log.info("%s: %s.", self.target, state)
            return TaskSuccessEvent()
        if event.get("timeout"):
            why = f"{self.target} did not end within {self.timeout} s."
        elif state is None:
            why = f"Waiting for {self.target} was given up: {event['error']}"
        else:
            why = await self._explained(state)
        # There is no worker to raise it in.
        self.log.error(why)
        return TaskSkippedEvent() if self.soft_fail else TaskFailedEvent()

    async def _explained(self, state: str) -> str:
        from airflow_provider_bcs.exceptions import ApiError

        job_id, task_name = self.target.job_id, self.target.task_name
        async with SharedWatcher(self._hook()) as watcher:
            try:
                client = await watcher.client()
                description = await watcher.in_thread(partial(client.get_job_description, job_id))
            except ApiError as error:
                # The service keeps the last lines of a program, which may have printed a secret of its job.
                return f"{self.target} is {state}; what failed in it is not shown without the job's secrets: {error}"
            await sync_to_async(mask)(list(secret_values(description.detail())))
            return str(redact(await watcher.in_thread(partial(explain_task_failure, client, job_id, task_name, state))))
