"""Errors that end a task are of the one tree, of Airflow's classes where it acts on them, and survive pickling."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_provider_bcs import exceptions, task_errors
from airflow_provider_bcs.batchcompute import validate_job
from airflow_provider_bcs.exceptions import (
    BcsError,
    InvalidJobError,
    JobFailedError,
    JobSyntaxError,
    PackageError,
    ServiceError,
)

ALL: list[type[BcsError]] = [getattr(exceptions, name) for name in (*exceptions.__all__, *task_errors.__all__)]


def example(kind: type[BcsError]) -> BcsError:
    """Return an error of a class with all that it can hold."""
    arguments: dict[type[BcsError], tuple[Any, ...]] = {
        ServiceError: (404, "NotFound", "none", "request-1", 2.5),
        JobFailedError: ("job-1", "Failed", "why", [exceptions.FailedPart("a/0", 3, "10.0.0.1", ("last line",))]),
        exceptions.ClusterFailedError: ("cls-1", "Deleting"),
        InvalidJobError: (validate_job({"Name": "x"}), "job.json"),
        exceptions.JobSyntaxError: ("text", "BadFormat", 3),
    }
    given = next((found for base, found in arguments.items() if issubclass(kind, base)), ("text",))
    made: Any = kind
    return made(*given)


def attributes(error: BcsError) -> dict[str, Any]:
    return {name: str(value) for name, value in vars(error).items()}


@pytest.mark.parametrize("kind", ALL)
def test_each_error_survives_pickling(kind):
    error = example(kind)
    found = pickle.loads(pickle.dumps(error))
    assert type(found) is kind
    assert str(found) == str(error) != ""
    assert attributes(found) == attributes(error)


def test_keyword_attributes_survive_pickling():
    error = exceptions.NoAnswerError("text", never_sent=True)
    assert pickle.loads(pickle.dumps(error)).never_sent


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("RefusedJobError", {AirflowFailException}),
        ("InvalidRenderedJobError", {AirflowFailException, InvalidJobError, ValueError}),
        ("UnreadableRenderedJobError", {AirflowFailException, JobSyntaxError, ValueError}),
        ("MissingOutputError", {AirflowFailException}),
        ("FailedPackageError", {AirflowFailException, PackageError}),
        ("TaskTimeoutError", {AirflowTaskTimeout}),
        ("WaitTimeoutError", {AirflowSensorTimeout}),
        ("SoftFailError", {AirflowSkipException}),
    ],
)
def test_airflow_knows_what_to_do(name, kinds):
    kind = getattr(exceptions, name)
    assert kind is getattr(task_errors, name)
    assert all(issubclass(kind, base) for base in (BcsError, *kinds))


def test_every_error_is_in_the_drawing():
    drawn = inspect.getdoc(exceptions)
    assert drawn is not None
    assert [kind.__name__ for kind in ALL if kind.__name__ not in drawn] == []


def test_every_error_is_public():
    classes = {
        name for name, value in vars(exceptions).items() if isinstance(value, type) and issubclass(value, BcsError)
    }
    assert classes - set(task_errors.__all__) == set(exceptions.__all__)


def test_the_tree_needs_no_airflow():
    program = (
        "import sys; from airflow_provider_bcs.exceptions import *; import airflow_provider_bcs.exceptions as e;"
        "assert 'airflow' not in sys.modules; e.RefusedJobError; assert 'airflow' in sys.modules;"
        "assert not hasattr(e, 'NoSuchError')"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_no_error_of_airflow_is_raised_by_name():
    package = exceptions.__file__.rpartition("/")[0]
    command = ["grep", "-rnE", "raise Airflow[A-Za-z]*", package, "--include=*.py"]
    found = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert found.stdout == ""
