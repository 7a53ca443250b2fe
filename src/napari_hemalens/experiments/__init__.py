"""The comparisons of the papers, each in one run: every row trained and tested alike."""
