"""Entry point of ``python -I -S __main__.py SPEC.json``."""

import os
import sys

if __name__ == "__main__":
    # A file that is run is not in a package: relative imports of its siblings fail. Its parent directory goes to the
    # end of the path, so that no module of the service shadows the standard library.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    main = __import__("shim.main", fromlist=["main"]).main
    main(sys.argv[1])
