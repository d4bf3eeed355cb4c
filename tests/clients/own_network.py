"""Run a command with a network and an ``/etc/hosts`` of its own: ``python -m tests.clients.own_network HOSTS COMMAND``.

``unshare --map-root-user --net --mount`` starts it. There, port 80 is free and the command is root.

:param HOSTS: file that becomes ``/etc/hosts``
"""

import fcntl
import os
import socket
import struct
import sys

from airflow_provider_bcs.local.shim.kernel import MS_BIND, mount

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1


def main() -> None:
    """Replace this process by the command."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))
    mount(sys.argv[1], "/etc/hosts", MS_BIND)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
