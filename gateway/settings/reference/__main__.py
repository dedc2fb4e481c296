"""`python -m gateway.settings.reference` prints docs/configuration.md."""

import sys

from gateway.settings.reference.page import reference

sys.stdout.write(reference())
