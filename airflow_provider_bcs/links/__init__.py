"""Links from a task to the pages of its remote job."""
