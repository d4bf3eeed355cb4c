"""The commands of ``airflow-bcs`` that work on job files."""

from __future__ import annotations

from airflow_provider_bcs.exceptions import BcsError


class CommandError(BcsError):
    """What a command cannot do; the text goes to stderr, a line for each thing that is wrong."""


def one_line(text: str) -> str:
    """Escape what moves a terminal's cursor or is not shown: a key, or a file's name, may hold anything."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
