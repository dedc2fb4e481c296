"""The schema of the YAML and the environment variables, and how they are read."""
