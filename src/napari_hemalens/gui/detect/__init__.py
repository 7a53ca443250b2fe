"""The dock *Detect cells*: what it does, without Qt."""
