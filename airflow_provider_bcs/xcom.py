"""XComs: ids of jobs and clusters that one task pushes and another one pulls by a template, and links."""

from __future__ import annotations

from typing import Any

from airflow_provider_bcs.exceptions import MissingIdError

__all__ = [
    "BATCHCOMPUTE_JOB_URL",
    "REMOTE_JOB",
    "cluster_id_of",
    "is_missing",
    "job_id_of",
    "remote_job",
    "require_id",
]

#: Key of the URL of a BatchCompute job's page; a trigger, which imports no links, pushes it too.
BATCHCOMPUTE_JOB_URL = "batchcompute_job_url"
#: Key of what the tab in Airflow's page of a task instance needs to find the job.
REMOTE_JOB = "remote_job"


def remote_job(service: str, bcs_conn_id: str, job_id: str, part: str = "") -> dict[str, Any]:
    """Return the value of the XCom :data:`REMOTE_JOB`.

    :param service: ``batchcompute`` or ``dlc``
    :param bcs_conn_id: id of the Airflow connection
    :param job_id: id of the job
    :param part: task or pod of the job that the Airflow task waits for; empty: the whole job
    """
    return {"service": service, "bcs_conn_id": bcs_conn_id, "job_id": job_id, "part": part}


def job_id_of(task_id: str) -> str:
    """Return the template of the job id that a task of the same DAG run and map index has pushed.

    :param task_id: id of the task that submits the job
    """
    return _pulled(task_id, "job_id")


def cluster_id_of(task_id: str) -> str:
    """Return the template of the cluster id that a task of the same DAG run and map index has pushed.

    :param task_id: id of the task that creates the cluster
    """
    return _pulled(task_id, "cluster_id")


def is_missing(found: object) -> bool:
    """Return whether a rendered id is empty: XCom holds none, and Jinja renders that as the text ``None``."""
    return found in (None, "", "None")


def require_id(field: str, found: object) -> None:
    """Check a rendered id.

    :raises MissingIdError: when it is empty
    """
    if is_missing(found):
        raise MissingIdError(f"{field}: found {found!r}; expected an id. Does its template pull from the right task?")


def _pulled(task_id: str, key: str) -> str:
    return f"{{{{ ti.xcom_pull(task_ids={task_id!r}, key={key!r}, map_indexes=ti.map_index) }}}}"
