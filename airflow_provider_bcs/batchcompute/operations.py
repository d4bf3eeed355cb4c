"""Names of the operations, which the service's requests do not hold."""

from __future__ import annotations

_JOB, _TASK, _GROUP = "/jobs/*", "/jobs/*/tasks/*", "/clusters/*/groups/*"
#: Method, path and selecting query key -> operation. A star stands for an id or a name.
OPERATIONS: dict[tuple[str, str, str], str] = {
    ("POST", "/jobs", ""): "CreateJob",
    ("GET", "/jobs", ""): "ListJobs",
    ("GET", _JOB, ""): "GetJob",
    ("GET", _JOB, "description"): "GetJobDescription",
    ("PUT", _JOB, ""): "ChangeJobPriority",
    ("DELETE", _JOB, ""): "DeleteJob",
    ("POST", f"{_JOB}/start", ""): "StartJob",
    ("POST", f"{_JOB}/stop", ""): "StopJob",
    ("GET", f"{_JOB}/tasks", ""): "ListTasks",
    ("GET", _TASK, ""): "GetTask",
    ("GET", f"{_TASK}/instances", ""): "ListInstances",
    ("GET", f"{_TASK}/instances/*", ""): "GetInstance",
    ("POST", "/clusters", ""): "CreateCluster",
    ("GET", "/clusters", ""): "ListClusters",
    ("GET", "/clusters/*", ""): "GetCluster",
    ("PUT", "/clusters/*", ""): "ModifyCluster",
    ("DELETE", "/clusters/*", ""): "DeleteCluster",
    ("GET", f"{_GROUP}/instances", ""): "ListClusterInstances",
    ("GET", f"{_GROUP}/instances/*", ""): "GetClusterInstance",
    ("DELETE", f"{_GROUP}/instances/*", ""): "DeleteClusterInstance",
    ("POST", f"{_GROUP}/instances/*/recreate", ""): "RecreateClusterInstance",
    ("POST", "/images", ""): "CreateImage",
    ("GET", "/images", ""): "ListImages",
    ("GET", "/images/*", ""): "GetImage",
    ("DELETE", "/images/*", ""): "DeleteImage",
    ("GET", "/quotas", ""): "GetQuotas",
    ("GET", "/available", ""): "GetAvailableResource",
    ("POST", "/apps", ""): "CreateApp",
    ("GET", "/apps", ""): "ListApps",
    ("GET", "/apps/*", ""): "GetApp",
    ("GET", "/apps/*", "Detail"): "GetAppDetail",
    ("GET", "/apps/*", "Revisions"): "GetAppRevisions",
    ("PUT", "/apps/*", ""): "ModifyApp",
    ("DELETE", "/apps/*", ""): "DeleteApp",
}
_KEYS = {key for _, _, key in OPERATIONS} - {""}
#: Operations that read states, which a wait asks for again and again.
POLLS = frozenset(
    {"GetJob", "ListJobs", "GetTask", "ListTasks", "GetInstance", "ListInstances", "GetCluster", "ListClusters"}
)


def operation_of(method: str, target: str) -> str:
    """Return the operation of a request, ``Other`` for a request that is none.

    :param method: HTTP method in upper case
    :param target: path and query as on the wire

    >>> operation_of("GET", "/jobs/job-1/tasks/count"), operation_of("GET", "/jobs/job-1?description")
    ('GetTask', 'GetJobDescription')
    """
    path, _, query = target.partition("?")
    # Kinds of resources and ids take turns: /jobs/job-1/tasks/count.
    segments = [part if number % 2 == 0 else "*" for number, part in enumerate(path.split("/")[1:])]
    # Nearly all queries are those of a listing, which selects no operation.
    key = next((key for key in _KEYS if key in query and key in _keys(query)), "")
    return OPERATIONS.get((method, "/" + "/".join(segments), key), "Other")


def _keys(query: str) -> set[str]:
    return {pair.partition("=")[0] for pair in query.split("&")}
