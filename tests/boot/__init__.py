"""A whole machine: a small Debian that boots, on which ccsched is installed, used, cut off and removed."""
