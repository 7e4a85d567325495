"""The proof of the gate: visibility.md a second time, in plain Python, against the database."""
