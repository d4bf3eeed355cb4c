"""The operator that follows one task of a BatchCompute job which was submitted as a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import redact
from airflow.triggers.base import StartTriggerArgs

from airflow_provider_bcs.airflow_versions import CAN_START_FROM_TRIGGER, mask
from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.instance_logs import InstanceLogs, Selection, check_lines, check_selection
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.sensors.batchcompute import BatchComputeTaskSensor
from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.batchcompute.response import Task


def job_id_of(submit_task_id: str) -> str:
    """Return the template of the job that another task of the same run, and of the same map index, has submitted."""
    return f"{{{{ ti.xcom_pull(task_ids={submit_task_id!r}, key='job_id', map_indexes=ti.map_index) }}}}"


class BatchComputeTaskOperator(BatchComputeTaskSensor):
    """Follow one task of a BatchCompute job that another Airflow task submits, until it has ended.

    Success as soon as that task has finished, while the rest of the job may still run; a task that did not finish
    fails with what its instances say. A further try, after a retry or a clear, first starts the job again if it failed
    or was stopped, which runs only what had not finished.

    :param submit_task_id: id of the task that submits the job; by default that of the group it is made in
    :param job_id: instead, the job (templated)
    :param task_name: the BatchCompute task; by default the task's own id, without the group's prefix (templated)
    :param task: what the BatchCompute task does, in the service's own JSON, where the job is made of these operators
    :param poll_interval: seconds between two polls; all followers of a job with the same interval share them
    :param deferrable: wait in the triggerer
    :param start_from_trigger: begin and end in the triggerer too, so that no worker is needed at all, and nobody reads
        what the instances have written; from Airflow 3.3
    :param log_instances: whose standard output and error are read into the task's log in the end:
        ``failed`` instances, ``all``, ``none``, or so many others besides the failed ones
    :param log_lines: how many lines of the beginning of each, and how many of its end
    """

    asks_before_deferring = False

    def __init__(
        self,
        *,
        submit_task_id: str | None = None,
        job_id: str | None = None,
        task_name: str | None = None,
        task: Mapping[str, Any] | None = None,
        poll_interval: float | timedelta = 10.0,
        deferrable: bool = True,
        start_from_trigger: bool = False,
        log_instances: Selection = "failed",
        log_lines: int = 50,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            job_id=job_id or "", task_name=task_name or "", poke_interval=poll_interval, deferrable=deferrable, **kwargs
        )
        if self.mode == "reschedule":
            raise ValueError(
                f"mode of {self.task_id} is 'reschedule'; right is deferrable=True, which needs no worker."
            )
        check_selection(log_instances)
        check_lines(log_lines)
        self.log_instances = log_instances
        self.log_lines = log_lines
        self.task_name = task_name or str(self.label)
        if job_id is None:
            submit_task_id = submit_task_id or self._submit_task_of_group()
            self.job_id = job_id_of(submit_task_id)
        self.submit_task_id = submit_task_id
        self.task_description = task
        if start_from_trigger:
            self._start_from_trigger()

    def _submit_task_of_group(self) -> str:
        group = self.task_group
        while group is not None:
            if submit := getattr(group, "submit_task_id", None):
                return str(submit)
            group = group.parent_group
        raise ValueError(
            f"Task {self.task_id} has no job to follow: make it in a BatchComputeJobTaskGroup,"
            " or give submit_task_id or job_id."
        )

    def _start_from_trigger(self) -> None:
        if not CAN_START_FROM_TRIGGER:
            raise ValueError("start_from_trigger needs Airflow 3.3 or newer; right is deferrable=True alone.")
        if self.outlets:
            raise ValueError("outlets and start_from_trigger: Airflow writes no event for a task that no worker ends.")
        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=f"{BatchComputeTaskTrigger.__module__}.{BatchComputeTaskTrigger.__qualname__}",
            trigger_kwargs={
                "job_id": self.job_id,
                "task_name": self.task_name,
                "bcs_conn_id": self.bcs_conn_id,
                "poll_interval": float(self.poke_interval),
                "timeout": float(self.timeout),
                "ends_task": True,
                "soft_fail": self.soft_fail,
            },
            next_method="execute_complete",
        )

    @cached_property
    def target(self) -> FollowedTarget:  # type: ignore[override]
        """What is waited for."""
        return FollowedTarget(self.job_id, self.task_name)

    def _trigger(self, deadline: float) -> BatchComputeTaskTrigger:  # type: ignore[override]
        return BatchComputeTaskTrigger(
            self.target.job_id,
            self.target.task_name,
            self.target.stale_end,
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=float(self.poke_interval),
            deadline=deadline,
        )

    def execute(self, context: Context) -> None:
        """Continue the job if this is a further try, and wait."""
        self._require_id()
        ti: Any = context["ti"]
        if ti.try_number > 1:
            from airflow_provider_bcs.batchcompute.mirror import continue_job

            self.target = continue_job(self.hook.client, self.target)
        if self.deferrable and self._has_finished():
            self._check(FINISHED)
        else:
            super().execute(context)

    def _has_finished(self) -> bool:
        """Return whether there is nothing to wait for; that costs one request, a deferral costs two workers."""
        from airflow_provider_bcs.exceptions import ApiError

        try:
            task: Task = self.hook.client.get_task(self.job_id, self.task_name)
        except ApiError:
            # The trigger will find out why.
            return False
        if task.State == FINISHED:
            self.log.info("%s: %s", self.target, task.progress)
        return task.State == FINISHED

    def _check(self, state: str) -> None:
        from airflow_provider_bcs.batchcompute.failure import explain_task_failure

        self._mask_secrets()
        logs = InstanceLogs(self.hook.client, lambda: self.hook.objects, self.log_instances, self.log_lines)
        for line in logs.read(self.job_id, self.task_name):
            self.log.info("%s", redact(line))
        if state != FINISHED:
            why = explain_task_failure(self.hook.client, self.job_id, self.task_name, state, logs)
            raise self._failure(str(redact(why)))

    def _mask_secrets(self) -> None:
        """Hide the job's secrets, which its program may have printed; the task that submitted it is another process."""
        from airflow_provider_bcs.exceptions import ApiError

        # What cannot be asked for its description has no logs to show either.
        with contextlib.suppress(ApiError):
            mask(secret_values(self.hook.client.get_job_description(self.job_id).detail()))
