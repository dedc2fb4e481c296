"""Comparisons by measurement: this gateway and its peers, and the gateway's inner parts against json."""
