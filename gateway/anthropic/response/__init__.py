"""Response deltas -> events and messages of the Messages API."""
