"""Features that the gateway provides itself when an upstream lacks them."""
