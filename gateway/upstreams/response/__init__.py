"""What the response readers of the upstream kinds share."""
