"""What the morning reads: one page about a job or a batch, from its log, its films, and their clips."""
