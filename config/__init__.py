"""Settings, URLs, workers and the technical ground floor."""
