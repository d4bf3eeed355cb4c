"""One BatchCompute task as a program in a container.

:func:`container_program` reads a job of one task and returns a :class:`ContainerProgram`: image, script, variables,
mounts, resources. A target such as PAI-DLC names its :class:`Platform`, extends the :class:`FieldTable`, and maps the
program to a request of its own. ::

    program = container_program(job, platform, Site.of("cn-shanghai"))
    program.script  # what the container runs with sh -c
    program.mounts  # (Mount(url='oss://bucket/in/', path='/home/in', writable=False), ...)

This package imports neither Airflow nor a target.
"""

from .field_table import FIELDS_OF_CONTAINERS, Fate, FieldTable, Lost
from .findings import CODE, Findings
from .mounts import Mount
from .platform import Platform
from .program import ContainerProgram, Image, Resources, Spot, SystemDisk, container_program
from .site import Site

__all__ = [
    "CODE",
    "FIELDS_OF_CONTAINERS",
    "ContainerProgram",
    "Fate",
    "FieldTable",
    "Findings",
    "Image",
    "Lost",
    "Mount",
    "Platform",
    "Resources",
    "Site",
    "Spot",
    "SystemDisk",
    "container_program",
]
