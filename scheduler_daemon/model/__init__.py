"""The nouns: jobs, tasks, runs, profiles and settings, as the data model documents them."""
