"""What may start now, and what comes next: decisions from the clock and the record, done by a launcher."""
