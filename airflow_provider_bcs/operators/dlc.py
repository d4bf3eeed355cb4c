"""The PAI-DLC operator: submit a training job and wait until it has ended, with its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import redact

from airflow_provider_bcs.dlc.facts import SUCCEEDED
from airflow_provider_bcs.dlc.job_logs import MAX_LINES
from airflow_provider_bcs.dlc.rules import job_warnings, validate_job
from airflow_provider_bcs.dlc.target import JobTarget
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.http.loopback import is_loopback_url
from airflow_provider_bcs.links.dlc import DlcJobLink, console_url
from airflow_provider_bcs.masked_log import MaskedLog
from airflow_provider_bcs.operators.submit_job import SubmitJobOperator
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.description.violation import Violation
    from airflow_provider_bcs.waiting.polling import Poll


class DlcSubmitJobOperator(SubmitJobOperator):
    """Submit a PAI-DLC job and wait until it has ended; the pods' logs arrive in the task's log meanwhile.

    The job is named ``DisplayName-SERIES-TOKEN`` and tagged, by which it is found again: a retry continues the job of
    the try before when it still runs or has succeeded. Parameters and XCom are those of
    :class:`~.submit_job.SubmitJobOperator`; ``job`` is the body of CreateJob. ``WorkspaceId`` is the connection's when
    the job has none.

    :param on_failure: what a retry does with a job that failed or was stopped; this service knows ``resubmit`` only
    :param max_log_lines: the most log lines an interval, of all pods together; what is beyond comes in the next
        intervals. 0 for no logs
    """

    ui_color = "#d6ebff"
    name_field = "DisplayName"
    operator_extra_links = (DlcJobLink(),)

    def __init__(
        self, *, on_failure: Literal["resubmit"] = "resubmit", max_log_lines: int = MAX_LINES, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if on_failure != "resubmit":
            raise ValueError(f"on_failure is 'resubmit': PAI-DLC can start no job again; found {on_failure!r}.")
        if type(max_log_lines) is not int or max_log_lines < 0:
            raise ValueError(f"max_log_lines is a whole number from 0; found {max_log_lines!r}.")
        self.max_log_lines = max_log_lines

    def _hook(self) -> DlcHook:
        return DlcHook(self.bcs_conn_id)

    def _violations(self, job: dict[str, Any], *, templates: bool) -> list[Violation]:
        return validate_job(job, templates=templates)

    def _warnings(self, job: dict[str, Any]) -> list[str]:
        return job_warnings(job)

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        workspace = job.get("WorkspaceId") or self.hook.workspace_id
        if workspace:
            return {**job, "WorkspaceId": workspace}
        if not self._is_local:
            self.log.info("Neither job nor connection has a workspace: the account's default workspace is taken.")
        return job

    def _submit(self, job: dict[str, Any], owner: dict[str, Any], resume: bool) -> str:
        from airflow_provider_bcs.dlc.submission import submit

        return submit(self.hook.client, job, owner, resume=resume)

    def _find(self, job: dict[str, Any], owner: dict[str, Any]) -> str | None:
        from airflow_provider_bcs.dlc.submission import find_submitted

        return find_submitted(self.hook.client, job, owner)

    def _submitted(self, job_id: str, job: dict[str, Any], context: Context) -> None:
        url = console_url(self.hook.client.region, job.get("WorkspaceId"), job_id)
        context["ti"].xcom_push(key=DlcJobLink.xcom_key, value=url)
        if not self._is_local:
            self.log.info("Its page in the console: %s", url)

    @property
    def _is_local(self) -> bool:
        """Whether there is no workspace and no console, but the local service."""
        return is_loopback_url(self.hook.client.endpoint)

    def _poll(self, job_id: str) -> Poll[Any]:
        return JobTarget(job_id, self.max_log_lines).poll(self.hook.client, MaskedLog(self.log))

    def _trigger(self, job_id: str, deadline: float | None) -> DlcJobTrigger:
        return DlcJobTrigger(
            job_id=job_id,
            log_limit=self.max_log_lines,
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=self.poll_interval,
            deadline=deadline,
            owns_job=True,
        )

    def _explain(self, job_id: str, state: str) -> str | None:
        from airflow_provider_bcs.dlc.failure import explain_failure

        return None if state == SUCCEEDED else str(redact(explain_failure(self.hook.client, job_id, state)))
