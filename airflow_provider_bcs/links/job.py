"""Base of the links from a task to the page of its remote job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

from airflow_provider_bcs.airflow_versions import HAS_TABS, LINKS_ARE_XCOMS
from airflow_provider_bcs.xcom import REMOTE_JOB, remote_job

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, Context

    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.waiting.polling import Log

__all__ = ["JobLink", "push_link"]

_UNKNOWN = object()


class JobLink(BaseOperatorLink):
    """Link of a task to the page of its remote job: in the console, or at the local service.

    The task pushes the URL as XCom as soon as it knows the job id, so that the link works while the task runs.
    """

    #: Key of the XCom that holds the URL. Airflow 3 reads it without this class.
    xcom_key: str

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL, an empty text when the task has no job yet, or no page of its job is known."""
        if LINKS_ARE_XCOMS and getattr(operator, "submitted_job_id", _UNKNOWN) is None:
            # Airflow 3 also calls this in the task's own process, and logs an error for an XCom that is missing.
            return ""
        return str(XCom.get_value(key=self.xcom_key, ti_key=ti_key) or "")


def push_link(
    link: JobLink,
    hook: ServiceHook[Any, Any],
    job_id: str,
    context: Context,
    log: Log,
    *,
    part: str = "",
    job: Mapping[str, Any] | None = None,
) -> None:
    """Push the URL of a job's page as XCom, for ``link``, and log it; push what the tab needs to find the job.

    A link that cannot be made or pushed is logged and is no error: the job is worth more.

    :param hook: hook of the service
    :param job_id: id of the job
    :param part: task or pod of the job that the link leads to
    :param job: description of the job, if the caller has it
    """
    try:
        if HAS_TABS:
            found = remote_job(hook.service, hook.bcs_conn_id, job_id, part)
            context["ti"].xcom_push(key=REMOTE_JOB, value=found)
        url = hook.port.page_url(job_id, part, job)
        context["ti"].xcom_push(key=link.xcom_key, value=url)
    except Exception as error:
        log.warning("There is no link to job %s: %s", job_id, error)
        return
    if url:
        log.info("The page of job %s: %s", job_id, url)
