"""``airflow-bcs validate``: check job files and print one line per violation."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import add_ignore, one_line

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``validate``."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="job file: .json, .yaml or .yml")
    add_ignore(parser)
    parser.add_argument("--any-size", action="store_true", help="allow more than 16 tasks, as a translated DAG does")


def run(args: argparse.Namespace) -> int:
    """Print the violations, or the warnings, of each file; return exit code 1 for violations, else 0."""
    from .job_file import check

    wrong = False
    for path in map(Path, args.files):
        found = check(path, max_tasks=not args.any_size, ignore=args.ignore)
        wrong = wrong or bool(found.errors)
        print("\n".join(found.errors or found.warnings or [one_line(f"{path}: valid")]))  # noqa: T201 - the command's output
    return 1 if wrong else 0
