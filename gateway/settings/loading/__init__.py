"""YAML files -> settings: includes, environment, interpolation, conversion, errors with lines."""
