"""The trigger of an Airflow task that follows one task of a BatchCompute job."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_bcs.airflow_versions import mask, push_from_trigger
from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.batchcompute.outputs import output_lines
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.exceptions import ApiError, BcsError, JobFailedError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.masked_log import masked
from airflow_provider_bcs.triggers.state import StateTrigger
from airflow_provider_bcs.xcom import BATCHCOMPUTE_JOB_URL, REMOTE_JOB, remote_job

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.client import Client
    from airflow_provider_bcs.waiting.watcher import Watcher

__all__ = ["BatchComputeTaskTrigger"]

#: Key of the XCom that holds the target after the trigger has continued the job.
_CONTINUED = "continued"


class BatchComputeTaskTrigger(StateTrigger):
    """Trigger that waits until one task of a job has ended.

    All triggers for tasks of the same job share their polls: one GetJob and one ListTasks per interval.

    ::

        from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger

        trigger = BatchComputeTaskTrigger("job-00000000", "count")

    :param job_id: id of the job (templated when the trigger starts the task)
    :param task_name: name of the task (templated when the trigger starts the task)
    :param stale_end: ``EndTime`` of the task's previous attempt: a failure with this ``EndTime`` is stale
    :param bcs_conn_id: id of the Airflow connection
    :param poll_interval: seconds between two polls
    :param deadline: POSIX time at which the wait ends, in seconds; None: no deadline
    :param timeout: in place of ``deadline``: seconds since the trigger started; only with ``ends_task``
    :param ends_task: end the Airflow task in the triggerer, without a worker; needs Airflow 3.3
    :param soft_fail: end the Airflow task as skipped instead of failed; only with ``ends_task``
    :param queue_deadline: POSIX time by which the job has to run, in seconds; None: it may wait for ever
    :param queue_timeout: in place of ``queue_deadline``: seconds since the job was submitted; only with ``ends_task``
    :param skip_on_exit_code: exit codes that end the Airflow task as skipped; only with ``ends_task``
    """

    hook_class = BatchComputeHook

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
        queue_deadline: float | None = None,
        queue_timeout: float | None = None,
        skip_on_exit_code: Sequence[int] = (),
    ) -> None:
        target = FollowedTarget(job_id, task_name, stale_end)
        super().__init__(target, bcs_conn_id, poll_interval, deadline, queue_deadline=queue_deadline)
        self.target: FollowedTarget
        # Airflow renders these two attributes when the trigger starts the task.
        self.job_id = job_id
        self.task_name = task_name
        self.timeout = timeout
        self.ends_task = ends_task
        self.soft_fail = soft_fail
        self.queue_timeout = queue_timeout
        self.skip_on_exit_code = skip_on_exit_code

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return class path and arguments."""
        path, arguments = super().serialize()
        return path, {
            **arguments,
            "timeout": self.timeout,
            "ends_task": self.ends_task,
            "soft_fail": self.soft_fail,
            **({} if self.queue_timeout is None else {"queue_timeout": self.queue_timeout}),
            **({"skip_on_exit_code": list(self.skip_on_exit_code)} if self.skip_on_exit_code else {}),
        }

    async def _prepare(self, watcher: Watcher[Client]) -> None:
        if not self.ends_task:
            return
        ti: Any = self.task_instance
        self.target = target = FollowedTarget(self.job_id, self.task_name)
        self.log.info("Waiting for %s.", target)
        if self.deadline is None and self.timeout is not None:
            # A trigger does not know when its task started.
            self.deadline = time.time() + self.timeout
        await self._push_link(watcher, ti)
        if self.queue_timeout is not None:
            port = BatchComputePort(await watcher.client())
            created = await watcher.in_thread(partial(port.created, self.job_id))
            # A further try starts the job again: it waits from now on.
            begin = time.time() if created is None or ti.try_number > 1 else created.timestamp()
            self.queue_deadline = begin + self.queue_timeout
        if ti.try_number > 1:
            self.target = await self._continued(watcher, ti, target)

    async def _push_link(self, watcher: Watcher[Client], ti: Any) -> None:
        """Push the job for the link and the tab, which no worker does for a task that started in its trigger."""
        try:
            found = remote_job("batchcompute", self.bcs_conn_id, self.job_id, self.task_name)
            await sync_to_async(push_from_trigger)(ti, REMOTE_JOB, found)
            port = BatchComputePort(await watcher.client())
            url = await watcher.in_thread(partial(port.page_url, self.job_id, self.task_name))
            await sync_to_async(push_from_trigger)(ti, BATCHCOMPUTE_JOB_URL, url)
        except Exception as error:
            # The wait is worth more than the link.
            self.log.warning("There is no link to job %s: %s", self.job_id, error)

    async def _continued(self, watcher: Watcher[Client], ti: Any, target: FollowedTarget) -> FollowedTarget:
        """Continue the job once per try: a triggerer that restarts runs the trigger again."""
        # Airflow keeps the XComs of a try that no worker executed, so the key holds the try's number.
        key = f"{_CONTINUED}_{ti.try_number}"
        before = await sync_to_async(ti.xcom_pull)(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)
        if before is not None:
            return FollowedTarget(**before)
        port = BatchComputePort(await watcher.client())
        target = await watcher.in_thread(partial(port.continue_job, target))
        await sync_to_async(push_from_trigger)(ti, key, target.fields())
        return target

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait for the end of the task and yield one event, which ends the Airflow task with ``ends_task``."""
        async for event in super().run():
            yield await self._ended(event.payload) if self.ends_task else event

    async def _ended(self, event: dict[str, Any]) -> TriggerEvent:
        state = event.get("state")
        if state == FINISHED:
            for line in await self._told_of_success():
                self.log.info("%s", line)
            return TaskSuccessEvent()
        skips = self.soft_fail
        if event.get("queue_timeout"):
            why = await self._stopped_in_queue()
        elif event.get("timeout"):
            why = f"{self.target} did not end within {self.timeout} s."
        elif state is None:
            why = f"Waiting for {self.target} was given up: {event['error']}"
        else:
            failure = await self._explained(state)
            why = str(failure)
            skips = skips or (isinstance(failure, JobFailedError) and failure.is_exit(self.skip_on_exit_code))
        # No worker raises the error, so that the log has to hold it.
        for line in why.splitlines():
            self.log.error("%s", line)
        return TaskSkippedEvent() if skips else TaskFailedEvent()

    async def _told_of_success(self) -> list[str]:
        """Return how long the task ran and where its output is; what cannot be read fails no task that has finished."""
        try:
            async with self._shared_watcher() as watcher:
                client = await watcher.client()
                return await watcher.in_thread(partial(_told, client, self.target.job_id, self.target.task_name))
        except BcsError as error:
            return [f"Task {self.target.task_name} is {FINISHED}. (Its times are unreadable: {error})"]

    async def _stopped_in_queue(self) -> str:
        job_id = self.target.job_id
        why = f"Job {job_id} had not begun to run within queue_timeout, {self.queue_timeout} s"
        try:
            async with self._shared_watcher() as watcher:
                port = BatchComputePort(await watcher.client())
                await watcher.in_thread(partial(port.stop, job_id, self.log))
        except ApiError as error:
            return f"{why}; it may still wait, because it could not be stopped: {error}"
        return f"{why}; it was stopped."

    async def _explained(self, state: str) -> JobFailedError | str:
        job_id, task_name = self.target.job_id, self.target.task_name
        async with self._shared_watcher() as watcher:
            try:
                client = await watcher.client()
                description = await watcher.in_thread(partial(client.get_job_description, job_id))
            except ApiError as error:
                # The reason holds lines of a program, which may have printed a secret of its job.
                return f"{self.target} is {state}; what failed in it is not shown without the job's secrets: {error}"
            await sync_to_async(mask)(list(secret_values(description.detail())))
            port = BatchComputePort(client)
            failure = await watcher.in_thread(partial(port.explain_task, job_id, task_name, state))
            return masked(failure) if failure else f"{self.target} is {state}"


def _told(client: Client, job_id: str, task_name: str) -> list[str]:
    job = client.get_job_description(job_id).detail()
    return [BatchComputePort(client).summarize_task(job_id, task_name), *output_lines(job, task_name)]
