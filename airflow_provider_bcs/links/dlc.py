"""The link to the page of a PAI-DLC job."""

from __future__ import annotations

from airflow_provider_bcs.links.job import JobLink

__all__ = ["DlcJobLink"]


class DlcJobLink(JobLink):
    """Link of a task to the page of its PAI-DLC job: in the console, or at the local service.

    ::

        from airflow_provider_bcs.links.dlc import DlcJobLink
        from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

        class TrainOperator(DlcSubmitJobOperator):
            operator_extra_links = (DlcJobLink(),)
    """

    name = "PAI-DLC job"
    xcom_key = "dlc_job_url"
