"""One attempt of one instance, from its package to its outputs."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from .environment import environment
from .failure import Failure
from .inputs import Inputs, inputs_of
from .layout import HOME, WORKDIR, Layout
from .namespace import Namespace
from .objects import ObjectTree
from .outputs import Outputs, outputs_of
from .package import install
from .processes import Command, run
from .result import NO_RESULT, Result
from .rewrite import Rewriter
from .spec import Spec

_KILLED = 128 + 9


class Instance:
    """Prepares, runs and collects one attempt.

    :param note: takes a line for the end of the instance's standard error
    """

    def __init__(self, spec: Spec, objects: ObjectTree, note: Callable[[str], None]) -> None:
        self._spec = spec
        self._objects = objects
        self._layout = Layout(spec.directory)
        self._outputs = outputs_of(spec.task, spec.label)
        self._inputs = inputs_of(spec.task)
        taken = [WORKDIR, *(item.path for item in self._outputs), *(item.destination for item in self._inputs)]
        self._placing = Inputs(self._layout, objects, taken, copies=spec.isolation == "rewrite")
        self._collecting = Outputs(self._layout, objects, self._placing.originals, note)

    def run(self, stdout: int, stderr: int) -> Result:
        """Run the attempt; its outputs are written whether the command succeeded or not (an assumption).

        :raises Failure: when the command could not be run, or its outputs could not be written
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
        exit_code = run(self._command(arguments, stdout, stderr), timeout)
        for output in self._outputs:
            self._collecting.upload(output)
        return _result(exit_code, timeout)

    def _command(self, arguments: list[str], stdout: int, stderr: int) -> Command:
        variables = environment(self._spec)
        if self._spec.isolation == "namespace":
            enter = Namespace(self._layout, self._placing.binds).enter
            return Command(arguments, variables, WORKDIR, stdout, stderr, enter)
        mapped = [WORKDIR, *(item.path for item in self._outputs), *(item.destination for item in self._inputs)]
        places = {path: self._layout.at(path) for path in mapped} | self._placing.elsewhere
        rewrite = Rewriter(places)
        changed = {name: rewrite(value) for name, value in variables.items() if name != "PATH"}
        if variables["HOME"] == HOME:
            changed["HOME"] = self._layout.at(HOME)
        return Command(
            [rewrite(argument) for argument in arguments],
            {**variables, **changed},
            self._layout.at(WORKDIR),
            stdout,
            stderr,
            lambda: None,
        )


def _split(command_line: str) -> list[str]:
    """Split like a POSIX shell, without being one: no variables, pipes, redirections or globbing."""
    try:
        arguments = shlex.split(command_line)
    except ValueError as error:
        raise Failure("InvalidCommandLine", f"The CommandLine cannot be split: {error}.") from None
    if not arguments:
        raise Failure("InvalidCommandLine", "The CommandLine is empty.")
    return arguments


def _result(exit_code: int | None, timeout: int) -> Result:
    if exit_code is None:
        return {
            **NO_RESULT,
            "ExitCode": _KILLED,
            "ErrorCode": "Timeout",
            "ErrorMessage": f"Ran longer than {timeout} s.",
        }
    if exit_code:
        message = f"The command ended with exit code {exit_code}."
        return {**NO_RESULT, "ExitCode": exit_code, "ErrorCode": "CommandFailed", "ErrorMessage": message}
    return NO_RESULT
