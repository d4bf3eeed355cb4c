"""Print the table of ``make bench``: ratios of paired measurements. Absolute times on shared machines vary too much."""

from __future__ import annotations

import argparse

from bench import calls, graphs, imports, instances, logs, watching
from bench.rows import Row, is_installed

PEERS = {
    "Databricks": "airflow.providers.databricks",
    "Amazon": "airflow.providers.amazon",
    "Cosmos": "cosmos",
    "the vendor's PAI-DLC SDK": "alibabacloud_pai_dlc20201203",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=1000, help="deferred jobs in one triggerer (%(default)s)")
    waits: int = parser.parse_args().waits
    print("Each row: two figures of one run and their ratio, ours / other. Less is better, except for 1/s.")
    print("Imports, DAGs and log lines: CPU time.")
    for peer, module in PEERS.items():
        if not is_installed(module):
            print(f"{peer} is not installed; its rows are missing.")
    print(f"{'':<100} {'ours':>9} {'other':>9} {'':<4} {'ratio':>8}")
    for rows in (imports.rows, graphs.rows, calls.rows, instances.rows, logs.rows, lambda: watching.rows(waits)):
        for row in rows():
            print(row if isinstance(row, str) else line(row), flush=True)


def line(row: Row) -> str:
    return f"{row.what:<100} {row.ours:9.2f} {row.other:9.2f} {row.unit:<4} {row.ratio:8.3f}"


if __name__ == "__main__":
    main()
