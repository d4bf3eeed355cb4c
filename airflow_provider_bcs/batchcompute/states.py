"""The states of jobs, tasks and instances; all three levels use the same five words."""

from __future__ import annotations

WAITING = "Waiting"
RUNNING = "Running"
FINISHED = "Finished"
FAILED = "Failed"
STOPPED = "Stopped"

#: States in which nothing more happens by itself.
TERMINAL = frozenset({FINISHED, FAILED, STOPPED})
#: Terminal states that are no success.
UNSUCCESSFUL = frozenset({FAILED, STOPPED})
#: States in which a job can be stopped.
ACTIVE = frozenset({WAITING, RUNNING})

#: What is said of a cluster that has all the machines it is to have; no word of the service's.
READY = "Ready"
