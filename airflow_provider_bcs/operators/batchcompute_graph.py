"""The operator that submits what is wired behind it as one BatchCompute job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator
from airflow_provider_bcs.operators.graph_job import submitted_job


class BatchComputeSubmitGraphOperator(BatchComputeSubmitJobOperator):
    """Submit one job: the ``BatchComputeTaskOperator`` that name this task as theirs, and the edges between them.

    The graph is read when the DAG file has been parsed, so that edges may be added until its last line.

    :param job: the job's own fields; of ``DAG`` only the order of ``Dependencies`` is kept
    :param kwargs: the other parameters of :class:`~.batchcompute.BatchComputeSubmitJobOperator`
    :raises InvalidJobError: when the DAG file has been parsed and the job breaks a rule
    """

    ui_color = "#ffe8cc"

    def __init__(self, *, job: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(job=CheckedJob(job), wait_for_completion=False, **kwargs)
        self._is_complete = False

    def resolve_template_files(self) -> None:
        """Make the job of the graph, and validate it."""
        if not self._is_complete:
            self._take(submitted_job(self), f"The job of task {self.task_id}")
            self._is_complete = True
        super().resolve_template_files()

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        job = super()._prepare(job)
        # A job that the service deletes leaves nobody a state to see; the last task of the graph deletes it.
        return {**job, "AutoRelease": False} if job.get("AutoRelease") else job
