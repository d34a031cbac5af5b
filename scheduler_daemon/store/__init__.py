"""What is remembered, and how it survives: the SQLite record and the JSON files that show it."""
