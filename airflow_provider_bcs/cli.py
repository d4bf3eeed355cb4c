"""The command ``airflow-bcs``: local | validate | demo."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow_provider_bcs import __version__, batchcompute, dlc
from airflow_provider_bcs.description.source import JobSourceError, read_job


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 something is wrong, 2 wrong arguments."""
    args = _parser().parse_args(argv)
    run = {"local": _local, "validate": _validate, "demo": _demo}[args.command]
    return run(args)


def _parser() -> argparse.ArgumentParser:
    from airflow_provider_bcs.local.options import add_arguments

    parser = argparse.ArgumentParser(prog="airflow-bcs", description="BatchCompute job files as native Airflow graphs.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)

    local = commands.add_parser("local", help="run the local service, for development and tests")
    add_arguments(local)

    validate = commands.add_parser("validate", help="check job files; one line a violation")
    validate.add_argument("files", nargs="+", metavar="FILE", help="a .json, .yaml or .yml job file")
    validate.add_argument("--any-size", action="store_true", help="allow more than 16 tasks, as the translator does")

    demo = commands.add_parser("demo", help="run the find-primes graph in Airflow on the local service")
    demo.add_argument("--directory", default=".demo", help="where logs and results go; made anew (default .demo)")
    return parser


def _local(args: argparse.Namespace) -> int:
    from airflow_provider_bcs.local.server import run

    return run(args)


def _validate(args: argparse.Namespace) -> int:
    wrong = 0
    for file in map(Path, args.files):
        try:
            job = read_job(file)
            if _is_dlc(job):
                violations, find_warnings = dlc.validate_job(job), dlc.job_warnings
            else:
                violations = batchcompute.validate_job(job, max_tasks=not args.any_size)
                find_warnings = batchcompute.job_warnings
            lines = list(map(str, violations))
            warnings = [] if lines else find_warnings(job)
        except JobSourceError as error:
            lines, warnings = [str(error).removeprefix(f"{file} ")], []
        wrong += bool(lines)
        lines += [f"warning: {text}" for text in warnings] or ([] if lines else ["valid"])
        print("\n".join(f"{file}: {line}" for line in lines))  # noqa: T201 - this is the command's output
    return 1 if wrong else 0


def _is_dlc(job: dict[str, Any]) -> bool:
    """Tell which service a job is for, by which of them knows more of its fields."""
    known = [len(set(job) & set(service.JobDescription.model_fields)) for service in (dlc, batchcompute)]
    return known[0] > known[1]


def _demo(args: argparse.Namespace) -> int:
    from airflow_provider_bcs.demo import run

    return run(args.directory)


if __name__ == "__main__":
    sys.exit(main())
