"""Shell script of a container: what BatchCompute does around a program, and the program."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from .platform import Platform

# Variables that shells keep for themselves, or that the script and its tools read. The program alone gets the task's
# values of these, and of the variables that the platform sets.
_DEFERRED = re.compile(
    r"bc_\w*|BC_ENV_\w*|BATCH_COMPUTE_PRIVATE_PATHS|HOSTNAME"
    r"|_|BASH\w*|COLUMNS|DIRSTACK|E?UID|ENV|EPOCH\w+|EXECIGNORE|FUNCNAME|GLOBIGNORE|GROUPS|HIST\w+|IFS|LINENO|LINES|OPT\w+"
    r"|PIPESTATUS|PPID|PS\d|S?RANDOM|SECONDS|SHELLOPTS|SHLVL|(OLD)?PWD|CDPATH|PATH|HOME|USER"
    r"|LD_\w+|LC_\w+|LANG|POSIXLY_CORRECT|PYTHON\w+|TAR_OPTIONS|GZIP|BZIP2?|XZ_\w+|UNZIP|UNZIPOPT|TMPDIR"
)
_DEFERRED_PREFIX = "BC_ENV_"
#: Name of a variable that a shell can hold.
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def without_runtime(script: str) -> str:
    """Return a script with one line in place of the part that is the same for every task."""
    own, runtime, tail = script.partition(_runtime())
    return f"{own}# ... {len(runtime):,} characters that are the same for every task ...{tail}" if runtime else script


def quote(word: str) -> str:
    """Quote a word for a POSIX shell; unlike ``shlex.quote`` plain words too, so that all read alike."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


@dataclass
class Script:
    """Parts of a script, in the order in which it runs them.

    :ivar title: one line that names the script
    :ivar platform: where the script finds its job, pod and rank
    :ivar words: the program and its arguments
    :ivar prepare: commands before the program
    :ivar collect: commands after it
    :ivar outputs: local paths that the script removes before a new attempt
    :ivar objects: directory of the container -> URL of the folder mounted there, which messages name
    :ivar constants: variables of the script
    :ivar deferred: names of EnvVars that are set for the program only
    :ivar own: names of the task's EnvVars
    :ivar swallow: whether the container succeeds although its instance failed
    """

    title: str
    platform: Platform
    words: Sequence[str] = ()
    prepare: list[str] = field(default_factory=list)
    collect: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    objects: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    own: frozenset[str] = frozenset()
    swallow: bool = False

    def carry(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Take the task's EnvVars; return the container's variables. None of their values is in the script."""
        platform = set(self.platform.variables)
        self.deferred = [name for name in variables if name in platform or _DEFERRED.fullmatch(name)]
        self.own = frozenset(variables)
        return {_DEFERRED_PREFIX + name if name in self.deferred else name: text for name, text in variables.items()}

    def text(self) -> str:
        """Return the script."""
        return "\n".join([*self._head(), *self._functions(), "", _runtime(), *self._tail(), ""])

    def _head(self) -> list[str]:
        own = {
            "BATCH_COMPUTE_DAG_JOB_ID": "$bc_job",
            "BATCH_COMPUTE_DAG_INSTANCE_ID": "$bc_instance",
            "BATCH_COMPUTE_WORKER_ID": "$bc_pod",
        }
        return [
            f"# {self.title}",
            "# Made by airflow-provider-bcs: get inputs and package, run the program (bc_program), copy its outputs.",
            "set -eu",
            "unset BATCH_COMPUTE_PRIVATE_PATHS",
            *(f"{name}={quote(text)}" for name, text in self.constants.items()),
            f"bc_pod={self.platform.pod}",
            *(f"bc_job={word}" for word in self.platform.job),
            f"bc_instance={self.platform.rank}",
            "bc_label=$bc_job.$bc_task.$bc_instance",
            *(f'export {name}="{value}"' for name, value in own.items() if name not in self.own),
            'export HOME="${HOME:-/root}" USER="${USER:-root}"',
        ]

    def _functions(self) -> list[str]:
        # No shell may interpret them: env sets them, and setsid takes any word as the program.
        given = [f'{name}="${_DEFERRED_PREFIX}{name}"' for name in self.deferred]
        program = [
            " ".join(["set --", *given]),
            *(f"unset {_DEFERRED_PREFIX}{name}" for name in self.deferred),
            f'exec env -- "$@" ${{bc_setsid:+"$bc_setsid" --}} {" ".join(map(quote, self.words))}',
        ]
        again = [f"rm -rf {' '.join(map(quote, self.outputs))}"] if self.outputs else []
        return [
            *_function("bc_remove_outputs", again),
            *_function("bc_object", [*self._named(), "printf '%s\\n' \"$1\""], ""),
            *_function("bc_prepare", self.prepare),
            *_function("bc_program", program, " "),
            *_function("bc_collect", self.collect),
        ]

    def _named(self) -> list[str]:
        """Return the lines that replace a mounted path by the URL of its object."""
        return [
            f'case $1 in {quote(path)}/*) set -- {quote(url)}"${{1#{path}/}}" ;; esac'
            for path, url in self.objects.items()
        ]

    def _tail(self) -> list[str]:
        if not self.swallow:
            return ['exit "$bc_status"']
        # JobFailOnInstanceFail is false: a failed instance fails nothing else.
        return ['[ "$bc_status" -eq 0 ] || bc_say "This instance failed; JobFailOnInstanceFail is false."', "exit 0"]


def _function(name: str, commands: Sequence[str], joint: str = " &&") -> list[str]:
    """Return a shell function that stops at its first command that fails."""
    *first, last = commands or [":"]
    return ["", f"{name}() {{", *(f"    {command}{joint}".rstrip() for command in first), f"    {last}", "}"]


@cache
def _runtime() -> str:
    return Path(__file__).with_name("runtime.sh").read_text(encoding="utf-8").rstrip()
