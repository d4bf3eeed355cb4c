"""The link to a PAI-DLC job's page in the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


_UNKNOWN = object()


def console_url(region: str, workspace_id: str | None, job_id: str) -> str:
    """Return the address of a job's page; its form is that of the vendor's own tools of 2026."""
    query = urlencode({"regionId": region, "workspaceId": workspace_id or ""})
    return f"https://pai.console.aliyun.com/?{query}#/dlc/jobs/{quote(job_id, safe='')}/overview"


class DlcJobLink(BaseOperatorLink):
    """The console page of the job that a task submitted.

    The address is pushed as XCom right after the submission, so that the link works while the task runs.
    """

    name = "PAI-DLC job"
    xcom_key = "dlc_job_url"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the address, an empty text when there is no job yet."""
        if getattr(operator, "submitted_job_id", _UNKNOWN) is None:
            # Airflow 3 asks in the task's own process, and logs an error for what was never pushed.
            return ""
        return str(XCom.get_value(key=self.xcom_key, ti_key=ti_key) or "")
