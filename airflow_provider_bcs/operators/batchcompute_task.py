"""The operator that follows one task of a BatchCompute job which another Airflow task submits."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowTaskTimeout, conf

from airflow_provider_bcs.airflow_versions import CAN_START_FROM_TRIGGER, deadline, mask
from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.instance_logs import Selection, check_lines, check_selection
from airflow_provider_bcs.batchcompute.mirror import FollowedTarget
from airflow_provider_bcs.batchcompute.outputs import output_lines
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.description.secrets import secret_values
from airflow_provider_bcs.description.source import CheckedJob, read_description
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.exceptions import ApiError, BcsError, ServiceError, WaitAbortedError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.metrics import count_wait
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.links.job import push_link
from airflow_provider_bcs.masked_log import MaskedLog, masked
from airflow_provider_bcs.operators.outputs import check_outputs
from airflow_provider_bcs.operators.service import ServiceOperator, exit_codes, queue_seconds, seconds
from airflow_provider_bcs.short_errors import log_failure, short_failure
from airflow_provider_bcs.task_errors import MissingOutputError, SoftFailError, limit_passed, skipped, waited_too_long
from airflow_provider_bcs.triggers.deferral import state_of
from airflow_provider_bcs.waiting.line_level import log_line
from airflow_provider_bcs.waiting.polling import NotBegunError, wait_for_end
from airflow_provider_bcs.xcom import job_id_of, require_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.batchcompute.markdown import Machine
    from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger

__all__ = ["BatchComputeTaskOperator", "job_id_of"]

_DEFAULT_TIMEOUT = conf.getfloat("sensors", "default_timeout")


class BatchComputeTaskOperator(ServiceOperator[BatchComputeHook]):
    """Follow one task of a BatchCompute job, which another Airflow task submits, until it has ended.

    The task succeeds as soon as the BatchCompute task has finished, while the rest of the job may still run. A
    BatchCompute task that fails is explained by its failed instances. A further try, after a retry or a clear, first
    starts the job again if it failed or was stopped, which runs only what had not finished.

    ::

        from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator

        BatchComputeTaskOperator(task_id="count", job_id="job-00000000", timeout=3600)

    :param submit_task_id: id of the Airflow task that submits the job; default: that of the surrounding
        ``BatchComputeJobTaskGroup``
    :param job_id: id of the job, in place of ``submit_task_id`` (templated)
    :param task_name: name of the BatchCompute task; default: the task id without the group's prefix (templated)
    :param task: description of the BatchCompute task, or a template of it, when the job is made of these operators
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param poll_interval: seconds between two polls, or a timedelta; operators that follow the same job share polls
    :param timeout: seconds since the task started, or a timedelta, after which it fails without a retry; default:
        Airflow's option ``default_timeout`` of sensors
    :param soft_fail: end as skipped instead of failed
    :param deferrable: wait in the triggerer
    :param start_from_trigger: start and end in the triggerer too, so that no worker is needed; logs of instances are
        not read then. Needs Airflow 3.3
    :param log_instances: instances whose standard output and error are written to the task's log at the end:
        ``failed``, ``all``, ``none``, or a number of instances besides the failed ones
    :param log_lines: number of lines from the beginning of each of these logs, and from its end
    :param require_outputs: fail without a retry when the BatchCompute task finishes without one of its outputs
    :param skip_on_exit_code: exit code, or list of them, of the program that ends the task as skipped
    :param queue_timeout: seconds since the submission, or a timedelta, after which a job that has not begun to run is
        stopped, and the task fails with ``QueueTimeoutError``; None: no limit
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises ValueError: while the DAG file is parsed, when an argument is wrong, or when no task submits the job
    :raises JobFailedError: when the BatchCompute task did not finish
    :raises MissingOutputError: when an output is missing, with ``require_outputs``
    :raises WaitTimeoutError: when ``timeout`` has passed; the job goes on
    :raises TaskTimeoutError: when ``execution_timeout`` has passed; the job goes on
    :raises SoftFailError: instead of these, with ``soft_fail``
    """

    custom_operator_name = "BatchCompute task"
    template_fields: Sequence[str] = ("job_id", *ServiceOperator.template_fields, "task_name")
    template_types: ClassVar[Mapping[str, Any]] = {**ServiceOperator.template_types, "job_id": str, "task_name": str}
    ui_color = "#fff2e0"
    hook_class = BatchComputeHook
    operator_extra_links = (BatchComputeJobLink(),)

    def __init__(
        self,
        *,
        submit_task_id: str | None = None,
        job_id: str | None = None,
        task_name: str | None = None,
        task: Mapping[str, Any] | str | None = None,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        poll_interval: float | timedelta = 10.0,
        timeout: float | timedelta = _DEFAULT_TIMEOUT,
        soft_fail: bool = False,
        deferrable: bool = True,
        start_from_trigger: bool = False,
        log_instances: Selection = "failed",
        log_lines: int = 50,
        require_outputs: bool = False,
        skip_on_exit_code: int | Collection[int] | None = None,
        queue_timeout: float | timedelta | None = None,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, **kwargs)
        check_selection(log_instances)
        check_lines(log_lines)
        self.poll_interval = seconds(poll_interval)
        self.timeout = _timeout(timeout)
        self.soft_fail = soft_fail
        self.deferrable = deferrable
        self.log_instances = log_instances
        self.log_lines = log_lines
        self.require_outputs = require_outputs
        self.skip_on_exit_code = exit_codes(skip_on_exit_code)
        self.queue_timeout = queue_seconds(queue_timeout)
        self.task_name = task_name or self._name_in_group()
        if job_id is None:
            submit_task_id = submit_task_id or self._submit_task_of_group()
        elif submit_task_id is not None:
            raise ValueError(
                f"job_id and submit_task_id of task {self.task_id}: found {job_id!r} and {submit_task_id!r};"
                " expected one of them."
            )
        self.job_id = job_id if submit_task_id is None else job_id_of(submit_task_id)
        self.submit_task_id = submit_task_id
        if task is not None and not isinstance(task, CheckedJob) and not is_template(task):
            # The author's dict may be changed for the next operator.
            task = CheckedJob(read_description(task))
        self.task_description = task
        if start_from_trigger:
            self._start_from_trigger()

    @property
    def machine(self) -> Machine | None:
        """Image, instance type and cluster of the BatchCompute task, each None when it names none."""
        from airflow_provider_bcs.batchcompute.markdown import machine_of

        return machine_of(self.task_description) if isinstance(self.task_description, Mapping) else None

    def _page(self) -> str | None:
        if self.task_description is None:
            return None
        # A worker that runs one task needs no page.
        from airflow_provider_bcs.batchcompute.markdown import task_page

        return task_page(self.task_description)

    def _name_in_group(self) -> str:
        """Return the task id without the group's prefix. Airflow's label is the display name, if there is one."""
        group = self.task_group
        return self.task_id.removeprefix(group.child_id("")) if group is not None else self.task_id

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
            raise ValueError(
                "start_from_trigger: found True; expected False, with deferrable=True, before Airflow 3.3."
            )
        if self.outlets:
            raise ValueError("outlets and start_from_trigger: Airflow writes no event for a task that no worker ends.")
        if self.require_outputs:
            raise ValueError(
                "require_outputs: found True with start_from_trigger; expected one of them. No worker looks for the"
                " outputs."
            )
        from airflow.triggers.base import StartTriggerArgs

        self.start_from_trigger = True
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls="airflow_provider_bcs.triggers.batchcompute_task.BatchComputeTaskTrigger",
            trigger_kwargs={
                # The text of an XComArg is a template; the scheduler cannot store the object.
                "job_id": str(self.job_id),
                "task_name": self.task_name,
                "bcs_conn_id": self.bcs_conn_id,
                "poll_interval": self.poll_interval,
                "timeout": self.timeout,
                "ends_task": True,
                "soft_fail": self.soft_fail,
                "queue_timeout": self.queue_timeout,
                "skip_on_exit_code": self.skip_on_exit_code,
            },
            next_method="execute_complete",
        )

    @cached_property
    def port(self) -> BatchComputePort:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        return replace(self.hook.port, log_instances=self.log_instances, log_lines=self.log_lines)

    @property
    def target(self) -> FollowedTarget:
        """The BatchCompute task."""
        return FollowedTarget(str(self.job_id), self.task_name)

    @short_failure
    def execute(self, context: Context) -> None:
        """Continue the job if this is a further try, and wait for the end of the BatchCompute task."""
        require_id("job_id", self.job_id)
        target = self.target
        self.log.info("Waiting for %s.", target)
        push_link(BatchComputeJobLink(), self.hook, target.job_id, context, self.log, part=self.task_name)
        ti: Any = context["ti"]
        if ti.try_number > 1:
            target = self.port.continue_job(target)
        if self.deferrable and not self._has_finished():
            self.defer(trigger=self._trigger(target, context), method_name="execute_complete")
        self._conclude(FINISHED if self.deferrable else self._wait(target, context))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Continue after the trigger's event."""
        if event.get("timeout"):
            raise self._failure(self._timed_out())
        if event.get("queue_timeout"):
            raise self._waited_too_long()
        try:
            state = state_of(event, self.target)
        except WaitAbortedError as error:
            raise self._failure(error) from error
        self._conclude(state)

    @short_failure
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral; ``soft_fail`` also applies when Airflow itself has ended the deferral.

        Airflow 2 applies ``execution_timeout`` to the deferral and calls none of the task's methods when it passes.
        """
        if next_method != "__fail__":
            return super().resume_execution(next_method, next_kwargs, context)
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowException as error:
            has_timed_out = "timeout" in str(error).lower()
            found = self._timed_out() if has_timed_out else WaitAbortedError(f"{self.target}: {error}")
            raise self._failure(found) from error

    def _trigger(self, target: FollowedTarget, context: Context) -> BatchComputeTaskTrigger:
        from airflow_provider_bcs.triggers.batchcompute_task import BatchComputeTaskTrigger

        return BatchComputeTaskTrigger(
            **target.fields(),
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=self.poll_interval,
            deadline=deadline(context, self.timeout, self.execution_timeout),
            queue_deadline=self._queue_deadline(context),
        )

    def _queue_deadline(self, context: Context) -> float | None:
        if self.queue_timeout is None:
            return None
        created = self.port.created(str(self.job_id))
        # A further try starts the job again: it waits from now on.
        begin = time.time() if created is None or context["ti"].try_number > 1 else created.timestamp()
        return begin + self.queue_timeout

    def _waited_too_long(self) -> BcsError:
        """Stop the job, which no task of it has begun to run in time."""
        self.port.stop(str(self.job_id), self.log)
        return self._failure(waited_too_long(str(self.job_id), self.queue_timeout))

    def _wait(self, target: FollowedTarget, context: Context) -> str:
        begin = time.monotonic()
        try:
            poll = self.port.poll(target, self.log)
            until, queue_until = deadline(context, self.timeout), self._queue_deadline(context)
            state = wait_for_end(poll, self.poll_interval, until, queue_until)
        except NotBegunError:
            raise self._waited_too_long() from None
        except (ServiceError, WaitAbortedError) as error:
            raise self._failure(error) from error
        except AirflowTaskTimeout as error:
            raise self._failure(self._timed_out()) from error
        finally:
            count_wait(self.hook_class.service, time.monotonic() - begin)
        if state is None:
            raise self._failure(self._timed_out())
        return state

    def _has_finished(self) -> bool:
        """Return whether the task has finished already: one request is cheaper than a deferral."""
        try:
            task = self.hook.client.get_task(str(self.job_id), self.task_name)
        except ApiError:
            # The trigger reports the error.
            return False
        if task.State == FINISHED:
            self.log.info("%s", task.progress)
        return task.State == FINISHED

    def _conclude(self, state: str) -> None:
        job_id = str(self.job_id)
        job = self._description()
        # The program may have printed the job's secrets. The submitting task is another process.
        mask(secret_values(job))
        log = MaskedLog(self.log)
        failure = self.port.explain_task(job_id, self.task_name, state)
        if failure is not None:
            failure = masked(failure)
            if not self.soft_fail:
                # The reason stands above what the instances have written, which may be long.
                log_failure(self.log, failure)
        for line in self.port.read_logs(job_id, self.task_name):
            log_line(log, line.level, "%s", line)
        if failure is not None:
            raise self._failure(skipped(failure, self.skip_on_exit_code))
        self._check_outputs(job_id)
        log.info("%s", self.port.summarize_task(job_id, self.task_name))
        for text in output_lines(job, self.task_name):
            log.info("%s", text)

    def _check_outputs(self, job_id: str) -> None:
        def read_tasks() -> dict[str, Any]:
            # The templates of the job were rendered in the task that submits it.
            return {self.task_name: self.hook.client.get_job_description(job_id).DAG.get_task(self.task_name).detail()}

        try:
            check_outputs(self, job_id, read_tasks)
        except MissingOutputError as error:
            raise self._failure(error) from error

    def _description(self) -> dict[str, Any]:
        """Return the description of the job; an empty one when it cannot be read, as the logs cannot either then."""
        try:
            return self.hook.client.get_job_description(self.job_id).detail()
        except ApiError:
            return {}

    def _timed_out(self) -> BcsError:
        return limit_passed(self.target, self.timeout, self.execution_timeout)

    def _failure(self, error: BcsError) -> BcsError:
        return SoftFailError(str(error)) if self.soft_fail else error


def _timeout(found: float | timedelta) -> float:
    number = found.total_seconds() if isinstance(found, timedelta) else found
    if isinstance(number, bool) or not isinstance(number, (int, float)) or number < 0:
        raise ValueError(f"timeout: found {found!r}; expected a number of seconds from 0, or a timedelta.")
    return float(number)
