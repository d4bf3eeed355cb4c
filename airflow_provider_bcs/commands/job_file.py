"""Files that the commands read: their content, errors with line numbers, and warnings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_bcs import batchcompute, dlc
from airflow_provider_bcs.batchcompute import rules
from airflow_provider_bcs.batchcompute.cluster import rules as cluster_rules
from airflow_provider_bcs.batchcompute.file_lines import with_lines
from airflow_provider_bcs.batchcompute.instance_types import INSTANCE_TYPES, InstanceTypes
from airflow_provider_bcs.batchcompute.legacy import as_current, is_legacy
from airflow_provider_bcs.description.buckets import bucket_warnings
from airflow_provider_bcs.description.ignore import is_ignored, not_ignored, path_of_warning, warnings_not_ignored
from airflow_provider_bcs.description.model import Description
from airflow_provider_bcs.description.source import FILE_SUFFIXES, parse_description, read_text
from airflow_provider_bcs.description.violation import JobWarning, Violation
from airflow_provider_bcs.dlc import rules as dlc_rules
from airflow_provider_bcs.exceptions import JobSourceError, JobSyntaxError
from airflow_provider_bcs.translator.plan import Plan, plan_job

from . import CommandError, one_line

__all__ = ["JobFile", "check", "check_graph"]


_SUFFIXES = f"one of {', '.join(FILE_SUFFIXES)}"
#: Suffix of a file of a vendor's tool -> the job file to make of it.
_EXPECTED = {
    ".cfg": "the JSON that 'bcs sub --file FILE.cfg --show_json' prints",
    ".params": "a JSON file of CreateJob; 'dlc get job JOB_ID' prints a job that was submitted with this file",
}


@dataclass(frozen=True)
class JobFile:
    """Content of a checked file.

    :ivar path: the file
    :ivar job: description in the current form of the API; empty when there are errors
    :ivar errors: one line per violation, in the form of compilers: ``file:line: text``
    :ivar warnings: one line per doubtful but valid value: ``file: warning: text``
    :ivar ignore: fields that the checks have passed over
    """

    path: Path
    job: dict[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ignore: Collection[str] = ()

    def plan(self) -> Plan:
        """Return the graph of the job.

        :raises CommandError: when a template stands for a part of the graph
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JobWarning)
            try:
                return plan_job(self.job, ignore=self.ignore)
            except ValueError as error:
                raise CommandError(f"{self.path}: {error}") from None


def check(
    path: Path,
    *,
    max_tasks: bool = True,
    instance_types: InstanceTypes = INSTANCE_TYPES,
    ignore: Collection[str] = (),
) -> JobFile:
    """Read a file of a job, cluster, image or app and check it by the rules of its service.

    :param path: the file
    :param max_tasks: whether more than 16 tasks are an error
    :param instance_types: instance types for a job of API 2015-06-30
    :param ignore: fields whose violations and warnings are passed over
    :return: content, errors and warnings; an unreadable file is an error too
    """
    # Not path.is_file(): it raises OSError for a name that is too long.
    suffix = path.suffix.lower()
    if os.path.isfile(path) and suffix not in FILE_SUFFIXES:
        return JobFile(
            path,
            errors=[
                _located(path, None, f"found suffix {path.suffix!r}; expected {_EXPECTED.get(suffix, _SUFFIXES)}.")
            ],
        )
    try:
        text = read_text(path)
        given = parse_description(text, name=str(path), yaml=suffix != ".json")
    except JobSourceError as error:
        line = error.line if isinstance(error, JobSyntaxError) else None
        return JobFile(path, errors=[_located(path, line, str(error).removeprefix(f"{path}").lstrip(": "))])
    kind = _kind(given)
    if kind is not _JOB:
        job, notes, job_warnings = given, [], kind.warnings
        violations = kind.validate(given)
    else:
        conversion = as_current(given, instance_types)
        job, notes, job_warnings = conversion.job, conversion.notes, rules.job_warnings
        violations = conversion.violations + rules.validate_job(job, max_tasks=max_tasks)
    if stopping := not_ignored(violations, ignore):
        lines = with_lines(stopping, text, legacy=is_legacy(given))
        return JobFile(path, errors=[_located(path, line, str(found)) for line, found in lines])
    doubts = [*notes, *job_warnings(job)]
    paths = [*(item.path for item in violations), *map(path_of_warning, doubts)]
    doubts = warnings_not_ignored(doubts, ignore)
    for name in ignore:
        near = kind.near_field(name)
        if near is not None and not any(is_ignored(path_of_field, [name]) for path_of_field in paths):
            doubts.append(f"ignore: found {name!r}, which is no field of {kind.name}{near}")
    return JobFile(path, job, warnings=[_located(path, None, f"warning: {text}") for text in doubts], ignore=ignore)


def check_graph(path: Path, instance_types: InstanceTypes = INSTANCE_TYPES, *, ignore: Collection[str] = ()) -> JobFile:
    """Read a BatchCompute job file with any number of tasks.

    :param path: the file
    :param instance_types: instance types for a job of API 2015-06-30
    :param ignore: fields whose violations and warnings are passed over
    :raises CommandError: when the file has errors, or describes something else
    """
    found = check(path, max_tasks=False, instance_types=instance_types, ignore=ignore)
    if found.errors:
        raise CommandError("\n".join(found.errors))
    kind = _kind(found.job)
    if kind is not _JOB:
        raise CommandError(
            _located(path, None, f"{kind.name} has no graph; {kind.taker} accepts the file without translation.")
        )
    return found


class _Kind(NamedTuple):
    """Kind of description.

    :ivar name: name with its article, for messages
    :ivar model: model of the description
    :ivar validate: returns the violations of a description
    :ivar taker: operator or method that accepts the description
    :ivar warnings: returns the warnings of a description
    :ivar near_field: returns None for a field of the description, else the end of a sentence with the nearest field
    """

    name: str
    model: type[Description]
    validate: Callable[[dict[str, Any]], list[Violation]]
    taker: str = ""
    warnings: Callable[[dict[str, Any]], Iterable[str]] = lambda description: []
    near_field: Callable[[str], str | None] = lambda name: None


_JOB = _Kind("a BatchCompute job", batchcompute.JobDescription, batchcompute.validate_job, near_field=rules.near_field)
_KINDS = (
    _JOB,
    _Kind(
        "a PAI-DLC job",
        dlc.JobDescription,
        dlc.validate_job,
        "DlcSubmitJobOperator",
        dlc.job_warnings,
        dlc_rules.near_field,
    ),
    _Kind(
        "a cluster",
        batchcompute.ClusterDescription,
        batchcompute.validate_cluster,
        "BatchComputeCreateClusterOperator",
        bucket_warnings,
        cluster_rules.near_field,
    ),
    _Kind("an image", batchcompute.ImageDescription, batchcompute.validate_image, "Client.create_image"),
    _Kind("an app", batchcompute.AppDescription, batchcompute.validate_app, "Client.create_app", bucket_warnings),
)


def _kind(given: dict[str, Any]) -> _Kind:
    """Return the kind whose model has most of the given fields."""
    return _JOB if is_legacy(given) else max(_KINDS, key=lambda kind: len(given.keys() & kind.model.model_fields))


def _located(path: Path, line: int | None, text: str) -> str:
    return one_line(f"{path}: {text}" if line is None else f"{path}:{line}: {text}")
