"""The BatchCompute operator: submit a job and wait until it has ended."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.instance_logs import Selection, check_lines, check_selection
from airflow_provider_bcs.batchcompute.legacy import as_current
from airflow_provider_bcs.batchcompute.port import BatchComputePort, RetryStrategy, check_retry_strategy
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.operators.outputs import check_outputs, check_require_outputs
from airflow_provider_bcs.operators.package import checked_package, upload_package
from airflow_provider_bcs.operators.submit_job import Step, SubmitJobOperator
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.batchcompute.markdown import Machine
    from airflow_provider_bcs.description.source import CheckedJob, JobSource
    from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

__all__ = ["BatchComputeSubmitJobOperator"]


class BatchComputeSubmitJobOperator(SubmitJobOperator[BatchComputeHook]):
    """Submit a BatchCompute job and wait until it has ended.

    A retry continues the job of the previous try, and waits for it when it still runs. ``AutoRelease`` deletes the job
    after its success was seen. The job id is pushed as XCom ``job_id`` as soon as it is known, and returned.

    ::

        from airflow_provider_bcs.operators.batchcompute import BatchComputeSubmitJobOperator

        task = {
            "Parameters": {"Command": {"CommandLine": "echo hello"}},
            "InstanceCount": 2,
            "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
        }
        BatchComputeSubmitJobOperator(
            task_id="hello",
            job={"Name": "hello", "Type": "DAG", "DAG": {"Tasks": {"echo": task}}},
            deferrable=True,
            retries=2,
        )

    :param job: job description: a dict, JSON text, a model, an object of the vendor's SDK, or the path of a ``.json``,
        ``.yaml`` or ``.yml`` file, absolute or relative to the DAG file (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param wait_for_completion: False: end as soon as the job is submitted
    :param retry_strategy: what a retry does with a job that failed or was stopped: ``restart`` starts it again, which
        runs only what had not finished; ``resubmit`` submits a new one
    :param log_instances: instances whose standard output and error are written to the task's log at the end:
        ``failed``, ``all``, ``none``, or a number of instances besides the failed ones
    :param log_lines: number of lines from the beginning of each of these logs, and from its end
    :param package: directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        the tasks without ``PackagePath``; it is uploaded when the task runs, unless the bucket has it
    :param package_uri: folder that the package is uploaded to, such as ``oss://bucket/packages/`` (templated)
    :param require_outputs: fail without a retry when the job succeeds without one of the outputs in OutputMapping
    :param ignore: fields that the checks pass over, such as ``Timeout``; see docs/validate.md
    :param context_env: give the job's programs variables that name the Airflow task, such as ``AIRFLOW_CTX_DAG_ID``,
        and the job a description with the same ids; see docs/trail.md
    :param skip_on_exit_code: exit code, or list of them, of the program that ends the task as skipped
    :param queue_timeout: seconds since the submission, or a timedelta, after which a job that has not begun to run is
        stopped, and the task fails with ``QueueTimeoutError``; None: no limit
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: while the DAG file is parsed, when the description breaks a rule
    :raises ValueError: while the DAG file is parsed, when another argument is wrong
    :raises JobFailedError: when the job failed or was stopped
    :raises MissingOutputError: when an output is missing, with ``require_outputs``
    :raises TaskTimeoutError: when ``execution_timeout`` has passed; the job is stopped
    """

    custom_operator_name = "BatchCompute job"
    ui_color = "#ffe8cc"
    template_fields: Sequence[str] = (*SubmitJobOperator.template_fields, "package_uri")
    template_types: ClassVar[Mapping[str, Any]] = {**SubmitJobOperator.template_types, "package_uri": str}
    hook_class = BatchComputeHook
    job_link = BatchComputeJobLink()
    operator_extra_links = (job_link,)

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        wait_for_completion: bool = True,
        retry_strategy: RetryStrategy = "restart",
        log_instances: Selection = "failed",
        log_lines: int = 50,
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        require_outputs: bool = False,
        ignore: Collection[str] = (),
        context_env: bool = True,
        skip_on_exit_code: int | Collection[int] | None = None,
        queue_timeout: float | timedelta | None = None,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        check_retry_strategy(retry_strategy)
        check_selection(log_instances)
        check_lines(log_lines)
        self.retry_strategy = retry_strategy
        self.log_instances = log_instances
        self.log_lines = log_lines
        self.package = checked_package(package, package_uri)
        self.package_uri = package_uri
        self.require_outputs = check_require_outputs(require_outputs, wait_for_completion)
        super().__init__(
            job=job,
            bcs_conn_id=bcs_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_for_completion=wait_for_completion,
            ignore=ignore,
            context_env=context_env,
            skip_on_exit_code=skip_on_exit_code,
            queue_timeout=queue_timeout,
            **kwargs,
        )

    @cached_property
    def port(self) -> BatchComputePort:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        return replace(
            self.hook.port,
            retry_strategy=self.retry_strategy,
            log_instances=self.log_instances,
            log_lines=self.log_lines,
        )

    @property
    def machine(self) -> Machine:
        """Image, instance type and cluster of the job's one task, each None when it names none."""
        from airflow_provider_bcs.batchcompute.markdown import machine_of_job

        return machine_of_job(self.job)

    def _steps(self) -> Sequence[Step]:
        return (*super()._steps(), partial(upload_package, self), self._kept_while_waiting)

    def _check_outputs(self, job_id: str, job: Mapping[str, Any]) -> None:
        check_outputs(self, job_id, lambda: (as_current(dict(job)).job.get("DAG") or {}).get("Tasks") or {})

    def _kept_while_waiting(self, job: CheckedJob) -> CheckedJob:
        # The service deletes a job with AutoRelease at its end, and then has no state of it.
        return job.with_fields(AutoRelease=False) if self.wait_for_completion and job.get("AutoRelease") else job

    @staticmethod
    def _trigger_class() -> type[BatchComputeTrigger]:
        from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

        return BatchComputeTrigger
