"""Measurements of ``make bench``, one file each; ``run`` prints their table."""
