"""The link to a PAI-DLC job's page in the console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_bcs.dlc.port import DlcPort
    from airflow_provider_bcs.waiting.polling import Log

__all__ = ["DlcJobLink", "console_url", "push_link"]

_UNKNOWN = object()


def console_url(region: str, workspace_id: str | None, job_id: str) -> str:
    """Return the URL of a job's page, in the form that the vendor's own tools of 2026 use."""
    query = urlencode({"regionId": region, "workspaceId": workspace_id or ""})
    return f"https://pai.console.aliyun.com/?{query}#/dlc/jobs/{quote(job_id, safe='')}/overview"


def push_link(port: DlcPort, job_id: str, job: Mapping[str, Any], context: Context, log: Log) -> None:
    """Push the URL of a job's page as XCom, for :class:`DlcJobLink`, and log it.

    :param job: description that was submitted
    """
    url = console_url(port.client.region, job.get("WorkspaceId"), job_id)
    context["ti"].xcom_push(key=DlcJobLink.xcom_key, value=url)
    if not port.is_local:
        log.info("Its page in the console: %s", url)


class DlcJobLink(BaseOperatorLink):
    """Link of a task to the console page of the job that it has submitted.

    The operator pushes the URL right after the submission, so that the link works while the task runs.

    ::

        from airflow_provider_bcs.links.dlc import DlcJobLink
        from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator

        class TrainOperator(DlcSubmitJobOperator):
            operator_extra_links = (DlcJobLink(),)
    """

    name = "PAI-DLC job"
    xcom_key = "dlc_job_url"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL, an empty text when the task has submitted no job yet."""
        if getattr(operator, "submitted_job_id", _UNKNOWN) is None:
            # Airflow 3 also calls this in the task's own process, and logs an error for an XCom that is missing.
            return ""
        return str(XCom.get_value(key=self.xcom_key, ti_key=ti_key) or "")
