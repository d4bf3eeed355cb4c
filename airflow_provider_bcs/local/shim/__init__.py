"""Shim: the process that runs one attempt of an instance, or one incarnation of a pod, and outlives the service.

The service starts one shim for each attempt, as ``python -I -S __main__.py SPEC.json``. To start fast, the shim
imports only the standard library, and little of it. Shim and service share the files of the attempt directory:

=============  ====================================================================================
``spec.json``  program to run, written by the service before it starts the shim (:mod:`.spec`)
``shim.pid``   process id of the shim, which holds a lock (flock) on it while it lives (:mod:`.claim`)
``root/``      private files of the program: ``root/home/x`` is its ``/home/x`` (:mod:`.layout`)
``log``        output of a pod, with timestamps (:mod:`.log`)
``result.json``  result of the attempt, written atomically (:mod:`.result`)
=============  ====================================================================================

``SIGTERM`` ends the shim and every process that the command started, without a result. ``SIGUSR1`` does the same,
but sends SIGTERM to these processes first and waits for them.
"""
