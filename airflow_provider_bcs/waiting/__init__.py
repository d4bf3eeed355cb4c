"""Waits for jobs: shared watcher, polling, stopping, exactly-once submission."""
