"""The technical ground floor: knows no agency, case or meeting."""
