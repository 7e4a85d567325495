"""The parts of scripts/mutate_gate.py."""
