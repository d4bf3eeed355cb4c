"""Step before a submission: pack the programs beside the DAG file and upload them as the tasks' package."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.exceptions import PackageError
from airflow_provider_bcs.task_errors import FailedPackageError

if TYPE_CHECKING:
    from airflow_provider_bcs.description.source import CheckedJob
    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.waiting.polling import Log

__all__ = ["Packing", "checked_package", "upload_package"]


class Packing(Protocol):
    """Operator with a package.

    :ivar package: directory, file or glob pattern, absolute or relative to the DAG file; None: no package
    :ivar package_uri: folder that the package is uploaded to, such as ``oss://bucket/packages/``
    """

    package: str | None
    package_uri: str | None

    @property
    def hook(self) -> ServiceHook[Any, Any]: ...

    @property
    def log(self) -> Log: ...

    def get_template_env(self) -> Any: ...


def checked_package(package: str | os.PathLike[str] | None, package_uri: str | None) -> str | None:
    """Return ``package`` as text.

    :raises ValueError: when ``package_uri`` is no folder
    """
    if package is None:
        return None
    if not str(package_uri or "").endswith("/"):
        raise ValueError(
            f"package needs package_uri, a folder such as 'oss://bucket/packages/'; found {package_uri!r}."
        )
    for text in bucket_warnings(package_uri, "package_uri"):
        warnings.warn(text, JobWarning, stacklevel=3)
    return os.fspath(package)


def upload_package(operator: Packing, job: CheckedJob) -> CheckedJob:
    """Return the job with the package in all tasks without ``PackagePath``; upload it unless the bucket has it.

    :raises FailedPackageError: when the package cannot be made, or when the job is one of Type App
    """
    if operator.package is None:
        return job
    if job.get("Type") == "App":
        raise FailedPackageError("package is for the tasks of a job of Type DAG; an app has its own program.")
    tasks = job["DAG"]["Tasks"]
    without = {name: task for name, task in tasks.items() if not task["Parameters"]["Command"].get("PackagePath")}
    if not without:
        return job
    # This module imports the vendor's OSS library.
    from airflow_provider_bcs.oss.package import Package

    folders = getattr(operator.get_template_env().loader, "searchpath", [])
    try:
        uri = Package.of(operator.package, folders).ship(operator.hook.objects, str(operator.package_uri))
    except PackageError as error:
        raise FailedPackageError(str(error)) from error
    operator.log.info("The package of %s is %s.", operator.package, uri)
    packed = {name: _with_package(task, uri) for name, task in without.items()}
    return job.with_fields(DAG={**job["DAG"], "Tasks": {**tasks, **packed}})


def _with_package(task: Mapping[str, Any], uri: str) -> dict[str, Any]:
    parameters = task["Parameters"]
    return {**task, "Parameters": {**parameters, "Command": {**parameters["Command"], "PackagePath": uri}}}
