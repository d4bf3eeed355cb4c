"""The operator that stops a BatchCompute job."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class BatchComputeStopJobOperator(BaseOperator):
    """Stop a job if it still waits or runs; made to be a teardown, so that nothing is left running.

    That the job has ended, is gone, or was never submitted is no error.

    :param job_id: the job; empty or None for none (templated)
    :param delete_finished: delete the job if it has finished (templated)
    :param bcs_conn_id: the connection (templated)
    """

    template_fields: Sequence[str] = ("job_id", "delete_finished", "bcs_conn_id")
    ui_color = "#fff2e0"

    def __init__(
        self,
        *,
        job_id: str,
        delete_finished: bool | str = False,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.delete_finished = delete_finished
        self.bcs_conn_id = bcs_conn_id

    @cached_property
    def hook(self) -> BatchComputeHook:
        """The hook; only once the connection id is rendered."""
        return BatchComputeHook(self.bcs_conn_id)

    def execute(self, context: Context) -> None:
        """Stop the job, or delete it."""
        from airflow_provider_bcs.batchcompute.states import FINISHED
        from airflow_provider_bcs.openapi.errors import NotFoundError, StateConflictError

        if self.job_id in (None, "", "None"):
            self.log.info("No job was submitted.")
            return
        client = self.hook.client
        try:
            job = client.get_job(self.job_id)
            if not job.is_terminal:
                client.stop_job(self.job_id)
                self.log.info("No task follows job %s any more: it was %s and is stopped.", self.job_id, job.State)
            elif job.State == FINISHED and str(self.delete_finished).lower() == "true":
                client.delete_job(self.job_id)
                self.log.info("Job %s is deleted, as AutoRelease asks.", self.job_id)
            else:
                self.log.info("Job %s is %s.", self.job_id, job.State)
        except (NotFoundError, StateConflictError) as error:
            self.log.info("Job %s is not running any more: %s", self.job_id, error)
