"""The process that runs one attempt of one instance, or one incarnation of one pod, and outlives the service.

Nothing but the standard library, and as little of that as possible: it is started once for each attempt. It is
run as ``python -I -S __main__.py SPEC.json`` and knows the service only by the files of its attempt directory:

=============  ====================================================================================
``spec.json``  what to run, written by the service before it starts the shim (:mod:`.spec`)
``shim.pid``   the shim's process id; locked (flock) for as long as the shim lives (:mod:`.claim`)
``root/``      the program's private files: ``root/home/x`` is its ``/home/x`` (:mod:`.layout`)
``log``        of a pod: its stamped output (:mod:`.log`)
``result.json``  how it ended; appears whole or not at all (:mod:`.result`)
=============  ====================================================================================

``SIGTERM`` ends the shim and everything the command started; there is no result then. So does ``SIGUSR1``, but it
hands the command a SIGTERM first and waits for it.
"""
