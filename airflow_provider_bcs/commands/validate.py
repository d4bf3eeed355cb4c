"""``airflow-bcs validate``: check job files, one line a violation."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import one_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .json, .yaml or .yml job file")
    parser.add_argument("--any-size", action="store_true", help="allow more than 16 tasks, as the translator does")


def run(args: argparse.Namespace) -> int:
    from .job_file import check

    wrong = False
    for path in map(Path, args.files):
        found = check(path, max_tasks=not args.any_size)
        wrong = wrong or bool(found.errors)
        print("\n".join(found.errors or found.warnings or [one_line(f"{path}: valid")]))  # noqa: T201 - the command's output
    return 1 if wrong else 0
