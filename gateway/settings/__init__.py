"""What the YAML and the environment may say, and how it is read."""
