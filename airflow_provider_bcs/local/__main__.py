"""Entry point of ``python -m airflow_provider_bcs.local``, which equals ``airflow-bcs local``."""

import argparse
import sys

from .options import add_arguments
from .server import run

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="airflow-bcs local", description=__doc__)
    add_arguments(parser)
    sys.exit(run(parser.parse_args()))
