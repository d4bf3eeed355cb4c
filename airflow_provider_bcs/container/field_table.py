"""Fate of each field of a BatchCompute job when one of its tasks runs in a container.

``FIELDS_OF_CONTAINERS`` holds what is true of any container platform. A target extends it to a :class:`FieldTable`,
which names each field of the description once: the field itself, or an object that it is part of. Paths of task fields
begin below ``DAG.Tasks.{task}``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from airflow_provider_bcs.description.rules import shown
from airflow_provider_bcs.description.values import is_template

_SECRET = ("OSS", "UserData", "CredentialConfig")


@dataclass(frozen=True)
class Lost:
    """Fate of a field that a target has nothing for.

    :ivar why: the reason, a sentence
    :ivar expected: what an author writes instead
    :ivar harmless: values, besides null and false, that lose nothing
    :ivar replaced_by: field of the target's own job that stands in for it when the author gives it
    """

    why: str
    expected: str = "no value"
    harmless: tuple[str, ...] = ()
    replaced_by: str = ""


#: Where a field goes to, or that it is lost.
Fate: TypeAlias = str | Lost

#: Where the description of a task has mounts.
MOUNTS = ("Mounts", "AutoCluster.Configs.Mounts")
#: Fields of mounts about a cache.
CACHE_FIELDS = (
    *("CacheSupport", "CacheBlockSize", "CacheTotalSize", "NasMetaCache"),
    *("RefreshStrategy", "RefreshTopicName", "RefreshTimeOut"),
)
#: Settings of mounts -> the scheme of the mounts that they are for.
_OF_SCHEME = {"NAS": "nas", "NasMetaCache": "nas", "OSS": "oss"}
_DATA_DISK = "AutoCluster.Configs.Disks.DataDisk"
_UTF_8 = Lost("The names of objects are UTF-8.", "utf-8, or no Locale", ("utf-8", "utf8"))
_NO_LOCK = Lost("A mount has no network lock.", "false")
_MOUNTS: dict[str, Fate] = {
    "Entries": "mounts",
    "Locale": _UTF_8,
    "Lock": _NO_LOCK,
    **dict.fromkeys(CACHE_FIELDS, Lost("A mount has no such cache.")),
}
#: Fields whose fate is the same on all container platforms: an attribute of ``ContainerProgram``, or lost.
FIELDS_OF_CONTAINERS: Mapping[str, Fate] = {
    "Type": "must be DAG",
    "JobFailOnInstanceFail": "exit code of the script",
    "App": Lost("Only a job of Type DAG has tasks.", "a job of Type DAG"),
    "DAG.Dependencies": "edges of the graph",
    "TaskName": "must be the task's name",
    "Parameters.Command.CommandLine": "script",
    "Parameters.Command.PackagePath": "mounts, unpacked by the script",
    "Parameters.Command.EnvVars": "variables",
    "Parameters.Command.Docker.Image": "image",
    "Parameters.Command.Docker.RunMode": Lost("A container platform has one way to run an image."),
    "Parameters.InputMappingConfig.Locale": _UTF_8,
    "Parameters.InputMappingConfig.Lock": _NO_LOCK,
    "Parameters.StdoutRedirectPath": "mounts, written by the script",
    "Parameters.StderrRedirectPath": "mounts, written by the script",
    "InputMapping": "mounts",
    "OutputMapping": "mounts, copied to by the script",
    "LogMapping": "mounts, copied to by the script",
    "WriteSupport": Lost(
        "Writing to an input would change its objects.", "false, and an OutputMapping at another place"
    ),
    "Timeout": "timeout, kept by the script",
    "MaxRetryCount": "retries, made by the script",
    "InstanceCount": "instance_count",
    **{f"{mounts}.{name}": fate for mounts in MOUNTS for name, fate in _MOUNTS.items()},
    "AutoCluster.ImageId": "image",
    "AutoCluster.ECSImageId": "image",
    "AutoCluster.UserData": Lost("A container has no metadata service.", "the values in EnvVars"),
    "AutoCluster.DependencyIsvService": Lost("A container platform has no such service."),
}

#: Fields that no conversion can do without.
_ESSENTIAL = ("Name", "Type", "DAG.Dependencies", "Parameters.Command.CommandLine", "InstanceCount")
#: Objects and arrays of the description that are one field.
_COLLECTIONS = (
    *("Parameters.Command.EnvVars", "InputMapping", "OutputMapping", "LogMapping"),
    *(f"{mounts}.Entries" for mounts in MOUNTS),
)


class LostField(NamedTuple):
    """A field that the description gives and the target loses.

    :ivar path: path of the field
    :ivar fate: the reason, and what the author writes instead
    :ivar found: the value as it may be shown
    """

    path: str
    fate: Lost
    found: str


@dataclass(frozen=True)
class FieldTable:
    """The fate of each field of a BatchCompute job on one target.

    Example: ``FieldTable({**FIELDS_OF_CONTAINERS, "Name": "metadata.name", "Description": Lost("A Job has none.")})``.

    :ivar fates: path -> fate
    :ivar ignorable: paths that an author may leave out: fields, and objects with all that they hold
    """

    fates: Mapping[str, Fate]
    ignorable: frozenset[str] = field(init=False)
    _structure: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        parents = _parents(self.fates)
        essential = {*_ESSENTIAL, *_parents(_ESSENTIAL)}
        object.__setattr__(self, "ignorable", frozenset(({*self.fates} | parents) - essential))
        object.__setattr__(self, "_structure", frozenset({"DAG", "DAG.Tasks", *parents, *_COLLECTIONS}))

    def can_leave_out(self, path: str) -> bool:
        """Tell whether a conversion can do without a field: one of the table that may be ignored, or an unknown one."""
        known = any(path == name or path.startswith(f"{name}.") for name in self.fates)
        known = known or path in _parents(self.fates) or path.partition(".")[0] == "DAG"
        return path in self.ignorable or not known

    def left_out(self, ignore: Collection[str], task: str) -> frozenset[str]:
        """Return the fields in ``ignore`` that the conversion of a task leaves out.

        :param ignore: paths in the job or in a task, or those of violations, which begin with the task
        """
        paths = (name.removeprefix(f"DAG.Tasks.{task}.") for name in ignore)
        return frozenset(filter(self.can_leave_out, paths))

    def is_open(self, job: Mapping[str, Any]) -> bool:
        """Tell whether a template stands for more than a value, so that little is known before it is rendered."""
        dag = job.get("DAG")
        tasks = dag.get("Tasks") if isinstance(dag, Mapping) else dag
        if is_template(tasks) or not isinstance(tasks, Mapping):
            return is_template(tasks)
        return any(is_template(name) or is_template(task) or self._is_open(task, "") for name, task in tasks.items())

    def _is_open(self, value: Any, path: str) -> bool:
        if path in self._structure and is_template(value):
            return True
        if isinstance(value, Mapping):
            return any(self._is_open(element, _inner(path, name)) for name, element in value.items())
        return isinstance(value, (list, tuple)) and any(self._is_open(element, path) for element in value)

    def lost(self, value: Any, given: Collection[str], *, templates: bool, path: str = "") -> Iterator[LostField]:
        """Yield the fields of a description, or of a task, that the target loses.

        :param given: fields of the target's own job that the author gives
        :param templates: skip values that hold a Jinja template
        """
        fate = self.fates.get(path)
        if isinstance(fate, Lost):
            pending = templates and is_template(value)
            if not pending and not _is_harmless(value, fate) and fate.replaced_by not in given:
                secret = not set(_SECRET).isdisjoint(path.split("."))
                yield LostField(path, fate, shown(value, secret))
        elif fate is None and isinstance(value, Mapping):
            for name, element in value.items():
                yield from self.lost(element, given, templates=templates, path=_inner(path, name))


def without(value: Any, ignored: Collection[str], path: str = "") -> Any:
    """Copy a description, or a task, without the fields named in ``ignored``."""
    if isinstance(value, Mapping):
        paths = {name: _inner(path, name) for name in value}
        return {name: without(item, ignored, paths[name]) for name, item in value.items() if paths[name] not in ignored}
    if isinstance(value, (list, tuple)):
        return [without(element, ignored, path) for element in value]
    return value


def idle_fields(task: Mapping[str, Any]) -> set[str]:
    """Return the fields that say nothing in this task: settings of inputs, or of mounts, that it does not have.

    >>> task = {"Mounts": {"Entries": [{"Source": "nas://fs/"}]}, "InputMapping": {"oss://bucket/": "/in"}}
    >>> sorted(idle_fields(task))
    ['AutoCluster.Configs.Mounts', 'Mounts.OSS']
    """
    inputs = task.get("InputMapping")
    has_inputs = any(inputs.values()) if isinstance(inputs, Mapping) else bool(inputs)
    idle = set() if has_inputs else {"WriteSupport", "Parameters.InputMappingConfig"}
    disk = _at(task, _DATA_DISK)
    if isinstance(disk, Mapping) and not disk.get("Size") and not disk.get("MountPoint"):
        idle.add(_DATA_DISK)
    if _at(task, "Mounts.Entries"):
        # They take precedence over those of the cluster.
        idle.add("AutoCluster.Configs.Mounts")
    for path in MOUNTS:
        value = _at(task, f"{path}.Entries")
        if not value:
            idle.add(path)
            continue
        sources = [entry.get("Source") for entry in value if isinstance(entry, Mapping)]
        if not any(map(is_template, [value, *value, *sources])):
            schemes = {str(source).partition("://")[0] for source in sources}
            idle.update(f"{path}.{name}" for name, scheme in _OF_SCHEME.items() if scheme not in schemes)
    return idle


def _at(task: Mapping[str, Any], path: str) -> Any:
    value: Any = task
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _inner(path: str, name: Any) -> str:
    return f"{path}.{name}" if path else str(name)


def _parents(paths: Iterable[str]) -> set[str]:
    """Return the objects that fields stand in."""
    return {".".join(path.split(".")[:length]) for path in paths for length in range(1, path.count(".") + 1)}


def _is_harmless(value: Any, lost: Lost) -> bool:
    """Tell whether a value loses nothing; clients send empty objects and texts for "not set", at any depth."""
    if isinstance(value, Mapping):
        return all(_is_harmless(element, lost) for element in value.values())
    if isinstance(value, (list, tuple)):
        return not value
    # False, and a size or a time of 0, say nothing either.
    return value is None or value in ("", 0) or str(value).lower() in lost.harmless
