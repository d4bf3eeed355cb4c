"""The link to the page of a BatchCompute job."""

from __future__ import annotations

from airflow_provider_bcs.links.job import JobLink
from airflow_provider_bcs.xcom import BATCHCOMPUTE_JOB_URL

__all__ = ["BatchComputeJobLink"]


class BatchComputeJobLink(JobLink):
    """Link of a task to the page of its BatchCompute job at the local service; in the cloud, to the console.

    ::

        from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
        from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

        class NightlyOperator(BatchComputeSubmitJobOperator):
            operator_extra_links = (BatchComputeJobLink(),)
    """

    name = "BatchCompute job"
    xcom_key = BATCHCOMPUTE_JOB_URL
