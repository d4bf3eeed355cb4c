"""Pages in Markdown that say what a BatchCompute job, task or cluster does, for Airflow's UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

from airflow_provider_bcs.description.markdown import Line, code, number, page, pairs, plain, seconds, table, variables

from .legacy import as_current, is_legacy

__all__ = [
    "COLUMNS",
    "MOST_ROWS",
    "Machine",
    "cluster_page",
    "instance_count",
    "job_page",
    "machine_of",
    "machine_of_job",
    "task_cells",
    "task_lines",
    "task_page",
]

#: Machine of a task: image, instance type and cluster; None where the task names none.
Machine: TypeAlias = tuple[Any, Any, Any]
#: Columns of a table of tasks, and the number of characters that their cells show.
COLUMNS = {"Task": 160, "Instances": 40, "Runs on": 40, "Command": 60}
#: Rows of a table. Airflow stores the page in each version of the DAG.
MOST_ROWS = 100
_DOCKER_VARIABLE = "BATCH_COMPUTE_DOCKER_IMAGE"


def job_page(job: Mapping[str, Any], machine: Machine | None = None) -> str:
    """Return a page about a job: its one task, or a table of its tasks; of a Type App, the app.

    Values may hold templates, also where the service expects an object.

    :param machine: what the one task runs on, in place of what it says itself

    >>> print(job_page({"Name": "a", "DAG": {"Tasks": {"hi": {"Parameters": {"Command": {"CommandLine": "echo"}}}}}}))
    - **Job** `a`
    - **Command** `echo`
    - **Instances** 1
    """
    job = _current(job)
    head: list[Line] = [("Job", job.get("Name"), code), ("Description", job.get("Description"), plain)]
    if job.get("Type") == "App":
        return page([*head, *_app_lines(_object(job.get("App")))])
    tasks = _object(_object(job.get("DAG")).get("Tasks"))
    if len(tasks) == 1:
        [task] = tasks.values()
        return page([*head, *task_lines(task, machine)])
    rows = [task_cells(name, task) for name, task in islice(tasks.items(), MOST_ROWS)]
    return page(head) + table(COLUMNS, rows, len(tasks))


def task_page(task: Any, machine: Machine | None = None) -> str:
    """Return a page about one task: command, variables, machine, instances, time-out, inputs and outputs.

    >>> print(task_page({"Parameters": {"Command": {"CommandLine": "ls"}}, "InstanceCount": 3, "ClusterId": "cls-1"}))
    - **Command** `ls`
    - **Cluster** `cls-1`
    - **Instances** 3

    :param machine: what the task runs on, in place of what it says itself
    """
    return page(task_lines(task, machine))


def task_lines(task: Any, machine: Machine | None = None) -> list[Line]:
    """Return the lines of a page about one task.

    :param machine: what the task runs on, in place of what it says itself
    """
    if not isinstance(task, Mapping):
        return [("Task", task, code)]
    image, instance_type, cluster = machine or machine_of(task)
    command = _command(task)
    instances = task.get("InstanceCount")
    return [
        ("Command", command.get("CommandLine"), code),
        ("Variables", command.get("EnvVars"), variables),
        ("Image", image, code),
        ("Machine", instance_type, code),
        ("Cluster", cluster, code),
        ("Instances", 1 if instances is None else instances, number),
        ("Time-out", task.get("Timeout"), seconds),
        ("Retries", task.get("MaxRetryCount") or None, number),
        ("Inputs", task.get("InputMapping"), pairs),
        ("Outputs", task.get("OutputMapping"), pairs),
    ]


def task_cells(name: str, task: Any, machine: Machine | None = None) -> tuple[Any, ...]:
    """Return the values of a task in the :data:`COLUMNS` of a table.

    :param machine: what the task runs on, in place of what it says itself

    >>> task_cells("count", {"Parameters": {"Command": {"CommandLine": "ls"}}, "ClusterId": "cls-1"})
    ('count', 1, (None, None, 'cls-1'), 'ls')
    """
    if not isinstance(task, Mapping):
        return name, None, None, task
    count = task.get("InstanceCount")
    return name, count or 1, machine or machine_of(task), _command(task).get("CommandLine")


def cluster_page(cluster: Mapping[str, Any]) -> str:
    """Return a page about a cluster.

    >>> print(cluster_page({"Name": "c", "ImageId": "img-1", "Groups": {"w": {"DesiredVMCount": 2}}}))
    - **Cluster** `c`
    - **Image** `img-1`
    - **Group** `w` 2 machines
    """
    kind = cluster.get("InstanceType")
    groups = [(name, kind, _object(group)) for name, group in _object(cluster.get("Groups")).items()]
    return page(
        [
            ("Cluster", cluster.get("Name"), code),
            ("Description", cluster.get("Description"), plain),
            ("Image", cluster.get("ImageId"), code),
            *(("Group", group, _group) for group in groups),
        ]
    )


def machine_of(task: Mapping[str, Any]) -> Machine:
    """Return image, instance type and cluster as a task names them. A ClusterId overrides an AutoCluster.

    >>> machine_of({"AutoCluster": {"ImageId": "img-1", "InstanceType": "ecs.c5.large"}})
    ('img-1', 'ecs.c5.large', None)
    """
    command = _command(task)
    own = _object(task.get("AutoCluster"))
    docker = _object(command.get("Docker")).get("Image") or _object(command.get("EnvVars")).get(_DOCKER_VARIABLE)
    if cluster := task.get("ClusterId") or own.get("ClusterId"):
        return docker, None, cluster
    if not own and task.get("AutoCluster"):
        # A template that stands for the object.
        return docker, None, task["AutoCluster"]
    return docker or own.get("ImageId") or own.get("ECSImageId"), own.get("InstanceType"), None


def machine_of_job(job: Any) -> Machine:
    """Return the machine of the one task of a job; nothing for another number of tasks, or for a template."""
    tasks = list(_object(_object(_current(_object(job)).get("DAG")).get("Tasks")).values())
    return machine_of(_object(tasks[0])) if len(tasks) == 1 else (None, None, None)


def instance_count(task: Any) -> int:
    """Return the InstanceCount of a task; 1 when it is a template.

    >>> instance_count({"InstanceCount": 3}), instance_count("{{ params.task }}")
    (3, 1)
    """
    found = _object(task).get("InstanceCount")
    return found if type(found) is int else 1


def _app_lines(app: Mapping[str, Any]) -> Iterator[Line]:
    config = _object(app.get("Config"))
    yield "App", app.get("AppName"), code
    yield "Machine", config.get("InstanceType"), code
    yield "Cluster", config.get("ClusterId"), code
    yield "Instances", config.get("InstanceCount"), number
    yield "Time-out", config.get("Timeout"), seconds
    for name in ("Inputs", "Outputs"):
        yield name, app.get(name), variables


def _group(group: tuple[str, Any, Mapping[str, Any]]) -> str:
    name, kind, content = group
    kind = code(content.get("InstanceType") or kind)
    count = content.get("DesiredVMCount")
    words = (code(name), f"{number(count)} machines" if count else "", kind and f"of {kind}")
    return " ".join(filter(None, words))


def _current(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_current(dict(job)).job if "DAG" not in job and is_legacy(job) else job


def _command(task: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(task.get("Parameters")).get("Command"))


def _object(value: Any) -> Mapping[str, Any]:
    """Return a value where an object is expected; nothing for a template of it, or for null."""
    # The check of the type is for the many that are a dict.
    return value if type(value) is dict or isinstance(value, Mapping) else {}
