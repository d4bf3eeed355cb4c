"""The page of a job for people, as HTML without scripts, styles or pictures from elsewhere."""
