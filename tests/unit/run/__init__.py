"""One run, without processes."""
