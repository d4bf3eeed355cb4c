"""Entry point of ``python -I -S __main__.py SPEC.json``."""

import os
import sys

if __name__ == "__main__":
    # Run as a file this is no package and cannot import its siblings relatively. Its parent goes to the end of the
    # path, where no module of the service can hide one of the standard library.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    __import__("shim.main", fromlist=["main"]).main(sys.argv[1])
