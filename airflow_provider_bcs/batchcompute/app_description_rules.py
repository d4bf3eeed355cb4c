"""Check descriptions of apps.

Source: the app pages of the API and its Python SDK, which have no error table: codes follow the general rows
``Invalid{Parameter}`` and ``Missing{Parameter}``. The form of names, the lengths, and what concerns several fields at
once are assumptions, in the way of job descriptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_bcs.description.checks import (
    BOOLEAN,
    NUMBER,
    OBJECT,
    STRING,
    Check,
    length,
    one_of,
    size,
)
from airflow_provider_bcs.description.rules import Row, RuleTable, is_absent, shown
from airflow_provider_bcs.description.source import JobSource
from airflow_provider_bcs.description.violation import Violation

from .app_rules import SETTINGS
from .checks import ABSOLUTE_PATH_OR_DRIVE, NAME, OSS_FOLDER
from .facts import MAX_PARAMETERS
from .machine_rules import SECRET, WORDING
from .rules import check_description

_PUBLIC_PREFIXES = ("Public:", ":")

#: Type of a parameter -> the check on its values.
PARAMETER_TYPES = {"String": STRING, "Number": NUMBER}
APP_NAME = Check(
    lambda value: NAME.passes(split_name(value)[1]),
    NAME.tail,
    f"{NAME.right}; that of a public app has the prefix : or Public:",
)
_SCALAR = Check(lambda value: STRING.passes(value) or NUMBER.passes(value), "", "a text or a number", is_type=True)


def _parameters(field: str) -> tuple[Row, ...]:
    entry = f"{field}.{{parameter}}"
    return (
        (field, (OBJECT, size(0, MAX_PARAMETERS))),
        (entry, (length(1, 64), NAME)),
        (f"{entry}.value", (OBJECT,)),
        (f"{entry}.Description", (STRING,)),
        (f"{entry}.Type", (STRING, one_of(*PARAMETER_TYPES))),
        (f"{entry}.Default", (_SCALAR,)),
        (f"{entry}.LocalPath", (STRING, ABSOLUTE_PATH_OR_DRIVE)),
    )


def _setting(name: str, checks: tuple[Check, ...]) -> tuple[Row, ...]:
    path = f"Config.{name}"
    return (
        (path, (OBJECT,)),
        (f"{path}.Default", checks),
        (f"{path}.Description", (STRING,)),
        (f"{path}.Overwritable", (BOOLEAN,)),
    )


_ROWS: tuple[Row, ...] = (
    ("Name", (STRING, length(1, 1024), APP_NAME)),
    ("Description", (STRING, length(0, 1024))),
    ("CommandLine", (STRING, length(1, 1024))),
    ("Docker", (OBJECT,)),
    ("Docker.Image", (STRING,)),
    ("Docker.RegistryOSSPath", (STRING, OSS_FOLDER)),
    ("VM", (OBJECT,)),
    ("VM.ECSImageId", (STRING,)),
    ("EnvVars", (OBJECT, size(0, 64))),
    ("EnvVars.{key}", (length(1, 128),)),
    ("EnvVars.{key}.value", (STRING, length(0, 1024))),
    ("Daemonize", (BOOLEAN,)),
    *_parameters("InputParameters"),
    *_parameters("OutputParameters"),
    ("Config", (OBJECT,)),
    *(row for name, checks in SETTINGS.items() for row in _setting(name, checks)),
)
_TABLE = RuleTable(_ROWS, WORDING, required=("Name", "CommandLine"), secret=SECRET)


def split_name(name: str) -> tuple[str, str]:
    """Return the scope that the name of an app is in, ``Private`` or ``Public``, and the name without its prefix."""
    for prefix in _PUBLIC_PREFIXES:
        if name.startswith(prefix):
            return "Public", name.removeprefix(prefix)
    return "Private", name


def validate_app(app: JobSource) -> list[Violation]:
    """Check the description of an app against every rule the service is known to apply.

    :param app: a dict, JSON text, the path of a ``.json``/``.yaml``/``.yml`` file, or an object with ``detail()``
    :return: all violations of the table, in its order, or else those that concern several fields; empty when the
        description is valid
    :raises JobSourceError: when ``app`` is a file that cannot be read
    """
    found, description = check_description(_TABLE, app, templates=False)
    return found or [*_validate_image(description), *_validate_parameters(description)]


def _validate_image(app: Mapping[str, Any]) -> Iterator[Violation]:
    image, machine = (app.get("Docker") or {}).get("Image"), (app.get("VM") or {}).get("ECSImageId")
    if is_absent(image) and is_absent(machine):
        yield Violation("Docker.Image", *WORDING.missing("Image"), "Give the app a Docker.Image or a VM.ECSImageId.")
    elif not is_absent(image) and not is_absent(machine):
        yield Violation(
            "VM.ECSImageId",
            *WORDING.invalid("ECSImageId", ""),
            f"Found Docker.Image {image!r} and VM.ECSImageId {machine!r}; right is one of the two.",
        )


def _validate_parameters(app: Mapping[str, Any]) -> Iterator[Violation]:
    """Each parameter is a variable of the program, and may be a path of its own."""
    inputs, outputs = app.get("InputParameters") or {}, app.get("OutputParameters") or {}
    for name in outputs:
        if name in inputs:
            name = f"OutputParameters.{name}"
            yield Violation(name, *WORDING.invalid(name, ""), "There is an input of this name; right is another name.")
    paths: dict[str, str] = {}
    for field, parameters in (("InputParameters", inputs), ("OutputParameters", outputs)):
        for name, parameter in parameters.items():
            here = f"{field}.{name}"
            check, default = PARAMETER_TYPES[parameter.get("Type") or "String"], parameter.get("Default")
            if not is_absent(default) and not check.passes(default):
                # What a job gives as an input is not shown either: it may be a password.
                advice = f"Found {shown(default, secret=True)}; right is {check.right}, as the parameter's Type says."
                yield Violation(f"{here}.Default", *WORDING.invalid("Default", check.tail), advice)
            path = parameter.get("LocalPath")
            if not is_absent(path) and paths.setdefault(path, here) != here:
                advice = f"Found {path!r}, which is that of {paths[path]} already; right is a path of its own."
                yield Violation(f"{here}.LocalPath", *WORDING.invalid("LocalPath", ""), advice)
