"""Networks, and the weights that go with them."""
