"""How one run goes, from start to evidence."""
