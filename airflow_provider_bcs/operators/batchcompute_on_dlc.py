"""The operator that runs one task of a BatchCompute job as a PAI-DLC job."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.batchcompute.rules import check_job
from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.dlc.conversion import Options, Resources, Site, convert
from airflow_provider_bcs.dlc.job_logs import MAX_LINES
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.exceptions import ConnectionSettingsError, InvalidJobError
from airflow_provider_bcs.hooks.connection import LOCAL_REGION
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.dlc import DlcJobLink, push_link
from airflow_provider_bcs.operators.dlc import check_max_log_lines
from airflow_provider_bcs.operators.package import checked_package, upload_package
from airflow_provider_bcs.operators.submit_job import Step, SubmitJobOperator
from airflow_provider_bcs.triggers.dlc import DlcJobTrigger
from airflow_provider_bcs.triggers.state import DEFERRABLE

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_bcs.description.source import JobSource

__all__ = ["BatchComputeTaskOnDlcOperator"]


class BatchComputeTaskOnDlcOperator(SubmitJobOperator[DlcHook]):
    """Run one task of a BatchCompute job as a PAI-DLC job: each instance is a pod.

    docs/run-on-dlc.md maps each field. A field that PAI-DLC cannot express is an error while the DAG
    file is parsed, or when the task runs if the field has a template. ``AutoRelease`` deletes the job after its success
    was seen and its logs were read. Retries, logs and XComs are those of :class:`~.dlc.DlcSubmitJobOperator`.

    ::

        from airflow_provider_bcs.operators.batchcompute_on_dlc import BatchComputeTaskOnDlcOperator

        task = {
            "Parameters": {"Command": {"CommandLine": "echo hello"}},
            "InstanceCount": 2,
            "AutoCluster": {"ImageId": "img-ubuntu", "InstanceType": "ecs.sn1ne.large"},
        }
        BatchComputeTaskOnDlcOperator(
            task_id="hello",
            job={"Name": "hello", "Type": "DAG", "DAG": {"Tasks": {"echo": task}}},
            images={"img-ubuntu": "ubuntu:24.04"},
            instance_types={"ecs.sn1ne.large": "ecs.c6.large"},
        )

    :param job: BatchCompute job of one task: a dict, JSON text, a model, an object of the vendor's SDK, or the path of
        a ``.json``, ``.yaml`` or ``.yml`` file, absolute or relative to the DAG file (templated)
    :param bcs_conn_id: id of the Airflow connection (templated)
    :param deferrable: wait in the triggerer; default: Airflow's option ``default_deferrable``
    :param poll_interval: seconds between two polls, or a timedelta
    :param wait_for_completion: False: end as soon as the job is submitted
    :param max_log_lines: number of log lines of all pods together that one poll writes at most; 0: no logs
    :param package: directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        a task without ``PackagePath``
    :param package_uri: folder that the package is uploaded to, such as ``oss://bucket/packages/`` (templated)
    :param images: BatchCompute image -> container image (templated)
    :param instance_types: BatchCompute instance type -> ``EcsSpec``, or ``ResourceConfig`` on a quota (templated)
    :param ignore: fields to leave out, such as ``AutoCluster.UserData``
    :param image: container image, in place of the job's (templated)
    :param instance_type: ``EcsSpec`` or ``ResourceConfig``, in place of the job's (templated)
    :param dlc_job: fields of CreateJob to merge over the result, such as ``ResourceId`` or ``UserVpc`` (templated)
    :param context_env: give the job's programs variables that name the Airflow task, such as ``AIRFLOW_CTX_DAG_ID``,
        and the job tags with the same ids; see docs/trail.md
    :raises InvalidJobError: while the DAG file is parsed, with all fields that PAI-DLC cannot express
    :raises ValueError: while the DAG file is parsed, when another argument is wrong
    :raises JobFailedError: when the job failed or was stopped
    :raises TaskTimeoutError: when ``execution_timeout`` has passed; the job is stopped
    """

    ui_color = "#d6ebff"
    template_fields: Sequence[str] = (
        *SubmitJobOperator.template_fields,
        "package_uri",
        "images",
        "instance_types",
        "image",
        "instance_type",
        "dlc_job",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json", "dlc_job": "json"}
    secret_fields = ("job", "dlc_job")
    hook_class = DlcHook
    trigger_class = DlcJobTrigger
    operator_extra_links = (DlcJobLink(),)

    def __init__(
        self,
        *,
        job: JobSource,
        bcs_conn_id: str = DEFAULT_CONNECTION,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = 10.0,
        wait_for_completion: bool = True,
        max_log_lines: int = MAX_LINES,
        package: str | os.PathLike[str] | None = None,
        package_uri: str | None = None,
        images: Mapping[str, str] | None = None,
        instance_types: Mapping[str, Resources] | None = None,
        ignore: Collection[str] = (),
        image: str | None = None,
        instance_type: Resources | None = None,
        dlc_job: Mapping[str, Any] | None = None,
        context_env: bool = True,
        **kwargs: Any,
    ) -> None:
        check_max_log_lines(max_log_lines)
        self.max_log_lines = max_log_lines
        self.package = checked_package(package, package_uri)
        self.package_uri = package_uri
        # The base class validates the job with these.
        self.images = images
        self.instance_types = instance_types
        self.ignore = ignore
        self.image = image
        self.instance_type = instance_type
        self.dlc_job = dlc_job
        super().__init__(
            job=job,
            bcs_conn_id=bcs_conn_id,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_for_completion=wait_for_completion,
            context_env=context_env,
            **kwargs,
        )
        self._show("dlc_job", without_secrets(dlc_job))

    @cached_property
    def port(self) -> DlcPort:
        """The service's port with the operator's options. Use it in ``execute`` only, as the hook."""
        return replace(self.hook.port, log_limit=self.max_log_lines)

    @property
    def options(self) -> Options:
        """The options of the conversion."""
        return Options(
            images=self.images or {},
            instance_types=self.instance_types or {},
            ignore=self.ignore,
            image=self.image,
            instance_type=self.instance_type,
            dlc_job=self.with_secrets("dlc_job"),
        )

    def _check(self, description: JobSource, *, templates: bool, source: str = "") -> CheckedJob:
        job = check_job(description, templates=templates, source=source)
        converted = convert(job, self.options, templates=templates)
        if converted.violations:
            raise InvalidJobError(converted.violations, source)
        return CheckedJob(job.content, (*job.warnings, *converted.warnings))

    def _steps(self) -> Sequence[Step]:
        return (partial(upload_package, self), self._converted, *super()._steps())

    def _converted(self, job: CheckedJob) -> CheckedJob:
        if job.get("AutoRelease") and not self.wait_for_completion:
            self.log.warning("AutoRelease is not done: the task does not wait for the job's success.")
        settings = self.hook.settings
        if settings.region == LOCAL_REGION and not settings.oss_endpoint and not self.port.is_local:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} has no region, which pods need to reach object storage:"
                " set the extra field region, e.g. cn-shanghai, or oss_endpoint."
            )
        return CheckedJob(convert(job, self.options, Site.of(settings.region, settings.oss_endpoint)).body)

    def _submitted(self, job_id: str, job: CheckedJob, context: Context) -> None:
        push_link(self.port, job_id, job, context, self.log)
