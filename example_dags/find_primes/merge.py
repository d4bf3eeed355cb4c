"""Merge what the instances of the task before have found, and count it."""

import sys
from pathlib import Path

found_dir, result_dir = map(Path, sys.argv[1:])
parts = sorted(found_dir.glob("*.txt"), key=lambda file: int(file.stem))
primes = [line for part in parts for line in part.read_text().split()]
if len(set(primes)) != len(primes):
    sys.exit("a prime was found twice")

result_dir.mkdir(parents=True, exist_ok=True)
(result_dir / "primes.txt").write_text("".join(f"{prime}\n" for prime in primes))
(result_dir / "count.txt").write_text(f"{len(primes)}\n")
print(f"{len(primes)} primes in {len(parts)} parts")
