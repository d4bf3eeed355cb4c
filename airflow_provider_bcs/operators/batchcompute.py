"""The BatchCompute operator: submit a job and wait until it has ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_bcs.batchcompute.instance_logs import InstanceLogs, Selection, check_lines, check_selection
from airflow_provider_bcs.batchcompute.legacy import as_current
from airflow_provider_bcs.batchcompute.states import UNSUCCESSFUL
from airflow_provider_bcs.batchcompute.target import Target
from airflow_provider_bcs.batchcompute.validation import job_warnings, validate_job
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.operators.submit_job import SubmitJobOperator
from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

if TYPE_CHECKING:
    from airflow_provider_bcs.description.violation import Violation
    from airflow_provider_bcs.openapi.polling import Poll


class BatchComputeSubmitJobOperator(SubmitJobOperator):
    """Submit a BatchCompute job and wait until it has ended.

    A retry continues the job of the try before: it waits for it when it still runs, and starts it again when it failed
    or was stopped, which runs only what had not finished. ``AutoRelease`` is honoured by deleting the job once its
    success was seen. XCom and the other parameters are those of :class:`~.submit_job.SubmitJobOperator`.

    :param log_instances: whose standard output and error are read into the task's log when the job has ended:
        ``failed`` instances, ``all``, ``none``, or so many others besides the failed ones
    :param log_lines: how many lines of the beginning of each, and how many of its end
    :param package: a directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        the tasks which name none; it is packed and uploaded when the task runs, unless the same is there already
    :param package_uri: the folder it is uploaded to, such as ``oss://bucket/packages/`` (templated)
    """

    ui_color = "#ffe8cc"
    name_field = "Name"

    template_fields: Sequence[str] = (*SubmitJobOperator.template_fields, "package_uri")

    def __init__(
        self,
        *,
        log_instances: Selection = "failed",
        log_lines: int = 50,
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        **kwargs: Any,
    ) -> None:
        check_selection(log_instances)
        check_lines(log_lines)
        if package is not None and not str(package_uri or "").endswith("/"):
            raise ValueError(
                f"package needs package_uri, a folder such as 'oss://bucket/packages/'; found {package_uri!r}."
            )
        super().__init__(**kwargs)
        self.package = None if package is None else os.fspath(package)
        self.package_uri = package_uri
        self.log_instances = log_instances
        self.log_lines = log_lines

    def _hook(self) -> BatchComputeHook:
        return BatchComputeHook(self.bcs_conn_id)

    def _violations(self, job: dict[str, Any], *, templates: bool) -> list[Violation]:
        return validate_job(job, templates=templates)

    def _warnings(self, job: dict[str, Any]) -> list[str]:
        return job_warnings(job)

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        job = as_current(job).job
        if self.package is not None:
            job = self._with_package(job, self.package)
        if self.wait_for_completion and job.get("AutoRelease"):
            # A job that the service deletes leaves nobody a state to see; see _succeeded.
            return {**job, "AutoRelease": False}
        return job

    def _with_package(self, job: dict[str, Any], source: str) -> dict[str, Any]:
        from airflow_provider_bcs.objects.package import Package, PackageError

        job = deepcopy(job)
        commands = [task["Parameters"]["Command"] for task in job["DAG"]["Tasks"].values()]
        commands = [command for command in commands if not command.get("PackagePath")]
        if not commands:
            return job
        folders = getattr(self.get_template_env().loader, "searchpath", [])
        try:
            uri = Package.of(source, folders).ship(self.hook.objects, str(self.package_uri))
        except PackageError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("The package of %s is %s.", source, uri)
        for command in commands:
            command["PackagePath"] = uri
        return job

    def _submit(
        self, job: dict[str, Any], owner: dict[str, Any], resume: bool, on_submitted: Callable[[str], None]
    ) -> str:
        from airflow_provider_bcs.batchcompute.submission import submit

        return submit(self.hook.client, job, owner, resume=resume, on_submitted=on_submitted)

    def _find(self, job: dict[str, Any], owner: dict[str, Any]) -> str | None:
        from airflow_provider_bcs.openapi.submission import submission_token

        # The token gives the job that was created; if there was none, one is that ends at once.
        job_id: str = self.hook.client.create_job(job, submission_token(owner)).Id
        return job_id

    def _poll(self, job_id: str) -> Poll[Any]:
        return Target(job_id).poll(self.hook.client, self.log)

    def _trigger(self, job_id: str, deadline: float | None) -> BatchComputeTrigger:
        return BatchComputeTrigger(
            job_id=job_id, bcs_conn_id=self.bcs_conn_id, poll_interval=self.poll_interval, deadline=deadline
        )

    def _explain(self, job_id: str, state: str) -> str | None:
        from airflow_provider_bcs.batchcompute.failure import explain_failure

        return explain_failure(self.hook.client, job_id, state, self._logs()) if state in UNSUCCESSFUL else None

    def _conclude(self, job_id: str, state: str) -> str:
        for line in self._logs().read(job_id):
            self.log.info("%s", line)
        return super()._conclude(job_id, state)

    def _logs(self) -> InstanceLogs:
        return InstanceLogs(self.hook.client, lambda: self.hook.objects, self.log_instances, self.log_lines)

    def _succeeded(self, job_id: str, job: dict[str, Any]) -> None:
        if job.get("AutoRelease"):
            self._release(job_id)
