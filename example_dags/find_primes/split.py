"""Divide the numbers 1 to LIMIT into PARTS parts: one file a part, with its first and its last number."""

import os
import sys
from itertools import pairwise
from pathlib import Path


def main(parts_dir: Path) -> None:
    """Write a file for each part below ``parts_dir``."""
    limit, parts = int(os.environ["LIMIT"]), int(os.environ["PARTS"])
    parts_dir.mkdir(parents=True, exist_ok=True)
    bounds = [limit * part // parts for part in range(parts + 1)]
    for part, (before, last) in enumerate(pairwise(bounds)):
        (parts_dir / f"{part}.txt").write_text(f"{before + 1} {last}\n")
        print(f"part {part}: {before + 1} to {last}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
