"""``make bench``: a file for each measurement; ``run`` prints their table."""
