"""``airflow-bcs translate``: write a job file as a DAG file or in the format of API 2015-11-11."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_bcs.batchcompute.facts import API_VERSION

from . import CommandError, add_ignore, one_line

if TYPE_CHECKING:
    from airflow_provider_bcs.batchcompute.instance_types import InstanceTypes

_IN_PLAIN_TEXT = (
    "found a secret in plain text, which Airflow stores and shows with the DAG file;"
    " expected a template such as {{ var.value.NAME }}."
)

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``translate``."""
    parser.add_argument("file", metavar="FILE", type=Path, help="BatchCompute job file: .json, .yaml or .yml")
    parser.add_argument("-o", "--output", metavar="OUT", type=Path, help="file to write (default: stdout)")
    add_ignore(parser)
    parser.add_argument("--force", action="store_true", help="overwrite OUT if it exists")
    parser.add_argument(
        "--to", choices=("airflow", "v2"), default="airflow", help=f"a DAG file (default), or JSON of API {API_VERSION}"
    )
    parser.add_argument(
        "--instance-types",
        metavar="TABLE",
        type=Path,
        help='instance types for API 2015-06-30, instead of the built-in table: JSON, {"name": [cores, MB], ...}',
    )


def run(args: argparse.Namespace) -> int:
    """Write the translated file, print warnings to stderr; return exit code 0.

    :raises CommandError: when a file has errors, or the output exists or cannot be written
    """
    from airflow_provider_bcs.description.secrets import literal_secrets
    from airflow_provider_bcs.translator.dag_file import dag_file

    from .job_file import check_graph

    found = check_graph(args.file, _instance_types(args.instance_types), ignore=args.ignore)
    notes = found.warnings
    if args.to == "airflow":
        text = dag_file(found.plan(), args.file.name, found.ignore)
        notes = [
            *notes,
            *(one_line(f"{args.file}: warning: {path}: {_IN_PLAIN_TEXT}") for path in literal_secrets(found.job)),
        ]
    else:
        text = json.dumps(found.job, indent=4, ensure_ascii=False) + "\n"
    if args.output is not None and args.output.exists() and args.output.samefile(args.file):
        raise CommandError(f"{args.output}: is the job file itself; name another file with -o.")
    # UTF-8 cannot encode a lone surrogate. It occurs only in JSON strings, where its escape means the same.
    _write(text.encode(errors="backslashreplace"), args.output, args.force)
    for line in notes:
        print(line, file=sys.stderr)  # noqa: T201 - the command's output
    return 0


def _write(content: bytes, output: Path | None, force: bool) -> None:
    if output is None and sys.stdout is None:
        raise CommandError("stdout: found none; name a file with -o.")
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        with output.open("wb" if force else "xb") as file:
            file.write(content)
    except FileExistsError:
        raise CommandError(f"{output}: the file exists; add --force to overwrite it.") from None
    except OSError as error:
        raise CommandError(f"{output}: cannot be written: {error.strerror or error}.") from None


def _instance_types(path: Path | None) -> InstanceTypes:
    from airflow_provider_bcs.batchcompute.instance_types import INSTANCE_TYPES
    from airflow_provider_bcs.description.source import parse_description, read_text
    from airflow_provider_bcs.exceptions import JobSourceError

    if path is None:
        return INSTANCE_TYPES
    try:
        table = parse_description(read_text(path), name=str(path))
    except JobSourceError as error:
        raise CommandError(str(error)) from None
    for name, size in table.items():
        if not (isinstance(size, list) and [type(number) for number in size] == [int, int] and min(size) > 0):
            raise CommandError(f"{path}: {name}: found {size!r}; expected [cores, MB of memory], both above 0.")
    return {name: (cores, memory) for name, (cores, memory) in table.items()}
