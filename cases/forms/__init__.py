"""Input of the cases room: shapes and sentences, no writing."""
