"""The argument ``ignore``: names of fields whose findings do not stop a job, because the author knows better.

A name is the path in an error, or its general form without the task and the number of an element: ``Timeout`` stands
for ``DAG.Tasks.count.Timeout``, and ``JobSpecs.Image`` for ``JobSpecs.0.Image``. A name stands for all below it too.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from .violation import Violation

_TASK = re.compile(r"(DAG\.Tasks|TaskDag\.TaskDescMap)\.[^.]+\.")
_NUMBER = re.compile(r"\.\d+(?=\.|\Z)")


def check_ignore(ignore: Collection[str]) -> None:
    """Check an argument ``ignore``.

    :raises ValueError: when it is a text, or holds something else than texts
    """
    if isinstance(ignore, str):
        raise ValueError(f"ignore: found the text {ignore!r}; expected a list of field names.")
    for name in ignore:
        if not isinstance(name, str) or not name:
            raise ValueError(f"ignore: found {name!r}; expected names of fields, such as 'Timeout'.")


def general_name(path: str) -> str:
    """Return a path without its task and without the numbers of elements.

    >>> general_name("DAG.Tasks.count.Mounts.Entries.0.Source"), general_name("JobSpecs.0.Image")
    ('Mounts.Entries.Source', 'JobSpecs.Image')
    """
    return _NUMBER.sub("", _TASK.sub("", path, count=1))


def is_ignored(path: str, ignore: Collection[str]) -> bool:
    """Tell whether a name in ``ignore`` stands for the field at a path.

    >>> is_ignored("DAG.Tasks.count.Timeout", ["Timeout"]), is_ignored("Settings.Tags.a", ["Settings"])
    (True, True)
    """
    return any(
        form == name or form.startswith(f"{name}.")
        for name in ignore
        for form in ((path, general_name(path)) if ignore else ())
    )


def not_ignored(violations: Iterable[Violation], ignore: Collection[str]) -> list[Violation]:
    """Return the violations that stop a job all the same."""
    return [item for item in violations if item.is_final or not is_ignored(item.path, ignore)]


def warnings_not_ignored(warnings: Iterable[str], ignore: Collection[str]) -> list[str]:
    """Return the warnings about other fields; the first word of each is the path of its field."""
    return [text for text in warnings if not is_ignored(path_of_warning(text), ignore)]


def path_of_warning(text: str) -> str:
    """Return the path that a warning begins with.

    >>> path_of_warning("Priority: found without a ResourceId.")
    'Priority'
    """
    return text.partition(" ")[0].rstrip(":")
