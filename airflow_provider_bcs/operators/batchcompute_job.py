"""The operators that act on an existing BatchCompute job: stop, start, delete, change the priority."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.facts import FINISHED
from airflow_provider_bcs.batchcompute.submission import start_again
from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.links.job import push_link
from airflow_provider_bcs.operators.service import ServiceOperator
from airflow_provider_bcs.short_errors import short_failure
from airflow_provider_bcs.task_errors import RefusedJobError
from airflow_provider_bcs.xcom import is_missing, require_id

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments

__all__ = [
    "BatchComputeChangeJobPriorityOperator",
    "BatchComputeDeleteJobOperator",
    "BatchComputeStartJobOperator",
    "BatchComputeStopJobOperator",
]


class _JobOperator(ServiceOperator[BatchComputeHook]):
    template_fields: Sequence[str] = ("job_id", *ServiceOperator.template_fields)
    template_types: ClassVar[Mapping[str, Any]] = {**ServiceOperator.template_types, "job_id": str}
    ui_color = "#fff2e0"
    hook_class = BatchComputeHook

    def __init__(
        self,
        *,
        job_id: str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(bcs_conn_id=bcs_conn_id, **kwargs)
        self.job_id = job_id

    def _push_link(self, context: Context) -> None:
        push_link(BatchComputeJobLink(), self.hook, self.job_id, context, self.log)


class BatchComputeStopJobOperator(_JobOperator):
    """Stop a job that still waits or runs. It is made to be a teardown, so that no job outlives its DAG run.

    A job that has ended, that does not exist, or that was never submitted is no error.

    ::

        from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStopJobOperator

        BatchComputeStopJobOperator(task_id="stop", job_id="job-00000000").as_teardown()

    :param job_id: id of the job; empty or None: no job (templated)
    :param delete_finished: delete the job if it has finished (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises ApiError: when the service does not answer or refuses
    """

    custom_operator_name = "Stop BatchCompute job"
    template_fields: Sequence[str] = (*_JobOperator.template_fields, "delete_finished")
    operator_extra_links = (BatchComputeJobLink(),)

    def __init__(
        self,
        *,
        job_id: str,
        delete_finished: bool | str = False,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(job_id=job_id, bcs_conn_id=bcs_conn_id, **kwargs)
        self.delete_finished = delete_finished

    @short_failure
    def execute(self, context: Context) -> None:
        """Stop the job, or delete it."""
        if is_missing(self.job_id):
            self.log.info("No job was submitted.")
            return
        client = self.hook.client
        try:
            job = client.get_job(self.job_id)
            if not job.is_terminal:
                client.stop_job(self.job_id)
                self.log.info("Job %s was %s and is stopped.", self.job_id, job.State)
            elif job.State == FINISHED and str(self.delete_finished).lower() == "true":
                client.delete_job(self.job_id)
                self.log.info("Job %s is deleted, as AutoRelease asks.", self.job_id)
                return
            else:
                (self.log.error if job.is_unsuccessful else self.log.info)("Job %s is %s.", self.job_id, job.State)
            self._push_link(context)
        except (NotFoundError, StateConflictError) as error:
            self.log.info("Job %s is not running any more: %s", self.job_id, error)


class BatchComputeStartJobOperator(_JobOperator):
    """Run a stopped or failed job again, except for the instances that had finished. A sensor can wait for its end.

    A job that waits or runs already is no error.

    ::

        from airflow_provider_bcs.operators.batchcompute_job import BatchComputeStartJobOperator

        BatchComputeStartJobOperator(task_id="start", job_id="job-00000000")

    :param job_id: id of the job (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :raises MissingIdError: when the rendered ``job_id`` is empty
    :raises RefusedJobError: when the job has finished
    :raises ApiError: when the service does not answer or refuses
    """

    custom_operator_name = "Start BatchCompute job"
    operator_extra_links = (BatchComputeJobLink(),)

    @short_failure
    def execute(self, context: Context) -> str:
        """Start the job; return its id."""
        require_id("job_id", self.job_id)
        client = self.hook.client
        job = client.get_job(self.job_id)
        if job.is_unsuccessful:
            start_again(client, self.job_id)
            self.log.info("Job %s is started.", self.job_id)
        elif job.is_terminal:
            raise RefusedJobError(
                f"Job {self.job_id} is {job.State}; only one that failed or was stopped can be started again."
            )
        else:
            self.log.info("Job %s runs already.", self.job_id)
        self._push_link(context)
        return self.job_id


class BatchComputeDeleteJobOperator(_JobOperator):
    """Delete a job that has ended. A job that does not exist is no error.

    ::

        from airflow_provider_bcs.operators.batchcompute_job import BatchComputeDeleteJobOperator

        BatchComputeDeleteJobOperator(task_id="delete", job_id="job-00000000", stop=True)

    :param job_id: id of the job (templated)
    :param stop: stop a job that still waits or runs, which is an error otherwise
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises MissingIdError: when the rendered ``job_id`` is empty
    :raises ApiError: when the service does not answer or refuses
    """

    custom_operator_name = "Delete BatchCompute job"

    def __init__(
        self,
        *,
        job_id: str,
        stop: bool = False,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(job_id=job_id, bcs_conn_id=bcs_conn_id, **kwargs)
        self.stop = stop

    @short_failure
    def execute(self, context: Context) -> None:
        """Delete the job."""
        require_id("job_id", self.job_id)
        client = self.hook.client
        try:
            if self.stop:
                with contextlib.suppress(StateConflictError):
                    client.stop_job(self.job_id)
            client.delete_job(self.job_id)
            self.log.info("Job %s is deleted.", self.job_id)
        except NotFoundError as error:
            self.log.info("Job %s is gone already: %s", self.job_id, error)


class BatchComputeChangeJobPriorityOperator(_JobOperator):
    """Set the priority of a stopped or failed job. The service uses it when the job is started again.

    ::

        from airflow_provider_bcs.operators.batchcompute_job import BatchComputeChangeJobPriorityOperator

        BatchComputeChangeJobPriorityOperator(task_id="raise", job_id="job-00000000", priority=500)

    :param job_id: id of the job (templated)
    :param priority: 0 to 1000; the highest runs first (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises MissingIdError: when the rendered ``job_id`` is empty
    :raises ApiError: when the service does not answer or refuses
    """

    custom_operator_name = "BatchCompute job priority"
    template_fields: Sequence[str] = (*_JobOperator.template_fields, "priority")
    operator_extra_links = (BatchComputeJobLink(),)

    def __init__(
        self,
        *,
        job_id: str,
        priority: int | str,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        super().__init__(job_id=job_id, bcs_conn_id=bcs_conn_id, **kwargs)
        self.priority = priority

    @short_failure
    def execute(self, context: Context) -> None:
        """Set the priority."""
        require_id("job_id", self.job_id)
        self.hook.client.change_job_priority(self.job_id, int(self.priority))
        self.log.info("Job %s has priority %s.", self.job_id, self.priority)
        self._push_link(context)
