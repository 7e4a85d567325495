"""閲覧の点検 (V10): the privacy officer's view of who looked at what, across the city."""
