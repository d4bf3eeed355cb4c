"""The operator that runs one task of a BatchCompute job as a PAI-DLC job."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from airflow_provider_bcs.batchcompute.legacy import as_current
from airflow_provider_bcs.batchcompute.validation import job_warnings, validate_job
from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.dlc.conversion import Options, Resources, Site, convert
from airflow_provider_bcs.exceptions import ConnectionSettingsError
from airflow_provider_bcs.hooks.connection import LOCAL_REGION
from airflow_provider_bcs.operators.dlc import DlcSubmitJobOperator
from airflow_provider_bcs.operators.package import PackageOperator


class BatchComputeTaskOnDlcOperator(PackageOperator, DlcSubmitJobOperator):
    """Run one task of a BatchCompute job as a PAI-DLC job: each instance is a pod.

    What becomes of each field is in docs/run-on-dlc.md. What cannot be carried over is an error while the DAG file is
    parsed, or when the task runs for what a template gives. ``AutoRelease`` is honoured by deleting the job once its
    success was seen and its logs were read. Other parameters and XCom are those of :class:`~.package.PackageOperator`
    and :class:`~.dlc.DlcSubmitJobOperator`.

    :param job: a BatchCompute job of one task, in any form a job can have (templated)
    :param images: BatchCompute image -> container image (templated)
    :param instance_types: BatchCompute instance type -> EcsSpec of PAI-DLC, or ResourceConfig on a quota (templated)
    :param ignore: fields that are left out, such as ``AutoCluster.UserData``
    :param image: the container image, whatever the job says (templated)
    :param instance_type: EcsSpec or ResourceConfig, whatever the job says (templated)
    :param dlc_job: fields of CreateJob that are merged over the result, e.g. ``ResourceId``, ``UserVpc`` (templated)
    :raises InvalidJobError: while the DAG file is parsed, with everything that cannot be carried over
    """

    template_fields: Sequence[str] = (
        *PackageOperator.template_fields,
        "images",
        "instance_types",
        "image",
        "instance_type",
        "dlc_job",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"job": "json", "dlc_job": "json"}
    secret_fields = ("job", "dlc_job")

    def __init__(
        self,
        *,
        images: Mapping[str, str] | None = None,
        instance_types: Mapping[str, Resources] | None = None,
        ignore: Collection[str] = (),
        image: str | None = None,
        instance_type: Resources | None = None,
        dlc_job: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Before the base class, which checks the job.
        self.images = images
        self.instance_types = instance_types
        self.ignore = ignore
        self.image = image
        self.instance_type = instance_type
        self.dlc_job = dlc_job
        super().__init__(**kwargs)
        self._show("dlc_job", without_secrets(dlc_job))

    @property
    def _options(self) -> Options:
        return Options(
            images=self.images or {},
            instance_types=self.instance_types or {},
            ignore=self.ignore,
            image=self.image,
            instance_type=self.instance_type,
            dlc_job=self.with_secrets("dlc_job"),
        )

    def _violations(self, job: dict[str, Any], *, templates: bool) -> list[Violation]:
        if violations := validate_job(job, templates=templates):
            return violations
        return convert(as_current(job).job, self._options, templates=templates).violations

    def _warnings(self, job: dict[str, Any]) -> list[str]:
        return job_warnings(job)

    def _prepare(self, job: dict[str, Any]) -> dict[str, Any]:
        job = as_current(job).job
        if job.get("AutoRelease") and not self.wait_for_completion:
            self.log.warning("AutoRelease is not done: nobody waits for the job's success.")
        settings = self.hook.settings
        if settings.region == LOCAL_REGION and not settings.oss_endpoint and not self._is_local:
            raise ConnectionSettingsError(
                f"Connection {self.bcs_conn_id} has no region, which pods need to reach object storage:"
                " set the extra field region, e.g. cn-shanghai, or oss_endpoint."
            )
        job = self._with_package(job)
        return super()._prepare(convert(job, self._options, Site.of(settings.region, settings.oss_endpoint)).body)

    def _succeeded(self, job_id: str, job: dict[str, Any]) -> None:
        if job.get("AutoRelease"):
            self._release(job_id)
