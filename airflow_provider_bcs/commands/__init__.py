"""Commands of ``airflow-bcs`` that read job files."""

from __future__ import annotations

import argparse

from airflow_provider_bcs.exceptions import BcsError

__all__ = ["CommandError", "add_ignore", "one_line"]


class CommandError(BcsError):
    """A command failed. The text goes to stderr, one line per problem."""


def add_ignore(parser: argparse.ArgumentParser) -> None:
    """Add the argument ``--ignore``."""
    parser.add_argument(
        "--ignore",
        metavar="FIELD",
        action="append",
        default=[],
        help="pass over what is found in this field, such as Settings or DAG.Tasks.count.Timeout (may be repeated)",
    )


def one_line(text: str) -> str:
    r"""Escape line breaks and other characters that a terminal does not print.

    Keys and file names may contain such characters, and a terminal acts on some of them.

    >>> print(one_line("a\nb\x1b[2J"))
    a\nb\x1b[2J
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
