"""The shim's life: claim the attempt, run it, write its result."""

from __future__ import annotations

import os

from .claim import claim
from .failure import Failure
from .instance import Instance
from .objects import ObjectTree
from .processes import Stopped
from .result import NO_RESULT, Result, write_result
from .spec import Spec

_DETAIL_LINES = 20
_DETAIL_BYTES = 2048


def main(spec_path: str) -> None:
    """Run the attempt that the file ``spec_path`` describes, unless it is somebody else's."""
    if not claim(os.path.dirname(spec_path)):
        return
    spec = Spec.read(spec_path)
    try:
        result = _attempt(spec)
    except Stopped:
        return
    write_result(spec.directory, result)


def _attempt(spec: Spec) -> Result:
    objects = ObjectTree(spec.data_dir)
    stderr = -1
    try:
        stdout = _open(objects, spec.stdout, os.path.join(spec.directory, "stdout"))
        stderr = _open(objects, spec.stderr, os.path.join(spec.directory, "stderr"))
        result = Instance(spec, objects, lambda line: _write(stderr, line)).run(stdout, stderr)
    except Failure as failure:
        result = {**NO_RESULT, "ExitCode": 1, "ErrorCode": failure.code, "ErrorMessage": failure.message}
        _write(stderr, str(failure))
    except Exception as error:  # without a result the instance would count as lost
        import traceback

        message = f"{type(error).__name__}: {error}"
        result = {**NO_RESULT, "ExitCode": 1, "ErrorCode": "InternalError", "ErrorMessage": message}
        traceback.print_exc()
    if result["ErrorCode"] and stderr >= 0:
        result["Detail"] = _tail(stderr)
    return result


def _open(objects: ObjectTree, url: str, otherwise: str) -> int:
    if url:
        return objects.open(url)
    return os.open(otherwise, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)


def _write(descriptor: int, line: str) -> None:
    if descriptor >= 0:
        os.write(descriptor, f"{line}\n".encode(errors="replace"))


def _tail(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    data = os.pread(descriptor, _DETAIL_BYTES, max(0, size - _DETAIL_BYTES))
    lines = data.decode(errors="replace").splitlines()
    return "\n".join(lines[-_DETAIL_LINES:])
