"""Cores and memory of instance types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

#: Name of an instance type -> its cores and its memory in MB.
InstanceTypes: TypeAlias = Mapping[str, tuple[int, int]]

#: The families c5, g5 and r5 (2, 4 and 8 GiB a core) from 8 to 24 cores. Source: the list of ECS instance families.
INSTANCE_TYPES: InstanceTypes = {
    f"ecs.{family}.{size}xlarge": (4 * size, 4 * size * memory * 1024)
    for family, memory in (("c5", 2), ("g5", 4), ("r5", 8))
    for size in (2, 3, 4, 6)
}

#: Small types that examples and older job files name. They are too small for the CPU of a job of the old API. Source:
#: the list of ECS instance families, and the types in the vendor's command line.
SMALL_INSTANCE_TYPES: InstanceTypes = {
    "ecs.sn1.medium": (2, 4 * 1024),
    "ecs.sn2.medium": (2, 8 * 1024),
    "ecs.sn1ne.large": (2, 4 * 1024),
    "ecs.sn2ne.large": (2, 8 * 1024),
    "bcs.a2.large": (4, 8 * 1024),
    **{
        f"ecs.{family}.{size}": (cores, cores * memory * 1024)
        for family, memory in (("c5", 2), ("g5", 4), ("r5", 8), ("c6", 2), ("g6", 4), ("r6", 8))
        for size, cores in (("large", 2), ("xlarge", 4))
    },
}


def smallest(instance_types: InstanceTypes, cpu: int, memory: int) -> str | None:
    """Return the name of the smallest sufficient instance type: fewest cores, then least memory. None if there is none.

    :param cpu: 100 for each core
    :param memory: in MB

    >>> smallest(INSTANCE_TYPES, 800, 2000)
    'ecs.c5.2xlarge'
    """
    fitting = [(*size, name) for name, size in instance_types.items() if size[0] * 100 >= cpu and size[1] >= memory]
    return min(fitting)[2] if fitting else None
