"""Isolation of a program from the machine's own paths: a mount namespace, or rewritten paths in its command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .environment import HOME
from .layout import Layout
from .namespace import Namespace
from .processes import Command
from .rewrite import Rewriter


class Enclosure:
    """Factory of commands whose programs find the private paths of a layout.

    :param isolation: ``namespace`` or ``rewrite``
    :param mapped: local paths that the job names, in normal form
    :param binds: bind mounts of the namespace: real path, local path, writable
    :param elsewhere: real paths of mapped paths that are not in the layout, for ``rewrite``
    :param host_name: host name of the program in a namespace; empty keeps the machine's
    """

    def __init__(
        self,
        isolation: str,
        layout: Layout,
        mapped: Sequence[str],
        binds: Sequence[tuple[str, str, bool]],
        elsewhere: Mapping[str, str],
        host_name: str = "",
    ) -> None:
        self._layout = layout
        self._namespace = Namespace(layout, binds, host_name) if isolation == "namespace" else None
        self._places = {path: layout.at(path) for path in (layout.workdir, *mapped)} | dict(elsewhere)

    def command(self, arguments: list[str], variables: dict[str, str], stdout: int, stderr: int) -> Command:
        """Return a command that runs a program in the working directory."""
        if self._namespace is not None:
            return Command(arguments, variables, self._layout.workdir, stdout, stderr, self._namespace.enter)
        rewrite = Rewriter(self._places)
        changed = {name: rewrite(value) for name, value in variables.items() if name != "PATH"}
        if variables["HOME"] == HOME:
            changed["HOME"] = self._layout.at(HOME)
        return Command(
            [rewrite(argument) for argument in arguments],
            {**variables, **changed},
            self._layout.at(self._layout.workdir),
            stdout,
            stderr,
            lambda: None,
        )
