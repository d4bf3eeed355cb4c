"""Convert a BatchCompute job of one task into the body of a PAI-DLC job."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from math import ceil
from typing import Any, NamedTuple

from airflow_provider_bcs.container.field_table import idle_fields, without
from airflow_provider_bcs.container.findings import CODE, Findings
from airflow_provider_bcs.container.platform import Platform
from airflow_provider_bcs.container.program import ContainerProgram, container_program, the_task
from airflow_provider_bcs.container.script import without_runtime
from airflow_provider_bcs.container.site import Site
from airflow_provider_bcs.description.ignore import not_ignored
from airflow_provider_bcs.description.secrets import without_secrets
from airflow_provider_bcs.description.source import PlainDescription
from airflow_provider_bcs.description.values import is_template
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.dlc.facts import MAX_BODY_SIZE
from airflow_provider_bcs.dlc.rules import check_description, job_warnings
from airflow_provider_bcs.exceptions import InvalidJobError

from .data_sources import data_sources
from .fields import FIELDS
from .options import Options
from .resources import job_spec

#: A pod of a PyTorchJob: ``dlc1abc-master-0`` or ``dlc1abc-worker-3``.
_PLATFORM = Platform(
    job=("${bc_pod%-master-*}", "${bc_job%-worker-*}"),
    rank="${RANK:-0}",
    variables=(
        *("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "NPROC_PER_NODE", "TF_CONFIG"),
        *("JOB_NAME", "CUSTOM_PORTS"),
    ),
)
#: Seconds between SIGTERM and SIGKILL at a Timeout; the script has the same.
_GRACE_SECONDS = 10
#: Minutes that a job may take besides its program: for its package and its outputs.
_SPARE_MINUTES = 60
#: How long PAI-DLC keeps the pods of a failed job, where ReserveOnFail asks for it.
_RESERVED_MINUTES = 60
#: Fields that the script relies on.
_FIXED = ("JobType", "UserCommand", "DisplayName")
_SITE = Site.of("cn-region")


class Converted(NamedTuple):
    """A PAI-DLC job, and what is wrong with it.

    :ivar body: of CreateJob; valid only when there are no violations and no templates
    :ivar violations: fields that cannot be carried over, or rules of PAI-DLC that the body breaks
    """

    body: dict[str, Any]
    violations: list[Violation]

    @property
    def warnings(self) -> list[str]:
        """A sentence for each valid value of the body that may not have the effect that the author expects."""
        # The BatchCompute job itself has the warnings about its buckets.
        return [text for text in job_warnings(PlainDescription(self.body)) if ".Uri: found bucket " not in text]


def convert(job: Mapping[str, Any], options: Options, site: Site = _SITE, *, templates: bool = False) -> Converted:
    """Convert a valid BatchCompute job of one task.

    :param job: the job, in the service's current form
    :param options: what the job does not say
    :param site: region and object store of the pods; the default serves to find violations
    :param templates: accept values that hold a Jinja template, and find out what can be known without them
    """
    if templates and FIELDS.is_open(job):
        return Converted({}, [])
    try:
        name, task = the_task(job)
    except InvalidJobError as error:
        return Converted({}, error.violations)
    findings = Findings(name, templates=templates)
    extra = _extra(options.dlc_job, findings)
    left_out = FIELDS.left_out(options.ignore, name)
    _add_lost(job, task, left_out, extra, findings)
    program = container_program(job, _PLATFORM, site, ignore=left_out, templates=templates)
    if not extra.get("ResourceId") and not is_template(options.dlc_job):
        _add_clusters(program, findings)
    body = _merged(_body(program, options, extra, site, findings), extra)
    violations = [*findings.violations, *program.violations]
    if not violations:
        found = not_ignored(check_description(body, templates=templates), options.ignore)
        violations = [_explained(item, name, task) for item in found]
    return Converted(body, violations)


def shown_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a converted job as people read it: without its secrets, and with a short ``UserCommand``.

    The script comes last. What cuts a long text then leaves the other fields.
    """
    script = {"UserCommand": without_runtime(body["UserCommand"])}
    shown: dict[str, Any] = without_secrets({name: value for name, value in body.items() if name not in script})
    return {**shown, **without_secrets(script)}


def _extra(extra: Any, findings: Findings) -> Mapping[str, Any]:
    """Check ``dlc_job``; return it, or nothing when it cannot be merged."""
    if not extra or findings.pending(extra):
        return {}
    if not isinstance(extra, Mapping):
        found = f"the type {type(extra).__name__}"
        findings.add("dlc_job", "It must be fields of CreateJob.", found, "an object", of_task=False)
        return {}
    for name in _FIXED:
        if name in extra:
            path = f"dlc_job.{name}"
            findings.add(path, "The conversion makes it from the task.", "a value", "no value", of_task=False)
    if (count := len(extra.get("JobSpecs") or ())) > 1:
        findings.add("dlc_job.JobSpecs", "A task has one role.", str(count), "one", of_task=False)
    return extra


def _add_lost(
    job: Mapping[str, Any],
    task: Mapping[str, Any],
    left_out: Collection[str],
    extra: Mapping[str, Any],
    findings: Findings,
) -> None:
    for of_task, fields in ((False, {**job, "DAG": {}}), (True, without(task, idle_fields(task)))):
        given = without(fields, left_out)
        for path, fate, found in FIELDS.lost(given, extra, templates=findings.templates):
            findings.add(path, fate.why, found, fate.expected, ignore=path, of_task=of_task)


def _add_clusters(program: ContainerProgram, findings: Findings) -> None:
    for path, name in program.resources.clusters.items():
        if not findings.pending(name):
            expected = "the ResourceId of a quota in dlc_job, and its resources as instance_type"
            findings.add(path, "A pod runs on no cluster of BatchCompute.", repr(name), expected, ignore=path)


def _body(
    program: ContainerProgram, options: Options, extra: Mapping[str, Any], site: Site, findings: Findings
) -> dict[str, Any]:
    attempts = program.retries + 1
    body = {
        "DisplayName": program.job,
        "Description": program.description,
        "JobType": "PyTorchJob",
        "JobSpecs": [job_spec(program, options, findings)],
        "UserCommand": program.script,
        "Envs": dict(program.variables),
        "DataSources": data_sources(program.mounts, site.oss_endpoint),
        "JobMaxRunningTimeMinutes": ceil((program.timeout + _GRACE_SECONDS) * attempts / 60) + _SPARE_MINUTES,
    }
    if isinstance(program.priority, int) and extra.get("ResourceId"):
        # Without a quota the priority has no effect.
        body["Priority"] = min(9, 1 + program.priority * 9 // 1001)
    if program.keeps_failed:
        body["Settings"] = {"JobReservedPolicy": "OnFailure", "JobReservedMinutes": _RESERVED_MINUTES}
    return {name: value for name, value in body.items() if value not in (None, "", [])}


def _explained(found: Violation, name: str, task: Mapping[str, Any]) -> Violation:
    """Name the field that makes a request too large."""
    if found.path != "$":
        return found
    command = task["Parameters"]["Command"]
    line, variables = (len(json.dumps(command.get(field) or "")) for field in ("CommandLine", "EnvVars"))
    advice = f"{found.advice} CommandLine has {line} bytes, EnvVars {variables} of at most {MAX_BODY_SIZE} in all."
    return Violation(f"DAG.Tasks.{name}.Parameters.Command", CODE, found.message, advice)


def _merged(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """Merge objects at every level; ``JobSpecs`` role by role, and DataSources are added."""
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
