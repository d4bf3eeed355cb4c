"""Step before a submission: pack the programs beside the DAG file and upload them as the tasks' package."""

from __future__ import annotations

import os
import warnings
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.violation import JobWarning
from airflow_provider_bcs.exceptions import PackageError
from airflow_provider_bcs.task_errors import FailedPackageError

if TYPE_CHECKING:
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


def upload_package(operator: Packing, job: dict[str, Any]) -> dict[str, Any]:
    """Return the job with the package in all tasks without ``PackagePath``; upload it unless the bucket has it.

    :raises FailedPackageError: when the package cannot be made, or when the job is one of Type App
    """
    if operator.package is None:
        return job
    if job.get("Type") == "App":
        raise FailedPackageError("package is for the tasks of a job of Type DAG; an app has its own program.")
    job = deepcopy(job)
    commands = [task["Parameters"]["Command"] for task in job["DAG"]["Tasks"].values()]
    commands = [command for command in commands if not command.get("PackagePath")]
    if not commands:
        return job
    # This module imports the vendor's OSS library.
    from airflow_provider_bcs.oss.package import Package

    folders = getattr(operator.get_template_env().loader, "searchpath", [])
    try:
        uri = Package.of(operator.package, folders).ship(operator.hook.objects, str(operator.package_uri))
    except PackageError as error:
        raise FailedPackageError(str(error)) from error
    operator.log.info("The package of %s is %s.", operator.package, uri)
    for command in commands:
        command["PackagePath"] = uri
    return job
