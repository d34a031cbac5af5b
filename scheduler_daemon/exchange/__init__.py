"""How do jobs leave, and how do they come in? Documents of records, and records of documents."""
