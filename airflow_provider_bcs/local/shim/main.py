"""Entry point of the shim: claim the attempt, run it, write its result."""

from __future__ import annotations

import os

from .claim import claim
from .processes import Stopped
from .result import Result, failed, write_result
from .spec import PodSpec, Spec, read_spec


def main(spec_path: str) -> None:
    """Run the attempt that the file ``spec_path`` describes, unless another shim owns it."""
    if not claim(os.path.dirname(spec_path)):
        return
    spec = read_spec(spec_path)
    try:
        result = _attempt(spec)
    except Stopped:
        return
    except Exception as error:  # without a result the service would count the attempt as lost
        import traceback

        traceback.print_exc()
        result = failed("InternalError", f"{type(error).__name__}: {error}")
    write_result(spec.directory, result)


def _attempt(spec: Spec) -> Result:
    # The service starts a shim for every attempt: import only the modules that this attempt needs.
    if isinstance(spec, PodSpec):
        from . import pod

        return pod.attempt(spec)
    from . import instance

    return instance.attempt(spec)
