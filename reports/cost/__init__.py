"""What the gate costs: a large city, the pages people live in, and both ways of asking them."""
