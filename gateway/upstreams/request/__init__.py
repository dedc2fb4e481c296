"""What the request builders of the upstream kinds share."""
