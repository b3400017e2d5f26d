"""`kill -9` at random moments: what a journal is worth."""
