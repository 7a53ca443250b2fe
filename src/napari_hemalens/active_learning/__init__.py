"""Which cells a person should name next."""
