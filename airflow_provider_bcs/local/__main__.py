"""Entry point of ``python -m airflow_provider_bcs.local``, which equals ``airflow-bcs local``."""

import argparse
import sys

from .options import add_arguments, read_options
from .server import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="airflow-bcs local", description=__doc__)
    add_arguments(parser)
    sys.exit(run(read_options(parser.parse_args())))
