"""The operator that runs one task of a BatchCompute job as a PAI-DLC job."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_bcs.airflow_versions import current_task_instance, show_rendered
from airflow_provider_bcs.batchcompute.legacy import as_current
from airflow_provider_bcs.batchcompute.outputs import output_lines
from airflow_provider_bcs.batchcompute.port import BatchComputePort
from airflow_provider_bcs.batchcompute.rules import check_job, near_field
from airflow_provider_bcs.description.ignore import general_name, not_ignored, warnings_not_ignored
from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.source import CheckedJob
from airflow_provider_bcs.dlc.conversion import FIELDS, Options, Resources, Site, convert, shown_body
from airflow_provider_bcs.dlc.job_logs import MAX_LINES
from airflow_provider_bcs.dlc.port import DlcPort
from airflow_provider_bcs.dlc.rules import near_field as near_dlc_field
from airflow_provider_bcs.exceptions import ConnectionSettingsError, InvalidJobError
from airflow_provider_bcs.hooks.connection import LOCAL_REGION
from airflow_provider_bcs.hooks.dlc import DlcHook
from airflow_provider_bcs.hooks.service import DEFAULT_CONNECTION
from airflow_provider_bcs.links.dlc import DlcJobLink
from airflow_provider_bcs.operators.description import redact_all
from airflow_provider_bcs.operators.dlc import check_max_log_lines
from airflow_provider_bcs.operators.outputs import check_outputs, check_require_outputs
from airflow_provider_bcs.operators.package import checked_package, upload_package
from airflow_provider_bcs.operators.submit_job import Step, SubmitJobOperator
from airflow_provider_bcs.short_errors import short_failure
from airflow_provider_bcs.triggers.deferral import DEFERRABLE

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_bcs.airflow_arguments import OperatorArguments
    from airflow_provider_bcs.batchcompute.markdown import Machine
    from airflow_provider_bcs.description.model import Description
    from airflow_provider_bcs.description.source import JobSource
    from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

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
    :param ignore: fields that the checks pass over, and that the conversion leaves out, such as
        ``AutoCluster.UserData``; see docs/run-on-dlc.md
    :param image: container image, in place of the job's (templated)
    :param instance_type: ``EcsSpec`` or ``ResourceConfig``, in place of the job's (templated)
    :param dlc_job: fields of CreateJob to merge over the result, such as ``ResourceId`` or ``UserVpc`` (templated)
    :param require_outputs: fail without a retry when the job succeeds without one of the outputs in OutputMapping
    :param context_env: give the job's programs variables that name the Airflow task, such as ``AIRFLOW_CTX_DAG_ID``,
        and the job tags with the same ids; see docs/trail.md
    :param skip_on_exit_code: exit code, or list of them, of the program that ends the task as skipped
    :param queue_timeout: seconds since the submission, or a timedelta, after which a job that has not begun to run is
        stopped, and the task fails with ``QueueTimeoutError``; None: no limit
    :param kwargs: arguments of ``BaseOperator``: ``retries``, ``execution_timeout``, ``pool`` ...
    :raises InvalidJobError: while the DAG file is parsed, with all fields that PAI-DLC cannot express
    :raises ValueError: while the DAG file is parsed, when another argument is wrong
    :raises JobFailedError: when the job failed or was stopped
    :raises MissingOutputError: when an output is missing, with ``require_outputs``
    :raises TaskTimeoutError: when ``execution_timeout`` has passed; the job is stopped
    """

    custom_operator_name = "BatchCompute task on PAI-DLC"
    ui_color = "#d6ebff"
    template_fields: Sequence[str] = (
        *SubmitJobOperator.template_fields,
        "package_uri",
        "images",
        "instance_types",
        "image",
        "instance_type",
        "dlc_job",
        "submitted_job",
    )
    template_types: ClassVar[Mapping[str, Any]] = {
        **SubmitJobOperator.template_types,
        "package_uri": str,
        "images": dict[str, str],
        "instance_types": dict[str, str | dict[str, str]],
        "image": str,
        "instance_type": str | dict[str, str],
        # It is set after rendering.
        "submitted_job": Any,
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json", "dlc_job": "json", "submitted_job": "json"}
    secret_fields = ("job", "dlc_job")
    hook_class = DlcHook
    job_link = DlcJobLink()
    operator_extra_links = (job_link,)

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
        require_outputs: bool = False,
        context_env: bool = True,
        skip_on_exit_code: int | Collection[int] | None = None,
        queue_timeout: float | timedelta | None = None,
        **kwargs: Unpack[OperatorArguments],
    ) -> None:
        check_max_log_lines(max_log_lines)
        self.max_log_lines = max_log_lines
        self.package = checked_package(package, package_uri)
        self.package_uri = package_uri
        self.require_outputs = check_require_outputs(require_outputs, wait_for_completion)
        # The base class validates the job with these.
        self.images = images
        self.instance_types = instance_types
        self.image = image
        self.instance_type = instance_type
        self.dlc_job = dlc_job
        #: The body of CreateJob, without its secrets; None before the task submits it. The submission adds its token to
        #: DisplayName and to the tags, and the variables of the Airflow task; they are not shown.
        self.submitted_job: Any = None
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

    def _check(
        self, description: JobSource, *, templates: bool, source: str = "", ignore: Collection[str]
    ) -> CheckedJob:
        # What the conversion cannot leave out has to be valid.
        left_out = [name for name in ignore if FIELDS.can_leave_out(general_name(name))]
        job = check_job(description, templates=templates, source=source, ignore=left_out)
        converted = convert(job, self.options, templates=templates)
        if violations := not_ignored(converted.violations, ignore):
            raise InvalidJobError(violations, source)
        return CheckedJob(job.content, tuple(warnings_not_ignored((*job.warnings, *converted.warnings), ignore)))

    def _near_field(self, name: str) -> str | None:
        nears = (near_field(name), near_dlc_field(name))
        # The longer one names a field.
        return None if None in nears else max(map(str, nears), key=len)

    @property
    def machine(self) -> Machine:
        """Container image and resources of the task's pods, each None when nothing names one; and no cluster."""
        from airflow_provider_bcs.batchcompute.markdown import machine_of_job

        image, instance_type, _ = machine_of_job(self.job)
        return self.image or _mapped(self.images, image), self._resources(instance_type), None

    def _resources(self, instance_type: Any) -> Any:
        found = self.instance_type or _mapped(self.instance_types, instance_type)
        return ", ".join(f"{name} {value}" for name, value in found.items()) if isinstance(found, Mapping) else found

    def _page_of(self, description: Mapping[str, Any]) -> str:
        # A worker that runs one task needs no page.
        from airflow_provider_bcs.batchcompute.markdown import job_page

        return job_page(description, self.machine)

    def _typed(self, job: dict[str, Any]) -> tuple[dict[str, Any], type[Description]]:
        return BatchComputePort.typed(job)

    def _field_types(self) -> dict[str, Any]:
        return {**super()._field_types(), "dlc_job": DlcPort.typed({})[1]}

    def _steps(self) -> Sequence[Step]:
        return (partial(upload_package, self), self._converted, *super()._steps(), self._shown)

    def _converted(self, job: CheckedJob) -> CheckedJob:
        if job.get("AutoRelease") and not self.wait_for_completion:
            self.log.warning("AutoRelease is not done: the task does not wait for the job's success.")
        settings = self.hook.settings
        if settings.region == LOCAL_REGION and not settings.oss_endpoint and not self.port.is_local:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} has no region, which pods need to reach object storage:"
                " set the field Region, e.g. cn-shanghai, or the extra field oss_endpoint."
            )
        return CheckedJob(convert(job, self.options, Site.of(settings.region, settings.oss_endpoint)).body)

    def _output_lines(self) -> list[str]:
        return output_lines(self._rendered())

    def _check_outputs(self, job_id: str, job: Mapping[str, Any]) -> None:
        check_outputs(self, job_id, lambda: as_current(dict(job)).job["DAG"]["Tasks"])

    def _shown(self, job: CheckedJob) -> CheckedJob:
        """Show the job among the rendered templates, also when the service refuses it."""
        self.submitted_job = redact_all(shown_body(job))
        ti: Any = current_task_instance()
        with self._unless_it_fails():
            if self.deferrable and self.wait_for_completion:
                # Airflow renders the templates again after a deferral, in another process.
                ti.xcom_push(key="submitted_job", value=self.submitted_job)
            show_rendered(self, ti)
        return job

    @short_failure
    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral; show again what was submitted."""
        ti: Any = context["ti"]
        with self._unless_it_fails():
            self.submitted_job = ti.xcom_pull(task_ids=self.task_id, key="submitted_job", map_indexes=ti.map_index)
            show_rendered(self, ti)
        return super().resume_execution(next_method, next_kwargs, context)

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        """Log an error: a job that cannot be shown runs all the same."""
        try:
            yield
        except Exception as error:
            self.log.warning("The submitted job is not shown among the rendered templates: %s", error)

    @staticmethod
    def _trigger_class() -> type[DlcJobTrigger]:
        from airflow_provider_bcs.triggers.dlc import DlcJobTrigger

        return DlcJobTrigger


def _mapped(table: Any, name: Any) -> Any:
    """Return the entry of a table, or the name itself. Both may be templates."""
    return table.get(name, name) if isinstance(table, Mapping) and isinstance(name, str) else name
