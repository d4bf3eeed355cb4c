"""Facts that all services share: the clock skew that they accept, and their general error messages.

Source: the common error codes of BatchCompute, PAI-DLC and OSS.
"""

from __future__ import annotations

from datetime import timedelta

#: A service refuses a signed request whose date differs from its own clock by more than this.
MAX_CLOCK_SKEW = timedelta(minutes=15)


def invalid_parameter(name: str, reason: str = "") -> tuple[str, str]:
    """Return the general error code and message for a parameter with a wrong value.

    :param name: the parameter, such as ``Priority``
    :param reason: a sentence such as ``It must be in [0, 1000].``; empty when the service gives none

    >>> invalid_parameter("Priority", "It must be in [0, 1000].")
    ('InvalidPriority', 'Specified parameter Priority is not valid. It must be in [0, 1000].')
    """
    return f"Invalid{name}", f"Specified parameter {name} is not valid. {reason}".rstrip()


def missing_parameter(name: str) -> tuple[str, str]:
    """Return the general error code and message for a parameter that is required and absent.

    >>> missing_parameter("Name")
    ('MissingName', 'Name is mandatory for this action.')
    """
    return f"Missing{name}", f"{name} is mandatory for this action."
