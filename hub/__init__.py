"""The hub: takes what agents send, keeps it in PostgreSQL, and shows managers what happens now."""
