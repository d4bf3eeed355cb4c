"""The shell script that a pod runs: what BatchCompute does around a program, and the program."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

# What the platform sets itself, what shells keep for themselves, and what the script and its tools look at: these
# become the task's own only for its program.
_DEFERRED = re.compile(
    r"bc_\w*|BC_ENV_\w*|BATCH_COMPUTE_PRIVATE_PATHS|RANK|WORLD_SIZE|MASTER_(ADDR|PORT)|NPROC_PER_NODE|TF_CONFIG|HOSTNAME"
    r"|_|BASH\w*|COLUMNS|DIRSTACK|E?UID|ENV|EPOCH\w+|EXECIGNORE|FUNCNAME|GLOBIGNORE|GROUPS|HIST\w+|IFS|LINENO|LINES|OPT\w+"
    r"|PIPESTATUS|PPID|PS\d|S?RANDOM|SECONDS|SHELLOPTS|SHLVL|(OLD)?PWD|CDPATH|PATH|HOME|USER"
    r"|LD_\w+|LC_\w+|LANG|POSIXLY_CORRECT|PYTHON\w+|TAR_OPTIONS|GZIP|BZIP2?|XZ_\w+|UNZIP|UNZIPOPT|TMPDIR"
)
_DEFERRED_PREFIX = "BC_ENV_"
#: A variable that a shell can hold.
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quote(word: str) -> str:
    """Quote a word for a POSIX shell, whatever it holds."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


@dataclass
class Script:
    """What a script does, in the order in which it does it.

    :ivar title: what the script is, one line
    :ivar words: the program and its arguments
    :ivar prepare: commands before the program
    :ivar collect: commands after it
    :ivar outputs: local paths that a new attempt finds empty
    :ivar constants: variables of the script
    :ivar deferred: names of EnvVars that are set for the program only
    :ivar own: variables of BatchCompute that the task's EnvVars set themselves
    :ivar swallow: whether the pod succeeds although its instance failed
    """

    title: str
    words: Sequence[str] = ()
    prepare: list[str] = field(default_factory=list)
    collect: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    constants: dict[str, str] = field(default_factory=dict)
    deferred: list[str] = field(default_factory=list)
    own: frozenset[str] = frozenset()
    swallow: bool = False

    def carry(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Take the task's EnvVars; return what of them goes to Envs, no value of which is in the script."""
        self.deferred = [name for name in variables if _DEFERRED.fullmatch(name)]
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
            "bc_pod=${HOSTNAME:-$(uname -n)}",
            "bc_job=${bc_pod%-master-*}",
            "bc_job=${bc_job%-worker-*}",
            "bc_instance=${RANK:-0}",
            "bc_label=$bc_job.$bc_task.$bc_instance",
            *(f'export {name}="{value}"' for name, value in own.items() if name not in self.own),
            'export HOME="${HOME:-/root}" USER="${USER:-root}"',
        ]

    def _functions(self) -> list[str]:
        # No shell has a say in them: env sets them, setsid takes any word for the program.
        given = [f'{name}="${_DEFERRED_PREFIX}{name}"' for name in self.deferred]
        program = [
            " ".join(["set --", *given]),
            *(f"unset {_DEFERRED_PREFIX}{name}" for name in self.deferred),
            f'exec env -- "$@" ${{bc_setsid:+"$bc_setsid" --}} {" ".join(map(quote, self.words))}',
        ]
        again = [f"rm -rf {' '.join(map(quote, self.outputs))}"] if self.outputs else []
        return [
            *_function("bc_remove_outputs", again),
            *_function("bc_prepare", self.prepare),
            *_function("bc_program", program, " "),
            *_function("bc_collect", self.collect),
        ]

    def _tail(self) -> list[str]:
        if not self.swallow:
            return ['exit "$bc_status"']
        # JobFailOnInstanceFail is false: an instance that fails fails nothing else.
        return ['[ "$bc_status" -eq 0 ] || bc_say "This instance failed; JobFailOnInstanceFail is false."', "exit 0"]


def _function(name: str, commands: Sequence[str], joint: str = " &&") -> list[str]:
    """Return a function that fails with the first of its commands that does."""
    *first, last = commands or [":"]
    return ["", f"{name}() {{", *(f"    {command}{joint}".rstrip() for command in first), f"    {last}", "}"]


@cache
def _runtime() -> str:
    return Path(__file__).with_name("runtime.sh").read_text(encoding="utf-8").rstrip()
