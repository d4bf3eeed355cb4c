"""Links from a task to the services' consoles."""
