"""Pages for people: one page for each job, as HTML without scripts, styles or pictures from elsewhere."""
