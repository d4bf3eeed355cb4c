"""The command ``airflow-bcs``: local | validate | translate | graph | demo."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from airflow_provider_bcs import __version__
from airflow_provider_bcs.commands import CommandError, graph, one_line, translate, validate

#: The modules that the extra ``local`` installs.
LOCAL_EXTRA = ("crcmod", "h11", "starlette", "uvicorn")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 something is wrong, 2 wrong arguments, 130 interrupted."""
    args = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A job file may hold text that the terminal's encoding cannot; stderr is like this from the start.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code: int = args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()
    except CommandError as error:
        print("\n".join(map(one_line, str(error).split("\n"))), file=sys.stderr)  # noqa: T201 - the command's output
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        # Each command handles what it reads and makes; what is left is its output.
        return _not_written(error)
    return code


def _not_written(error: OSError) -> int:
    # Whoever reads has enough: "| head".
    if not isinstance(error, BrokenPipeError):
        print(f"airflow-bcs: the output cannot be written: {error.strerror or error}.", file=sys.stderr)  # noqa: T201
    # Python would try the rest again on its way out.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return 1


def _parser() -> argparse.ArgumentParser:
    from airflow_provider_bcs.local.options import add_arguments

    parser = argparse.ArgumentParser(prog="airflow-bcs", description="BatchCompute job files as native Airflow graphs.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True)

    local = commands.add_parser("local", help="run the local service, for development and tests")
    add_arguments(local)
    local.set_defaults(run=_local)

    for name, module, text in (
        ("validate", validate, "check job files; one line a violation"),
        ("translate", translate, "write a job file as a DAG file, or an old job file as a new one"),
        ("graph", graph, "show the graph of a job file"),
    ):
        command = commands.add_parser(name, help=text)
        module.add_arguments(command)
        command.set_defaults(run=module.run)

    demo = commands.add_parser("demo", help="run the find-primes graph in Airflow on the local service")
    demo.add_argument("--directory", default=".demo", help="where logs and results go; made anew (default .demo)")
    demo.set_defaults(run=_demo)
    return parser


def _check_extra() -> None:
    missing = [name for name in LOCAL_EXTRA if find_spec(name) is None]
    if missing:
        raise CommandError(
            f"The local service needs modules that are not installed: {', '.join(missing)}. "
            "Run: pip install 'airflow-provider-bcs[local]'"
        )


def _local(args: argparse.Namespace) -> int:
    _check_extra()
    from airflow_provider_bcs.local.server import run

    return run(args)


def _demo(args: argparse.Namespace) -> int:
    _check_extra()
    from airflow_provider_bcs.demo import run

    return run(args.directory)


if __name__ == "__main__":
    sys.exit(main())
