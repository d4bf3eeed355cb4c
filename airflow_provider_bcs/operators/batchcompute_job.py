"""The operators that act on a BatchCompute job which is there already: stop, start, delete, change its priority."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, BaseOperator

from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

_NONE = (None, "", "None")


class _JobOperator(BaseOperator):
    template_fields: Sequence[str] = ("job_id", "bcs_conn_id")
    ui_color = "#fff2e0"

    def __init__(self, *, job_id: str, bcs_conn_id: str = DEFAULT_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.bcs_conn_id = bcs_conn_id

    @cached_property
    def hook(self) -> BatchComputeHook:
        """The hook; only once the connection id is rendered."""
        return BatchComputeHook(self.bcs_conn_id)

    def _require_job_id(self) -> None:
        if self.job_id in _NONE:
            raise AirflowException(f"job_id is {self.job_id!r}; did its template find what it was to pull from XCom?")


class BatchComputeStopJobOperator(_JobOperator):
    """Stop a job if it still waits or runs; made to be a teardown, so that nothing is left running.

    That the job has ended, is gone, or was never submitted is no error.

    :param job_id: the job; empty or None for none (templated)
    :param delete_finished: delete the job if it has finished (templated)
    :param bcs_conn_id: the connection (templated)
    """

    template_fields: Sequence[str] = (*_JobOperator.template_fields, "delete_finished")

    def __init__(self, *, delete_finished: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delete_finished = delete_finished

    def execute(self, context: Context) -> None:
        """Stop the job, or delete it."""
        from airflow_provider_bcs.batchcompute.facts import FINISHED
        from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError

        if self.job_id in _NONE:
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
            else:
                self.log.info("Job %s is %s.", self.job_id, job.State)
        except (NotFoundError, StateConflictError) as error:
            self.log.info("Job %s is not running any more: %s", self.job_id, error)


class BatchComputeStartJobOperator(_JobOperator):
    """Run a stopped or failed job again; what had finished in it is not run again. A sensor can wait for its end.

    That it waits or runs already is no error; that it has finished is one.

    :param job_id: the job (templated)
    :param bcs_conn_id: the connection (templated)
    """

    def execute(self, context: Context) -> str:
        """Start the job; return its id."""
        from airflow_provider_bcs.batchcompute.submission import start_again

        self._require_job_id()
        client = self.hook.client
        job = client.get_job(self.job_id)
        if job.is_unsuccessful:
            start_again(client, self.job_id)
            self.log.info("Job %s is started.", self.job_id)
        elif job.is_terminal:
            raise AirflowFailException(
                f"Job {self.job_id} is {job.State}; only one that failed or was stopped can be started again."
            )
        else:
            self.log.info("Job %s runs already.", self.job_id)
        return self.job_id


class BatchComputeDeleteJobOperator(_JobOperator):
    """Delete a job that has ended; that it is gone is no error.

    :param job_id: the job (templated)
    :param stop: stop it first if it still waits or runs, which is an error otherwise
    :param bcs_conn_id: the connection (templated)
    """

    def __init__(self, *, stop: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop = stop

    def execute(self, context: Context) -> None:
        """Delete the job."""
        from airflow_provider_bcs.exceptions import NotFoundError, StateConflictError

        self._require_job_id()
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
    """Set the priority of a stopped or failed job, which counts when it is started again.

    :param job_id: the job (templated)
    :param priority: 0 to 1000, higher first (templated)
    :param bcs_conn_id: the connection (templated)
    """

    template_fields: Sequence[str] = (*_JobOperator.template_fields, "priority")

    def __init__(self, *, priority: int | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.priority = priority

    def execute(self, context: Context) -> None:
        """Set the priority."""
        self._require_job_id()
        self.hook.client.change_job_priority(self.job_id, int(self.priority))
        self.log.info("Job %s has priority %s.", self.job_id, self.priority)
