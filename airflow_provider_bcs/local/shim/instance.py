"""Attempt of an instance, from its package to its outputs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable

from .enclosure import Enclosure
from .environment import basic_environment
from .failure import Failure
from .inputs import Inputs, inputs_of
from .layout import Layout
from .objects import ObjectTree
from .outputs import Outputs, outputs_of
from .package import install
from .processes import run
from .result import NO_RESULT, Result, failed
from .spec import InstanceSpec

WORKDIR = "/batchcompute/workdir"
_KILLED = 128 + 9
_DETAIL_LINES = 20
_DETAIL_BYTES = 2048


def attempt(spec: InstanceSpec) -> Result:
    """Run an attempt whose standard output and standard error are objects.

    The Detail of a failed Result has the last lines of standard error.

    :raises Stopped: when the service stops the attempt
    """
    objects = ObjectTree(spec.data_dir)
    stderr = -1
    try:
        stdout = _open(objects, spec.stdout, os.path.join(spec.directory, "stdout"))
        stderr = _open(objects, spec.stderr, os.path.join(spec.directory, "stderr"))
        result = Instance(spec, objects, lambda line: _write(stderr, line)).run(stdout, stderr)
    except Failure as failure:
        result = failed(failure.code, failure.message)
        _write(stderr, str(failure))
    if result["ErrorCode"] and stderr >= 0:
        result["Detail"] = _tail(stderr)
    return result


class Instance:
    """Attempt of an instance: placement of inputs, command, upload of outputs.

    :param note: appends a line to the standard error of the instance
    """

    def __init__(self, spec: InstanceSpec, objects: ObjectTree, note: Callable[[str], None]) -> None:
        self._spec = spec
        self._objects = objects
        self._layout = Layout(spec.directory, WORKDIR)
        self._outputs = outputs_of(spec.task, spec.label)
        self._inputs = inputs_of(spec.task)
        self._mapped = [*(item.path for item in self._outputs), *(item.destination for item in self._inputs)]
        taken = [WORKDIR, *self._mapped]
        self._placing = Inputs(self._layout, objects, taken, copies=spec.isolation == "rewrite")
        self._collecting = Outputs(self._layout, objects, self._placing.originals, note)

    def run(self, stdout: int, stderr: int) -> Result:
        """Run the attempt; its outputs are uploaded even when the command fails (assumption).

        :raises Failure: when the command cannot be run, or its outputs cannot be uploaded
        """
        command = self._spec.task["Parameters"]["Command"]
        arguments = _split(command["CommandLine"])
        for item in self._inputs:
            self._placing.place(item)
        for output in self._outputs:
            self._collecting.reserve(output)
        if command["PackagePath"]:
            install(command["PackagePath"], self._layout.at(WORKDIR), self._objects)
        timeout = self._spec.task["Timeout"]
        placing = self._placing
        enclosure = Enclosure(self._spec.isolation, self._layout, self._mapped, placing.binds, placing.elsewhere)
        exit_code = run(enclosure.command(arguments, _environment(self._spec), stdout, stderr), timeout)
        for output in self._outputs:
            self._collecting.upload(output)
        return _result(exit_code, timeout)


def _environment(spec: InstanceSpec) -> dict[str, str]:
    """Return the documented variables of BatchCompute; the task's EnvVars override them."""
    return {
        "BATCH_COMPUTE_DAG_JOB_ID": spec.job_id,
        "BATCH_COMPUTE_DAG_TASK_ID": spec.task_name,
        "BATCH_COMPUTE_DAG_INSTANCE_ID": str(spec.instance_id),
        "BATCH_COMPUTE_OSS_HOST": spec.oss_host,
        "BATCH_COMPUTE_REGION": "local",
        "BATCH_COMPUTE_CLUSTER_ID": spec.task.get("ClusterId") or "",
        "BATCH_COMPUTE_WORKER_ID": os.uname().nodename,
        **basic_environment(WORKDIR, spec.search_path),
        **spec.task["Parameters"]["Command"]["EnvVars"],
    }


def _split(command_line: str) -> list[str]:
    """Split into words like a POSIX shell, without variables, pipes, redirections or globbing."""
    try:
        arguments = shlex.split(command_line)
    except ValueError as error:
        raise Failure("InvalidCommandLine", f"CommandLine cannot be split into words: {error}.") from None
    if not arguments:
        raise Failure("InvalidCommandLine", "CommandLine is empty.")
    return arguments


def _result(exit_code: int | None, timeout: int) -> Result:
    if exit_code is None:
        return failed("Timeout", f"The command ran longer than its Timeout of {timeout} s.", _KILLED)
    if exit_code:
        return failed("CommandFailed", f"The command ended with exit code {exit_code}.", exit_code)
    return {**NO_RESULT}


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
