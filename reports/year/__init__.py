"""`manage.py simulate_year`: a year of five cities, played by the real product under a moved clock.

`days`, `model` and `script` say what must happen, and know nothing of the product; `clock`,
`running`, `office` and `faults` let it happen; `happened` and `compare` hold the one against the
other.
"""
