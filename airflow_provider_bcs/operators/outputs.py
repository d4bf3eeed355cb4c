"""Outputs of a job that has succeeded: which of them were written, and which get no asset event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from airflow_provider_bcs.airflow_versions import current_task_instance, start_time
from airflow_provider_bcs.exceptions import ApiError
from airflow_provider_bcs.task_errors import MissingOutputError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Asset

    from airflow_provider_bcs.hooks.service import ServiceHook
    from airflow_provider_bcs.waiting.polling import Log
    from airflow_provider_bcs.waiting.port import ServicePort

__all__ = ["Writing", "check_outputs", "check_require_outputs", "outputs_of", "to_asset"]


class Writing(Protocol):
    """Operator whose job has outputs.

    :ivar require_outputs: whether an output that was not written fails the task
    :ivar outlets: Airflow's list; the task's success makes an event of each asset in it
    """

    require_outputs: bool
    outlets: list[Any]

    @property
    def hook(self) -> ServiceHook[Any, Any]: ...

    @property
    def port(self) -> ServicePort[Any]: ...

    @property
    def log(self) -> Log: ...


def to_asset(target: str) -> Asset:
    """Return the asset of an object or folder."""
    from airflow.providers.common.compat.sdk import Asset

    # A URI loses what follows a # or a ?, and Airflow 2 takes ASCII only.
    return Asset(quote(target, safe="/:!$&'()*+,;=@"))


def outputs_of(tasks: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the field of each output of a job's tasks, and its OSS path; a template may stand for all outputs."""
    for name, task in tasks.items():
        mapping = task.get("OutputMapping") if isinstance(task, Mapping) else task
        path = f"DAG.Tasks.{name}.OutputMapping"
        if isinstance(mapping, Mapping):
            yield from ((f"{path}.{local}", target) for local, target in mapping.items())
        else:
            yield path, mapping


def check_outputs(operator: Writing, job_id: str, read_tasks: Callable[[], Mapping[str, Any]]) -> None:
    """Take the outputs that a job has not written out of an operator's outlets: Airflow then makes no event of them.

    The outlets of the DAG stay as they are, because Airflow has copied the operator for this try.

    :param read_tasks: return the tasks of the job as it was submitted; called when there is something to look for
    :raises MissingOutputError: when there is such an output, and the operator requires all of them
    :raises ApiError: when the object store does not answer, and the operator requires all outputs
    """
    if not operator.require_outputs and not operator.outlets:
        return
    try:
        # A target that is no text is one that the author has the checks ignore.
        outputs = {field: target for field, target in outputs_of(read_tasks()) if target and isinstance(target, str)}
        uris = {to_asset(target).uri for target in outputs.values()}
        if not operator.require_outputs and not any(_uri(outlet) in uris for outlet in operator.outlets):
            return
        objects, since = operator.hook.objects, _begin(operator, job_id)
        lost = {field: target for field, target in outputs.items() if not objects.is_written(target, since)}
    # Among the values that are wrong: a connection that does not say where objects are.
    except (ApiError, ValueError) as error:
        if operator.require_outputs:
            raise
        operator.log.warning(
            "Whether the outputs of job %s were written is not known, so their assets count as updated: %s",
            job_id,
            error,
        )
        return
    for field, target in lost.items():
        operator.log.warning("%s: job %s has not written %s; its asset is not updated.", field, job_id, target)
    # A folder and an object of the same name are one asset.
    uris -= {to_asset(target).uri for field, target in outputs.items() if field not in lost}
    operator.outlets = [outlet for outlet in operator.outlets if _uri(outlet) not in uris]
    if lost and operator.require_outputs:
        found = "\n  ".join(
            f"{field}: found nothing new at {target}; expected an output." for field, target in lost.items()
        )
        raise MissingOutputError(f"Job {job_id} succeeded without {len(lost)} of its outputs:\n  {found}")


def check_require_outputs(require_outputs: bool, wait_for_completion: bool) -> bool:
    """Check an argument ``require_outputs``.

    :raises ValueError: when the task does not wait for the outputs
    """
    if require_outputs and not wait_for_completion:
        raise ValueError(
            "require_outputs: found True with wait_for_completion=False; expected False, as the task ends before"
            " anything is written."
        )
    return require_outputs


def _begin(operator: Writing, job_id: str) -> datetime:
    """Return the time from which on an object can be one of this job.

    A retry finds a job that is older than itself. The clock of a service may differ from that of the object store.
    """
    ti = current_task_instance()
    started = datetime.fromtimestamp(start_time({"ti": ti}), timezone.utc) if ti else datetime.now(timezone.utc)
    created = operator.port.created(job_id)
    return started if created is None else min(created, started)


def _uri(outlet: Any) -> str | None:
    return getattr(outlet, "uri", None)
