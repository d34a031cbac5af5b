"""The supervisor and the process seam, with real processes."""
