"""Which upstream a model's name means."""
