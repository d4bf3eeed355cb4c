"""The operator that submits its downstream tasks as one BatchCompute job."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.port import BatchComputePort, RetryStrategy, check_retry_strategy
from airflow_provider_bcs.description.source import CheckedJob, PlainDescription, read_description
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.hooks.batchcompute import BatchComputeHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.batchcompute import BatchComputeJobLink
from airflow_provider_bcs.operators.graph_job import submitted_job
from airflow_provider_bcs.operators.package import checked_package, upload_package
from airflow_provider_bcs.operators.submit_job import Step, SubmitJobOperator

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

__all__ = ["BatchComputeSubmitGraphOperator"]


class BatchComputeSubmitGraphOperator(SubmitJobOperator[BatchComputeHook]):
    """Submit one job: all ``BatchComputeTaskOperator`` that name this task as theirs, and the edges between them.

    The graph is read after the DAG file was parsed, so that edges can be added until its last line. The task does not
    wait for the job. The job id is pushed as XCom ``job_id``, and returned.

    ::

        from airflow_provider_bcs.operators.batchcompute_graph import BatchComputeSubmitGraphOperator
        from airflow_provider_bcs.operators.batchcompute_task import BatchComputeTaskOperator

        def echo(text):
            return {
                "Parameters": {"Command": {"CommandLine": f"echo {text}"}},
                "InstanceCount": 1,
                "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
            }

        submit = BatchComputeSubmitGraphOperator(task_id="submit", job={"Name": "two", "Type": "DAG"})
        first = BatchComputeTaskOperator(task_id="first", submit_task_id="submit", task=echo("first"))
        second = BatchComputeTaskOperator(task_id="second", submit_task_id="submit", task=echo("second"))
        submit >> first >> second

    :param job: fields of the job; of ``DAG`` only the order of ``Dependencies`` is kept (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param retry_strategy: what a retry does with a job that failed or was stopped: ``restart`` or ``resubmit``
    :param package: directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        the tasks without ``PackagePath``
    :param package_uri: folder that the package is uploaded to, such as ``oss://bucket/packages/`` (templated)
    :param ignore: fields that the checks pass over, such as ``Timeout``; see docs/validate.md
    :param context_env: give the job's programs variables that name the Airflow DAG and run, and the job a description
        with the same ids; see docs/trail.md
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: after the DAG file was parsed, when the job breaks a rule
    :raises ValueError: after the DAG file was parsed, when one job cannot express the graph
    """

    custom_operator_name = "BatchCompute graph"
    ui_color = "#ffe8cc"
    template_fields: Sequence[str] = (*SubmitJobOperator.template_fields, "package_uri")
    template_types: ClassVar[Mapping[str, Any]] = {**SubmitJobOperator.template_types, "package_uri": str}
    hook_class = BatchComputeHook
    job_link = BatchComputeJobLink()
    operator_extra_links = (job_link,)
    has_one_task = False

    def __init__(
        self,
        *,
        job: Mapping[str, Any],
        bcs_conn_id: str = DEFAULT_CONNECTION,
        retry_strategy: RetryStrategy = "restart",
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        ignore: Collection[str] = (),
        context_env: bool = True,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        check_retry_strategy(retry_strategy)
        self.retry_strategy = retry_strategy
        self.package = checked_package(package, package_uri)
        self.package_uri = package_uri
        # The author's dict may be changed for the next operator.
        own = job if isinstance(job, CheckedJob) else CheckedJob(read_description(job))
        super().__init__(
            job=own,
            bcs_conn_id=bcs_conn_id,
            wait_for_completion=False,
            ignore=ignore,
            context_env=context_env,
            **kwargs,
        )
        self._is_complete = False

    @cached_property
    def port(self) -> BatchComputePort:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        return replace(self.hook.port, retry_strategy=self.retry_strategy)

    def resolve_template_files(self) -> None:
        """Make the job of the graph and validate it. Airflow calls this after parsing."""
        if not self._is_complete:
            try:
                self._take(PlainDescription(submitted_job(self)), self._file)
            except InvalidJobError as error:
                # Only an error needs this import, and the lines.
                from airflow_provider_bcs.batchcompute.file_lines import in_its_file

                raise in_its_file(error) from None
            self._is_complete = True
        super().resolve_template_files()

    def _steps(self) -> Sequence[Step]:
        return (*super()._steps(), partial(upload_package, self), _kept)

    @staticmethod
    def _trigger_class() -> type[BatchComputeTrigger]:
        from airflow_provider_bcs.triggers.batchcompute import BatchComputeTrigger

        return BatchComputeTrigger


def _kept(job: CheckedJob) -> CheckedJob:
    # The service deletes a job with AutoRelease at its end. The last task of the graph deletes it instead.
    return job.with_fields(AutoRelease=False) if job.get("AutoRelease") else job
