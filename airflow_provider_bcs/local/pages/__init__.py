"""Pages of the jobs of the local service."""
