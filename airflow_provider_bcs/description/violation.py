"""A broken rule in a description, as one object with its place, the service's message and advice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Violation:
    """One rule that a description breaks.

    :ivar path: the field, e.g. ``DAG.Tasks.count.Parameters.Command.CommandLine``; ``$`` is the whole description
    :ivar code: the service's error code, e.g. ``InvalidCommandLine``
    :ivar message: the service's message, word for word
    :ivar advice: the value that was found, and what the service expects
    :ivar status: HTTP status of the service's answer
    :ivar is_final: whether the provider itself cannot handle the description, so that ``ignore`` does not help
    :ivar is_warning: whether the rule is from documentation or assumed, so that the service may accept the value

    >>> print(Violation("Priority", "InvalidPriority", "Specified parameter Priority is not valid.", "Found -1."))
    Priority: InvalidPriority: Specified parameter Priority is not valid. Found -1.
    """

    path: str
    code: str
    message: str
    advice: str
    status: int = 400
    is_warning: bool = False
    is_final: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.code}: {self.message} {self.advice}"


class JobWarning(UserWarning):
    """A value in a description that is valid but may not have the effect that the author expects."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the end of a sentence: the nearest known name, or all known names when there are at most 20.

    >>> did_you_mean("Tiemout", ["Timeout", "InstanceCount"])
    '; did you mean Timeout?'
    >>> did_you_mean("Colour", ["Name", "Type"])
    '; known here: Name, Type.'
    """
    # Only a wrong name needs this import, which takes a millisecond.
    import difflib

    lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(str(name).lower(), lower, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lower[close[0]]}?"
    return f"; known here: {', '.join(sorted(lower.values()))}." if 0 < len(lower) <= 20 else "."
