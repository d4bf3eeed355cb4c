"""Find the primes of one part; which one, the instance's number says."""

import os
import sys
from math import isqrt
from pathlib import Path

parts_dir, found_dir = map(Path, sys.argv[1:])
part = os.environ["BATCH_COMPUTE_DAG_INSTANCE_ID"]
first, last = map(int, (parts_dir / f"{part}.txt").read_text().split())


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


sieve = sieve_of(first, last)
primes = [number for number, prime in enumerate(sieve, first) if prime and number > 1]
found_dir.mkdir(parents=True, exist_ok=True)
(found_dir / f"{part}.txt").write_text("".join(f"{prime}\n" for prime in primes))
print(f"{len(primes)} primes from {first} to {last}")
