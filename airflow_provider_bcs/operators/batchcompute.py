"""The BatchCompute operator: submit a job and wait until it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from airflow.providers.common.compat.sdk import redact

from airflow_provider_bcs.batchcompute.facts import UNSUCCESSFUL
from airflow_provider_bcs.batchcompute.instance_logs import InstanceLogs, Selection, check_lines, check_selection
from airflow_provider_bcs.batchcompute.legacy import as_current
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.batchcompute.validation import job_warnings, validate_job
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.package import PackageOperator
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

if TYPE_CHECKING:
    from airflow_provider_bcs.description.violation import Violation
    from airflow_provider_bcs.waiting.polling import Poll


#: What a retry does with a job that failed or was stopped.
OnFailure: TypeAlias = Literal["restart", "resubmit"]


class BatchComputeSubmitJobOperator(PackageOperator):
    """Submit a BatchCompute job and wait until it has ended.

    A retry continues the job of the try before, and waits for it when it still runs. ``AutoRelease`` is honoured by
    deleting the job once its success was seen. XCom and the other parameters are those of
    :class:`~.package.PackageOperator` and
    :class:`~.submit_job.SubmitJobOperator`.

    :param on_failure: what a retry does with a job that failed or was stopped: ``restart`` starts it again, which runs
        only what had not finished; ``resubmit`` submits a new one
    :param log_instances: whose standard output and error are read into the task's log when the job has ended:
        ``failed`` instances, ``all``, ``none``, or so many others besides the failed ones
    :param log_lines: how many lines of the beginning of each, and how many of its end
    """

    ui_color = "#ffe8cc"
    name_field = "Name"

    def __init__(
        self,
        *,
        on_failure: OnFailure = "restart",
        log_instances: Selection = "failed",
        log_lines: int = 50,
        **kwargs: Any,
    ) -> None:
        if on_failure not in get_args(OnFailure):
            raise ValueError(f"on_failure is one of {', '.join(map(repr, get_args(OnFailure)))}; found {on_failure!r}.")
        check_selection(log_instances)
        check_lines(log_lines)
        super().__init__(**kwargs)
        self.on_failure = on_failure
        self.log_instances = log_instances
        self.log_lines = log_lines

    def _hook(self) -> BatchComputeHook:
        return BatchComputeHook(self.bcs_conn_id)

    def _violations(self, job: dict[str, Any], *, templates: bool) -> list[Violation]:
        return validate_job(job, templates=templates)

    def _warnings(self, job: dict[str, Any]) -> list[str]:
        return job_warnings(job)

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        job = self._with_package(as_current(job).job)
        if self.wait_for_completion and job.get("AutoRelease"):
            # A job that the service deletes leaves nobody a state to see; see _succeeded.
            return {**job, "AutoRelease": False}
        return job

    def _submit(self, job: dict[str, Any], owner: dict[str, Any], resume: bool) -> str:
        from airflow_provider_bcs.batchcompute.submission import submit

        return submit(self.hook.client, job, owner, resume=resume, restart=self.on_failure == "restart")

    def _find(self, job: dict[str, Any], owner: dict[str, Any]) -> str | None:
        from airflow_provider_bcs.batchcompute.submission import find_submitted

        return find_submitted(self.hook.client, job, owner, restart=self.on_failure == "restart")

    def _poll(self, job_id: str) -> Poll[Any]:
        return Target(job_id).poll(self.hook.client, self.log)

    def _trigger(self, job_id: str, deadline: float | None) -> BatchComputeTrigger:
        return BatchComputeTrigger(
            job_id=job_id,
            bcs_conn_id=self.bcs_conn_id,
            poll_interval=self.poll_interval,
            deadline=deadline,
            owns_job=True,
        )

    def _explain(self, job_id: str, state: str) -> str | None:
        from airflow_provider_bcs.batchcompute.failure import explain_failure

        if state not in UNSUCCESSFUL:
            return None
        return str(redact(explain_failure(self.hook.client, job_id, state, self._logs())))

    def _conclude(self, job_id: str, state: str) -> str:
        for line in self._logs().read(job_id):
            # Airflow 3 masks what goes to the task's log, but not its copy in what the worker prints.
            self.log.info("%s", redact(line))
        return super()._conclude(job_id, state)

    def _logs(self) -> InstanceLogs:
        return InstanceLogs(self.hook.client, lambda: self.hook.objects, self.log_instances, self.log_lines)

    def _succeeded(self, job_id: str, job: dict[str, Any]) -> None:
        if job.get("AutoRelease"):
            self._release(job_id)
