"""Pages in Markdown that say what a BatchCompute job, task or cluster does, for Airflow's UI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeAlias

from airflow_provider_bcs.description.markdown import bullets, cell, code, field, pairs, plain
from airflow_provider_bcs.description.secrets import without_secrets

from .legacy import as_current, is_legacy

__all__ = ["cluster_page", "instance_count", "job_page", "machine_of", "machine_of_job", "task_page", "task_table"]

#: Machine of a task: image, instance type and cluster; None where the task names none.
Machine: TypeAlias = tuple[Any, Any, Any]
#: Rows of a table. Airflow stores the page in each version of the DAG.
_MOST_ROWS = 100
_MOST_OF_COMMAND = 60
_MOST_OF_MACHINE = 40
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
    head = [field("Job", code(job.get("Name"))), field("Description", plain(job.get("Description")))]
    if job.get("Type") == "App":
        return bullets([*head, *_of_app(_object(job.get("App")))])
    tasks = _object(_object(job.get("DAG")).get("Tasks"))
    if len(tasks) == 1:
        [task] = tasks.values()
        return bullets([*head, task_page(task, machine)])
    return bullets(head) + task_table(tasks)


def task_page(task: Any, machine: Machine | None = None) -> str:
    """Return a page about one task: command, variables, machine, instances, time-out, inputs and outputs.

    >>> print(task_page({"Parameters": {"Command": {"CommandLine": "ls"}}, "InstanceCount": 3, "ClusterId": "cls-1"}))
    - **Command** `ls`
    - **Cluster** `cls-1`
    - **Instances** 3

    :param machine: what the task runs on, in place of what it says itself
    """
    if not isinstance(task, Mapping):
        return field("Task", code(task))
    image, instance_type, cluster = machine or machine_of(task)
    command = _command(task)
    variables = command.get("EnvVars")
    return bullets(
        (
            field("Command", code(command.get("CommandLine"))),
            field("Variables", pairs(without_secrets(variables), joint=" = ")) if variables else "",
            field("Image", code(image)) if image else "",
            field("Machine", code(instance_type)) if instance_type else "",
            field("Cluster", code(cluster)) if cluster else "",
            field("Instances", _number(task.get("InstanceCount"), "1")),
            field("Time-out", _unit(task.get("Timeout"), "s")),
            field("Retries", _number(task.get("MaxRetryCount") or None)),
            field("Inputs", pairs(task.get("InputMapping"))),
            field("Outputs", pairs(task.get("OutputMapping"))),
        )
    )


def task_table(tasks: Mapping[str, Any], machine: Callable[[str, Mapping[str, Any]], Machine] | None = None) -> str:
    """Return a table of tasks, at most 100 of them, after an empty line; an empty text without tasks.

    :param machine: returns what a task runs on by its name, in place of what it says itself
    """
    if not tasks:
        return ""
    rows = [
        "\n\n| Task | Instances | Runs on | Command |\n|---|---|---|---|",
        *(_row(name, task, machine) for name, task in islice(tasks.items(), _MOST_ROWS)),
    ]
    if (more := len(tasks) - _MOST_ROWS) > 0:
        rows.append(f"\nand {more:,} more tasks")
    return "\n".join(rows)


def cluster_page(cluster: Mapping[str, Any]) -> str:
    """Return a page about a cluster.

    >>> print(cluster_page({"Name": "c", "ImageId": "img-1", "Groups": {"w": {"DesiredVMCount": 2}}}))
    - **Cluster** `c`
    - **Image** `img-1`
    - **Group** `w` 2 machines
    """
    return bullets(
        (
            field("Cluster", code(cluster.get("Name"))),
            field("Description", plain(cluster.get("Description"))),
            field("Image", code(cluster.get("ImageId"))),
            *(_group(name, _object(found), cluster) for name, found in _object(cluster.get("Groups")).items()),
        )
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


def instance_count(job: Mapping[str, Any], name: str) -> int:
    """Return the InstanceCount of a task; 1 when it is a template.

    >>> instance_count({"DAG": {"Tasks": {"a": {"InstanceCount": 3}, "b": "{{ params.b }}"}}}, "a")
    3
    """
    found = _object(job["DAG"]["Tasks"][name]).get("InstanceCount")
    return found if type(found) is int else 1


def _row(name: str, task: Any, machine: Callable[[str, Mapping[str, Any]], Machine] | None) -> str:
    if not isinstance(task, Mapping):
        return f"| {cell(name)} | | | {cell(task, _MOST_OF_COMMAND)} |"
    found = machine(name, task) if machine else machine_of(task)
    places = " ".join(cell(each, _MOST_OF_MACHINE) for each in found if each)
    command = cell(_command(task).get("CommandLine"), _MOST_OF_COMMAND)
    count = task.get("InstanceCount")
    instances = str(count or 1) if count is None or type(count) is int else cell(count, _MOST_OF_MACHINE)
    return f"| {cell(name)} | {instances} | {places} | {command} |"


def _of_app(app: Mapping[str, Any]) -> Iterator[str]:
    config = _object(app.get("Config"))
    yield field("App", code(app.get("AppName")))
    yield field("Machine", code(config.get("InstanceType")))
    yield field("Cluster", code(config.get("ClusterId")))
    yield field("Instances", _number(config.get("InstanceCount")))
    yield field("Time-out", _unit(config.get("Timeout"), "s"))
    for name in ("Inputs", "Outputs"):
        yield field(name, pairs(without_secrets(app.get(name)), joint=" = "))


def _group(name: str, group: Mapping[str, Any], cluster: Mapping[str, Any]) -> str:
    kind = code(group.get("InstanceType") or cluster.get("InstanceType"))
    words = (code(name), _unit(group.get("DesiredVMCount"), "machines"), kind and f"of {kind}")
    return field("Group", " ".join(filter(None, words)))


def _current(job: Mapping[str, Any]) -> Mapping[str, Any]:
    return as_current(dict(job)).job if "DAG" not in job and is_legacy(job) else job


def _command(task: Mapping[str, Any]) -> Mapping[str, Any]:
    return _object(_object(task.get("Parameters")).get("Command"))


def _object(value: Any) -> Mapping[str, Any]:
    """Return a value where an object is expected; nothing for a template of it, or for null."""
    # The check of the type is for the many that are a dict.
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def _number(value: Any, default: str = "") -> str:
    if value is None:
        return default
    return str(value) if type(value) is int else code(value)


def _unit(value: Any, unit: str) -> str:
    return f"{_number(value)} {unit}" if value else ""
