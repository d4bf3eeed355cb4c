"""Convert a BatchCompute job of one task into the body of a PAI-DLC job."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil
from typing import Any, NamedTuple

from airflow_provider_bcs.container.findings import CODE, Findings
from airflow_provider_bcs.container.site import Site
from airflow_provider_bcs.container.work import Work
from airflow_provider_bcs.description.template import is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.dlc.facts import MAX_BODY_SIZE
from airflow_provider_bcs.dlc.rules import validate_job

from .fields import is_open, lost_advice, lost_fields, without
from .options import Options
from .resources import RESERVED_MINUTES, job_spec

#: Seconds between SIGTERM and SIGKILL at a Timeout; the script has the same.
_GRACE_SECONDS = 10
#: What a job may take besides its program: for its package and its outputs.
_SPARE_MINUTES = 60
#: What the script stands on.
_FIXED = ("JobType", "UserCommand", "DisplayName")
_SITE = Site.of("cn-region")


class Converted(NamedTuple):
    """A PAI-DLC job, and what is wrong with it.

    :ivar body: of CreateJob; of use only when there are no violations and nothing is left to be rendered
    """

    body: dict[str, Any]
    violations: list[Violation]


def convert(job: Mapping[str, Any], options: Options, site: Site = _SITE, *, templates: bool = False) -> Converted:
    """Convert a valid BatchCompute job of one task.

    :param templates: leave values alone that hold a Jinja template, and find out what can be known without them
    :raises ValueError: when it has not one task
    """
    if templates and is_open(job):
        return Converted({}, [])
    tasks = (job.get("DAG") or {}).get("Tasks") or {}
    if len(tasks) != 1:
        raise ValueError(
            f"A PAI-DLC job is made of a BatchCompute job of one task; job {job['Name']} has {len(tasks)}."
            ' job_to_dag(..., run_as="dlc") makes one of each.'
        )
    return _Conversion(job, options, site, templates).run()


class _Conversion:
    def __init__(self, job: Mapping[str, Any], options: Options, site: Site, templates: bool) -> None:
        [(self._name, task)] = job["DAG"]["Tasks"].items()
        self._job = without({**job, "DAG": {}}, options.ignore)
        self._task: dict[str, Any] = without(task, options.ignore)
        self._options = options
        self._site = site
        self._templates = templates
        self._findings = Findings(f"DAG.Tasks.{self._name}", templates=templates)

    def run(self) -> Converted:
        extra = self._extra()
        self._lost(extra)
        self._cluster(extra)
        title = f"Task {self._name} of the BatchCompute job {_one_line(self._job['Name'])}."
        fails = self._job.get("JobFailOnInstanceFail")
        work = Work(self._name, self._task, title, fails, self._site, self._findings)
        body = _merged(self._body(work, extra), extra)
        violations = self._findings.violations
        if not violations:
            violations = [self._explained(item) for item in validate_job(body, templates=self._templates)]
        return Converted(body, violations)

    def _extra(self) -> Mapping[str, Any]:
        extra = self._options.dlc_job
        if not extra or self._findings.pending(extra):
            return {}
        if not isinstance(extra, Mapping):
            found = type(extra).__name__
            self._findings.add("dlc_job", "It must be fields of CreateJob.", f"Found {found}; right is an object")
            return {}
        for name in _FIXED:
            if name in extra:
                self._findings.add(
                    f"dlc_job.{name}", "It is made from the task.", "Found it in dlc_job; right is to leave it out"
                )
        if len(extra.get("JobSpecs") or ()) > 1:
            count = len(extra["JobSpecs"])
            self._findings.add("dlc_job.JobSpecs", "A task has one role.", f"Found {count}; right is one")
        return extra

    def _lost(self, extra: Mapping[str, Any]) -> None:
        for fields in (self._job, self._task):
            for path, lost, value in lost_fields(fields, extra, templates=self._templates):
                self._findings.add(path, lost.why, lost_advice(path, lost, value), ignore=path)
        own = self._task.get("TaskName")
        if own and own != self._name and not self._findings.pending(own):
            right = f"Found {own!r}; right is {self._name!r}"
            self._findings.add("TaskName", "The task has another name.", right, ignore="TaskName")

    def _cluster(self, extra: Mapping[str, Any]) -> None:
        cluster = self._task.get("AutoCluster") or {}
        on_quota = bool(extra.get("ResourceId")) or is_template(self._options.dlc_job)
        for path, value in (
            ("ClusterId", self._task.get("ClusterId")),
            ("AutoCluster.ClusterId", cluster.get("ClusterId")),
        ):
            if value and not on_quota and not self._findings.pending(value):
                advice = f"Found {value!r}; right is the ResourceId of a quota in dlc_job"
                self._findings.add(path, "A pod runs on no cluster of BatchCompute.", advice, ignore=path)

    def _body(self, work: Work, extra: Mapping[str, Any]) -> dict[str, Any]:
        minutes = ceil((work.timeout + _GRACE_SECONDS) * work.attempts / 60) + _SPARE_MINUTES
        priority = self._job.get("Priority")
        cluster = self._task.get("AutoCluster") or {}
        body = {
            "DisplayName": self._job["Name"],
            "Description": self._job.get("Description"),
            "JobType": "PyTorchJob",
            "JobSpecs": [job_spec(self._task, self._options, self._findings)],
            **work.fields,
            "JobMaxRunningTimeMinutes": minutes,
        }
        if isinstance(priority, int) and extra.get("ResourceId"):
            # Elsewhere it has no effect.
            body["Priority"] = min(9, 1 + priority * 9 // 1001)
        if cluster.get("ReserveOnFail") is True:
            body["Settings"] = {"JobReservedPolicy": "OnFailure", "JobReservedMinutes": RESERVED_MINUTES}
        return {name: value for name, value in body.items() if value not in (None, "", [])}

    def _explained(self, found: Violation) -> Violation:
        """Say of the size of a request which field makes it."""
        if found.path != "$":
            return found
        command = self._task["Parameters"]["Command"]
        line, variables = (len(json.dumps(command.get(name) or "")) for name in ("CommandLine", "EnvVars"))
        advice = f"{found.advice} CommandLine has {line} bytes, EnvVars {variables} of at most {MAX_BODY_SIZE} in all."
        return Violation(f"DAG.Tasks.{self._name}.Parameters.Command", CODE, found.message, advice)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects at every level; the one role is one, and more data is mounted besides the task's."""
    merged = dict(body)
    for name, value in extra.items():
        mine = merged.get(name)
        if isinstance(value, Mapping) and isinstance(mine, Mapping):
            merged[name] = _merged(dict(mine), value)
        elif name == "JobSpecs" and isinstance(mine, list) and value:
            merged[name] = [_merged(mine[0], value[0])]
        elif name == "DataSources" and isinstance(mine, list):
            merged[name] = [*mine, *value]
        else:
            merged[name] = value
    return merged
