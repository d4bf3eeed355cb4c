"""Check descriptions of apps.

Source: the app pages of the API and its Python SDK, which have no error table: codes follow the general rows
``Invalid{Parameter}`` and ``Missing{Parameter}``. The form of names, the lengths, and the rules that concern several
fields at once are assumed; they follow those of job descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_bcs.batchcompute.checks import ABSOLUTE_PATH_OR_DRIVE, NAME, OSS_FOLDER
from airflow_provider_bcs.batchcompute.facts import MAX_PARAMETERS
from airflow_provider_bcs.batchcompute.wording import SECRET, WORDING, check_description
from airflow_provider_bcs.description.checks import NUMBER, STRING, Check, length, one_of, size
from airflow_provider_bcs.description.rules import Row, RuleTable, shown
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.type_rows import type_rows
from airflow_provider_bcs.description.values import is_absent
from airflow_provider_bcs.description.violation import Violation

from .description import AppConfig, AppDescription
from .job import AppJobConfig
from .limits import SETTINGS

_PUBLIC_PREFIXES = ("Public:", ":")

#: Type of a parameter -> the check on its values.
PARAMETER_TYPES = {"String": STRING, "Number": NUMBER}
APP_NAME = Check(
    lambda value: NAME.passes(split_name(value)[1]),
    NAME.tail,
    f"{NAME.expected}; the name of a public app has the prefix : or Public:",
)
_SCALAR = Check(lambda value: STRING.passes(value) or NUMBER.passes(value), "", "a text or a number", is_type=True)


def _parameter_limits(field: str) -> tuple[Row, ...]:
    entry = f"{field}.{{key}}"
    return (
        (field, (size(0, MAX_PARAMETERS),)),
        (entry, (length(1, 64), NAME)),
        (f"{entry}.Type", (one_of(*PARAMETER_TYPES),)),
        (f"{entry}.Default", (_SCALAR,)),
        (f"{entry}.LocalPath", (ABSOLUTE_PATH_OR_DRIVE,)),
    )


def _setting_defaults() -> Iterator[Row]:
    """Yield the checks on the default of each setting: those on the value that a job may give it."""
    for name, checks in type_rows(AppJobConfig):
        if name in AppConfig.model_fields:
            yield f"Config.{name}.Default", (*checks, *SETTINGS.get(name, ()))


_LIMITS: tuple[Row, ...] = (
    ("Name", (length(1, 1024), APP_NAME)),
    ("Description", (length(0, 1024),)),
    ("CommandLine", (length(1, 1024),)),
    ("Docker.RegistryOSSPath", (OSS_FOLDER,)),
    ("EnvVars", (size(0, 64),)),
    ("EnvVars.{key}", (length(1, 128),)),
    ("EnvVars.{key}.value", (length(0, 1024),)),
    *_parameter_limits("InputParameters"),
    *_parameter_limits("OutputParameters"),
    *_setting_defaults(),
)
TABLE = RuleTable((*type_rows(AppDescription), *_LIMITS), WORDING, required=("Name", "CommandLine"), secret=SECRET)


def split_name(name: str) -> tuple[str, str]:
    """Return the scope that the name of an app is in, ``Private`` or ``Public``, and the name without its prefix.

    >>> split_name("Public:count"), split_name(":count"), split_name("count")
    (('Public', 'count'), ('Public', 'count'), ('Private', 'count'))
    """
    for prefix in _PUBLIC_PREFIXES:
        if name.startswith(prefix):
            return "Public", name.removeprefix(prefix)
    return "Private", name


def validate_app(app: JobSource) -> list[Violation]:
    """Check the description of an app against all known rules of the service.

    :param app: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()``
    :return: all violations of the table, in its order; without any, the violations that concern several fields; empty
        when the description is valid
    :raises JobSourceError: when ``app`` is a file that cannot be read

    >>> [found.code for found in validate_app({"Name": "count", "CommandLine": "./count"})]
    ['MissingImage']
    """
    found, description = check_description(TABLE, app, templates=False)
    return found or [*_validate_image(description), *_validate_parameters(description)]


def _validate_image(app: Mapping[str, Any]) -> Iterator[Violation]:
    image, machine = (app.get("Docker") or {}).get("Image"), (app.get("VM") or {}).get("ECSImageId")
    if is_absent(image) and is_absent(machine):
        yield Violation("Docker.Image", *WORDING.missing("Image"), "Give the app a Docker.Image or a VM.ECSImageId.")
    elif not is_absent(image) and not is_absent(machine):
        yield Violation(
            "VM.ECSImageId",
            *WORDING.invalid("ECSImageId", ""),
            f"Found Docker.Image {image!r} and VM.ECSImageId {machine!r}; expected one of the two.",
        )


def _validate_parameters(app: Mapping[str, Any]) -> Iterator[Violation]:
    """Check that the names of all parameters differ, and their paths: each is a variable of the program."""
    inputs, outputs = app.get("InputParameters") or {}, app.get("OutputParameters") or {}
    for name in outputs:
        if name in inputs:
            path = f"OutputParameters.{name}"
            yield Violation(
                path, *WORDING.invalid(path, ""), f"Found an input of the name {name!r} too; expected another name."
            )
    paths: dict[str, str] = {}
    for field, parameters in (("InputParameters", inputs), ("OutputParameters", outputs)):
        for name, parameter in parameters.items():
            here = f"{field}.{name}"
            check, default = PARAMETER_TYPES[parameter.get("Type") or "String"], parameter.get("Default")
            if not is_absent(default) and not check.passes(default):
                # The default of an input may be a password, so the advice never shows it.
                advice = f"Found {shown(default, secret=True)}; expected {check.expected}, the parameter's Type."
                yield Violation(f"{here}.Default", *WORDING.invalid("Default", check.tail), advice)
            path = parameter.get("LocalPath")
            if not is_absent(path) and paths.setdefault(path, here) != here:
                advice = f"Found {path!r}, which {paths[path]} has too; expected a path that no other parameter has."
                yield Violation(f"{here}.LocalPath", *WORDING.invalid("LocalPath", ""), advice)
