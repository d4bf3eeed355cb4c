"""Lines of a job file that break rules."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from airflow_provider_bcs.description.position import Positions
from airflow_provider_bcs.description.source import parse_description, read_text
from airflow_provider_bcs.description.violation import Violation
from airflow_provider_bcs.exceptions import BcsError, DescriptionError, InvalidJobError, JobSourceError, JobSyntaxError

from .legacy import is_legacy
from .legacy_fields import v1_path

__all__ = ["in_file", "in_its_file", "with_lines"]


def in_its_file(error: DescriptionError) -> BcsError:
    """Return the error of a description with ``file:line:`` before each problem, when its source is a file."""
    return in_file(error, error.source, read_text(error.source)) if os.path.isfile(error.source) else error


def in_file(error: BcsError, file: str, text: str) -> BcsError:
    """Return the error of a description with ``file:line:`` before each problem.

    :param error: any error; an error that is not about the text is returned as it is
    :param file: name of the file, as the author knows it
    :param text: content of the file

    >>> from airflow_provider_bcs.batchcompute import validate_job
    >>> text = '{"Name": "nightly",\\n "Type": "DAG",\\n "Priority": 1001,\\n "DAG": {"Tasks": {}}}'
    >>> error = in_file(InvalidJobError(validate_job(text)), "nightly.json", text)
    >>> [line.rpartition(": Invalid")[0] for line in str(error).splitlines()]
    ['nightly.json:3: Priority', 'nightly.json:4: DAG.Tasks']
    """
    if isinstance(error, InvalidJobError):
        found = list(with_lines(error.violations, text, legacy=_is_legacy(file, text)))
        return InvalidJobError([each for _, each in found], file, [line for line, _ in found])
    if isinstance(error, JobSyntaxError):
        place = file if error.line is None else f"{file}:{error.line}"
        problem = str(error).removeprefix(file).lstrip(": ")
        return JobSyntaxError(f"{place}: {problem}", error.code, error.line)
    return error


def with_lines(violations: Iterable[Violation], text: str, *, legacy: bool) -> Iterator[tuple[int | None, Violation]]:
    """Yield the line of each violation, None when it is not known, and the violation with its path in the text.

    :param text: the JSON or YAML text
    :param legacy: whether it describes a job of the first API, whose fields have other paths
    """
    positions = Positions(text)
    for violation in violations:
        path = v1_path(violation.path) if legacy else violation.path
        both = violation.path if path == violation.path else f"{violation.path} ({path})"
        yield positions.line(path), replace(violation, path=both)


def _is_legacy(file: str, text: str) -> bool:
    try:
        return is_legacy(parse_description(text, yaml=not file.endswith(".json")))
    except JobSourceError:
        # A text that becomes JSON when its templates are rendered.
        return False
