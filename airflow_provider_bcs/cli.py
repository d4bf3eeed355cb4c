"""Command ``airflow-bcs`` with the subcommands local, validate, translate, graph and demo."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from airflow_provider_bcs import __version__
from airflow_provider_bcs.commands import CommandError, graph, one_line, translate, validate

__all__ = ["main"]

#: Modules that the extra ``local`` installs.
LOCAL_EXTRA = ("crcmod", "h11", "starlette", "uvicorn")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    :param argv: arguments without the program's name; None for those of the process
    :return: 0 for success and for the help without arguments, 1 for an error, 130 after SIGINT; argparse exits with 2
        for wrong arguments
    """
    args = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A job file may hold characters outside the terminal's encoding. Python escapes them on stderr by default.
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
        # The commands handle errors of the files they read and write; any other OSError comes from stdout.
        return _not_written(error)
    return code


def _not_written(error: OSError) -> int:
    # A broken pipe is no error: the reader, e.g. head, has closed it.
    if not isinstance(error, BrokenPipeError):
        print(f"airflow-bcs: cannot write the output: {error.strerror or error}.", file=sys.stderr)  # noqa: T201
    # At exit Python flushes stdout again, which would fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return 1


def _parser() -> argparse.ArgumentParser:
    from airflow_provider_bcs.local.options import add_arguments

    parser = argparse.ArgumentParser(
        prog="airflow-bcs", description="Run BatchCompute job files as native Airflow graphs."
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.set_defaults(run=lambda args: _help(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    local = commands.add_parser("local", help="run the local service for development and tests")
    add_arguments(local)
    local.set_defaults(run=_local)

    for name, module, text, output in (
        (
            "validate",
            validate,
            "check job files and print one line per violation",
            "The lines are the result, so they are on stdout. The exit code is 1 if a file has a violation, else 0.",
        ),
        (
            "translate",
            translate,
            "write a job file as a DAG file, or convert a file of the old API",
            "The result is on stdout or in OUT. Violations and warnings are on stderr. The exit code is 1 if there is"
            " no result, else 0.",
        ),
        (
            "graph",
            graph,
            "print the graph of a job file",
            "The graph is on stdout. Violations are on stderr. The exit code is 1 if there is no graph, else 0.",
        ),
    ):
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=output)
        module.add_arguments(command)
        command.set_defaults(run=module.run)

    demo = commands.add_parser("demo", help="run the find-primes graph in Airflow on the local service")
    demo.add_argument(
        "--directory",
        default=".demo",
        help="directory for logs and results; a former demo's is replaced (default: %(default)s)",
    )
    demo.set_defaults(run=_demo)
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return 0


def _check_extra() -> None:
    missing = [name for name in LOCAL_EXTRA if find_spec(name) is None]
    if missing:
        raise CommandError(
            f"The local service needs modules that are not installed: {', '.join(missing)}. "
            "Run: pip install 'airflow-provider-bcs[local]'"
        )


def _local(args: argparse.Namespace) -> int:
    _check_extra()
    from airflow_provider_bcs.local.options import read_options
    from airflow_provider_bcs.local.server import run

    return run(read_options(args))


def _demo(args: argparse.Namespace) -> int:
    _check_extra()
    from airflow_provider_bcs.demo import run

    return run(args.directory)


if __name__ == "__main__":
    sys.exit(main())
