"""The waits for remote work: shared watcher, polling, stopping, exactly-once submission."""
