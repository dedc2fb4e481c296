"""Maps requests to upstream targets."""
