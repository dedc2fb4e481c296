"""`python -m gateway.settings.reference` prints docs/configuration.md."""

import sys

from gateway.settings.reference.page import reference_page

sys.stdout.write(reference_page())
