"""What HemaLens knows: records with documented shapes, numpy only."""
