"""Merge and count what the instances of the task ``find`` have found."""

import sys
from pathlib import Path


def main(found_dir: Path, result_dir: Path) -> None:
    """Write all primes, and their number, below ``result_dir``."""
    parts = sorted(found_dir.glob("*.txt"), key=lambda file: int(file.stem))
    primes = [line for part in parts for line in part.read_text().split()]
    if len(set(primes)) != len(primes):
        sys.exit("a prime was found twice")
    result_dir.mkdir(parents=True, exist_ok=True)
    (result_dir / "primes.txt").write_text("".join(f"{prime}\n" for prime in primes))
    (result_dir / "count.txt").write_text(f"{len(primes)}\n")
    print(f"{len(primes)} primes in {len(parts)} parts")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
