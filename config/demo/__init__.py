"""The demo: fictional agencies, people and households on top of the cities' profiles.

Stands above every room (it plays all of them through their operations) and is installed only where
settings say KASANE_DEMO. Names are invented and look it.
"""
