"""The records of HemaLens, with documented shapes; numpy only."""
