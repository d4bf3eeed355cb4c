"""What the operators share that ship a program beside the DAG file as the package of BatchCompute tasks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_bcs.operators.submit_job import SubmitJobOperator


class PackageOperator(SubmitJobOperator):
    """An operator that submits BatchCompute tasks, and packs their programs.

    :param package: a directory, file or glob pattern, absolute or relative to the DAG file, that becomes the package of
        the tasks which name none; it is packed and uploaded when the task runs, unless the same is there already
    :param package_uri: the folder it is uploaded to, such as ``oss://bucket/packages/`` (templated)
    """

    template_fields: Sequence[str] = (*SubmitJobOperator.template_fields, "package_uri")

    def __init__(
        self, *, package: str | os.PathLike[str] | None = None, package_uri: str | None = None, **kwargs: Any
    ) -> None:
        if package is not None and not str(package_uri or "").endswith("/"):
            raise ValueError(
                f"package needs package_uri, a folder such as 'oss://bucket/packages/'; found {package_uri!r}."
            )
        super().__init__(**kwargs)
        self.package = None if package is None else os.fspath(package)
        self.package_uri = package_uri

    def _with_package(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the job with the package in all tasks that have none."""
        if self.package is None:
            return job
        from airflow_provider_bcs.exceptions import PackageError
        from airflow_provider_bcs.oss.package import Package

        if job.get("Type") == "App":
            raise AirflowFailException("package is for the tasks of a job of Type DAG; an app has its own program.")
        job = deepcopy(job)
        commands = [task["Parameters"]["Command"] for task in job["DAG"]["Tasks"].values()]
        commands = [command for command in commands if not command.get("PackagePath")]
        if not commands:
            return job
        folders = getattr(self.get_template_env().loader, "searchpath", [])
        try:
            uri = Package.of(self.package, folders).ship(self.hook.objects, str(self.package_uri))
        except PackageError as error:
            raise AirflowFailException(str(error)) from error
        self.log.info("The package of %s is %s.", self.package, uri)
        for command in commands:
            command["PackagePath"] = uri
        return job
