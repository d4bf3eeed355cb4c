"""Jobs of the service's first API (2015-06-30) as jobs of the second one (2015-11-11).

What has a counterpart is carried over, what has none is named in a sentence, and what is unknown is a violation:
nothing is lost silently. The defaults are those that the objects of the first API's Python SDK fill in.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_bcs.description.rules import shown
from airflow_provider_bcs.description.values import is_absent, is_template
from airflow_provider_bcs.description.violation import Violation, did_you_mean
from airflow_provider_bcs.exceptions import InvalidJobError
from airflow_provider_bcs.http.facts import invalid_parameter

from . import legacy_fields as fields
from .instance_types import INSTANCE_TYPES, InstanceTypes, smallest

_FIRST = frozenset({"JobName", "TaskDag", "JobTag"})
_SECOND = frozenset({"Name", "Type", "DAG", "App", "JobFailOnInstanceFail", "AutoRelease", "Notification"})
#: The longest that the first API allowed, in seconds.
_TIMEOUT = 86_400
#: What the first API allowed; the lowest is the default.
_CPU, _MEMORY = range(800, 2_401), range(2_000, 65_537)


#: ProgramType -> what makes the words of a command of ProgramName.
_COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "python": lambda name: ["python", name],
    "php": lambda name: ["php", name],
    "java": lambda name: ["java", "-jar", name] if name.endswith(".jar") else ["java", name],
    # The package is unpacked in the working directory, in which no program is looked for.
    "native": lambda name: [name if "/" in name else f"./{name}"],
}


@dataclass
class Conversion:
    """What became of a job.

    :ivar job: the job of the second API; to be used only when there are no violations
    :ivar violations: what cannot be converted; their paths are those of the first API
    :ivar notes: a sentence for each thing that has no counterpart or means something else now
    """

    job: dict[str, Any]
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_legacy(job: Mapping[str, Any]) -> bool:
    """Tell whether a job description is one of the first API, by the names at its top."""
    return not _FIRST.isdisjoint(job) and _SECOND.isdisjoint(job)


def from_v1(job: Mapping[str, Any], instance_types: InstanceTypes = INSTANCE_TYPES) -> tuple[dict[str, Any], list[str]]:
    """Return a job of the first API as one of the second, and a sentence for each thing that has no counterpart.

    :param job: a dict of plain values
    :param instance_types: name of an instance type -> its cores and its memory in MB; the smallest that has what a
        task's ResourceDescription asks for is taken
    :raises InvalidJobError: for an unknown field or program type, or when no instance type is large enough
    """
    conversion = _convert(job, instance_types)
    if conversion.violations:
        raise InvalidJobError(conversion.violations)
    return conversion.job, conversion.notes


def as_current(job: dict[str, Any], instance_types: InstanceTypes = INSTANCE_TYPES) -> Conversion:
    """Convert a job of the first API; one of the second is left as it is."""
    return _convert(job, instance_types) if is_legacy(job) else Conversion(job)


def _convert(job: Mapping[str, Any], instance_types: InstanceTypes) -> Conversion:
    found = Conversion({})
    found.job = {"Type": "DAG", **_carried(job, "", fields.JOB, found, fields.JOB_WITHOUT_COUNTERPART)}
    if isinstance(dag := found.job.get("DAG"), Mapping):
        found.job["DAG"] = content = _carried(dag, "TaskDag.", fields.DAG, found)
        if isinstance(tasks := content.get("Tasks"), Mapping):
            content["Tasks"] = {
                name: _Task(task, f"TaskDag.TaskDescMap.{name}.", found).converted(instance_types)
                if isinstance(task, Mapping)
                else task
                for name, task in tasks.items()
            }
    return found


def _carried(
    given: Mapping[str, Any],
    path: str,
    names: Mapping[str, str],
    found: Conversion,
    without_counterpart: Collection[str] = (),
    derived: Collection[str] = (),
) -> dict[str, Any]:
    """Return the fields that only change their names."""
    for name, value in given.items():
        if name in without_counterpart and not is_absent(value):
            found.notes.append(f"{path}{name} has no counterpart and is left out.")
        elif name not in (known := (*names, *without_counterpart, *derived)):
            found.violations.append(_invalid(path + name, f"There is no such field{did_you_mean(name, known)}"))
    return {names[name]: value for name, value in given.items() if name in names and not is_absent(value)}


@dataclass(frozen=True)
class _Task:
    """A task of the first API.

    :ivar path: where it stands, with a dot at the end
    """

    given: Mapping[str, Any]
    path: str
    found: Conversion

    def converted(self, instance_types: InstanceTypes) -> dict[str, Any]:
        content: dict[str, Any] = {
            "Parameters": {"Command": {"CommandLine": self._command_line()}},
            "InstanceCount": 1,
            "Timeout": _TIMEOUT,
            "AutoCluster": {"InstanceType": self._instance_type(instance_types), "ResourceType": "OnDemand"},
        }
        carried = _carried(
            self.given, self.path, fields.TASK, self.found, fields.TASK_WITHOUT_COUNTERPART, fields.DERIVED
        )
        for place, value in carried.items():
            *parents, name = place.split(".")
            target = content
            for parent in parents:
                target = target.setdefault(parent, {})
            target[name] = self._value(name, value)
        if content.get("InputMapping"):
            self.found.notes.append(
                f"{self.path}OssMapping: the first API wrote back what a task changed there, InputMapping does not;"
                " name in OutputMapping, with another local path, what is to be kept."
            )
        return content

    def _value(self, name: str, value: Any) -> Any:
        if name in ("StdoutRedirectPath", "StderrRedirectPath") and isinstance(value, str):
            # The first API meant a directory, with or without a slash at the end.
            if not (is_template(value) and value.endswith("}")):
                return value if value.endswith("/") else f"{value}/"
            self.found.notes.append(f"{self.path}{name} ends in a template: what it gives has to end in '/'.")
        if name == "InstanceCount" and isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            # The page says that it is a text.
            return int(value)
        return value

    def _command_line(self) -> str:
        program = {name: "" if is_absent(self.given.get(name)) else self.given[name] for name in fields.PROGRAM}
        for name, value in program.items():
            if not isinstance(value, str):
                return self._wrong(name, f"Found {value!r}; expected a text, which may hold a template.")
        name, kind, arguments = program.values()
        kind = kind or "python"
        if kind not in _COMMANDS:
            return self._wrong("ProgramType", f"Found {kind!r}; expected one of {', '.join(_COMMANDS)}.")
        if not name:
            return self._wrong("ProgramName", "There is none; expected the name of the program to run.")
        # CommandLine is split into words, of which the name was one.
        words = [word if is_template(word) else shlex.quote(word) for word in _COMMANDS[kind](name)]
        return " ".join([*words, arguments] if arguments else words)

    def _instance_type(self, instance_types: InstanceTypes) -> str:
        resource = self.given.get("ResourceDescription")
        resource = {} if is_absent(resource) else resource
        if not isinstance(resource, Mapping):
            found = shown(resource, secret=False)
            return self._wrong("ResourceDescription", f"Found {found}; expected an object with Cpu and Memory.")
        _carried(resource, f"{self.path}ResourceDescription.", {}, self.found, derived=fields.RESOURCE)
        needs = []
        for name, unit, allowed in (("Cpu", "100 for each core", _CPU), ("Memory", "in MB", _MEMORY)):
            value = allowed.start if is_absent(resource.get(name)) else resource[name]
            name = f"ResourceDescription.{name}"
            if type(value) is not int or value < 1:
                found = "a template" if is_template(value) else repr(value)
                return self._wrong(name, f"Found {found}; expected a whole number, {unit}: it chooses InstanceType.")
            if value not in allowed:
                self.found.notes.append(
                    f"{self.path}{name} {value} is not in [{allowed.start}, {allowed.stop - 1}], which the first API"
                    " allowed; the smallest instance type that has as much is taken."
                )
            needs.append(value)
        cpu, memory = needs
        return smallest(instance_types, cpu, memory) or self._wrong(
            "ResourceDescription",
            f"No instance type is large enough for {cpu / 100:g} cores and {memory} MB; give a table that holds one"
            " (--instance-types, or from_v1(job, table)).",
        )

    def _wrong(self, name: str, advice: str) -> str:
        """Note a violation; what is returned stands for the value that cannot be made."""
        self.found.violations.append(_invalid(f"{self.path}{name}", advice))
        return ""


def _invalid(path: str, advice: str) -> Violation:
    name = path.rpartition(".")[2]
    return Violation(path, *invalid_parameter(name), advice)
