"""Find the primes of one part; the number of the instance says which part."""

import os
import sys
from math import isqrt
from pathlib import Path


def sieve_of(first: int, last: int) -> bytearray:
    """Sieve first..last: 1 for a prime, 0 for another number."""
    small = bytearray([1]) * (isqrt(last) + 1)
    sieve = bytearray([1]) * (last - first + 1)
    for number in range(2, len(small)):
        if small[number]:
            for multiples, start in ((small, 0), (sieve, first)):
                begin = max(number * number, -(-start // number) * number) - start
                multiples[begin::number] = bytes(len(range(begin, len(multiples), number)))
    return sieve


def main(parts_dir: Path, found_dir: Path) -> None:
    """Write the primes of this instance's part below ``found_dir``."""
    part = os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"]
    first, last = map(int, (parts_dir / f"{part}.txt").read_text().split())
    primes = [number for number, prime in enumerate(sieve_of(first, last), first) if prime and number > 1]
    found_dir.mkdir(parents=True, exist_ok=True)
    (found_dir / f"{part}.txt").write_text("".join(f"{prime}\n" for prime in primes))
    print(f"{len(primes)} primes from {first} to {last}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
