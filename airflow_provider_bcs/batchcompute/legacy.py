"""Convert jobs of the service's first API (2015-06-30) to the second one (2015-11-11).

A field with a counterpart is converted, a field without one gives a note, and an unknown field is a violation: nothing
is lost silently. The defaults are those of the objects of the first API's Python SDK.
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
#: Longest Timeout of the first API, in seconds.
_TIMEOUT = 86_400
#: Ranges of the first API, in hundredths of a core and in MB; the lowest value is the default.
_CPU, _MEMORY = range(800, 2_401), range(2_000, 65_537)


#: ProgramType -> function from ProgramName to the words of the command.
_COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "python": lambda name: ["python", name],
    "php": lambda name: ["php", name],
    "java": lambda name: ["java", "-jar", name] if name.endswith(".jar") else ["java", name],
    # The service unpacks the package into the working directory, which is not in PATH.
    "native": lambda name: [name if "/" in name else f"./{name}"],
}


@dataclass
class Conversion:
    """Result of a conversion.

    :ivar job: the job of the second API; valid only without violations
    :ivar violations: fields that cannot be converted, with paths of the first API
    :ivar notes: a sentence for each field that has no counterpart or another meaning now
    """

    job: dict[str, Any]
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_legacy(job: Mapping[str, Any]) -> bool:
    """Return whether a job description is one of the first API, by its top-level names.

    >>> is_legacy({"JobName": "find-prime", "TaskDag": {}})
    True
    """
    return not _FIRST.isdisjoint(job) and _SECOND.isdisjoint(job)


def from_v1(job: Mapping[str, Any], instance_types: InstanceTypes = INSTANCE_TYPES) -> tuple[dict[str, Any], list[str]]:
    """Return a job of the first API in the form of the second, and a note for each field without a counterpart.

    :param job: a dict of plain values
    :param instance_types: name of an instance type -> its cores and its memory in MB; a task gets the smallest type
        that its ResourceDescription fits into
    :raises InvalidJobError: for an unknown field or program type, or when no instance type is large enough
    """
    conversion = _convert(job, instance_types)
    if conversion.violations:
        raise InvalidJobError(conversion.violations)
    return conversion.job, conversion.notes


def as_current(job: dict[str, Any], instance_types: InstanceTypes = INSTANCE_TYPES) -> Conversion:
    """Convert a job of the first API; return a job of the second API unchanged."""
    if not is_legacy(job):
        return Conversion(job)
    return _convert(job, instance_types)


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
    """Return the fields whose name changes and whose value stays."""
    for name, value in given.items():
        if name in without_counterpart and not is_absent(value):
            found.notes.append(f"{path}{name} has no counterpart and is left out.")
        elif name not in (known := (*names, *without_counterpart, *derived)):
            found.violations.append(_invalid(path + name, f"There is no such field{did_you_mean(name, known)}"))
    return {names[name]: value for name, value in given.items() if name in names and not is_absent(value)}


@dataclass(frozen=True)
class _Task:
    """Task of the first API.

    :ivar path: path of the task, with a dot at its end
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
                f"{self.path}OssMapping: the first API copied changes of these files back, InputMapping does not;"
                " name files to keep in OutputMapping, with another local path."
            )
        return content

    def _value(self, name: str, value: Any) -> Any:
        if name in ("StdoutRedirectPath", "StderrRedirectPath") and isinstance(value, str):
            # In the first API, this is a directory with or without a slash at its end.
            if not (is_template(value) and value.endswith("}")):
                return value if value.endswith("/") else f"{value}/"
            self.found.notes.append(f"{self.path}{name} ends in a template: the rendered value has to end in '/'.")
        if name == "InstanceCount" and isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            # According to the page, it is a text.
            return int(value)
        return value

    def _command_line(self) -> str:
        program = {name: "" if is_absent(self.given.get(name)) else self.given[name] for name in fields.PROGRAM}
        for name, value in program.items():
            if not isinstance(value, str):
                return self._wrong(name, f"Found {value!r}; expected a text, with or without a template.")
        name, kind, arguments = program.values()
        kind = kind or "python"
        if kind not in _COMMANDS:
            return self._wrong("ProgramType", f"Found {kind!r}; expected one of {', '.join(_COMMANDS)}.")
        if not name:
            return self._wrong("ProgramName", "Found none; expected the name of the program to run.")
        # The service splits CommandLine into words; ProgramName was one word.
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
                    f"{self.path}{name} {value} is not in [{allowed.start}, {allowed.stop - 1}], the range of the first"
                    " API; the task gets the smallest instance type with as much."
                )
            needs.append(value)
        cpu, memory = needs
        return smallest(instance_types, cpu, memory) or self._wrong(
            "ResourceDescription",
            f"Found {cpu / 100:g} cores and {memory} MB; expected at most the largest instance type. Give a table with"
            " a larger one (--instance-types, or from_v1(job, table)).",
        )

    def _wrong(self, name: str, advice: str) -> str:
        """Record a violation; return an empty text in place of the value."""
        self.found.violations.append(_invalid(f"{self.path}{name}", advice))
        return ""


def _invalid(path: str, advice: str) -> Violation:
    name = path.rpartition(".")[2]
    return Violation(path, *invalid_parameter(name), advice)
