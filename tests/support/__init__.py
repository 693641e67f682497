"""What several tests use."""

import sys

# Altair imports this package through jsonschema if it is installed, which it is for `make audit` only. The import takes
# five seconds in each process, to check addresses in schemas that have none.
sys.modules.setdefault("rfc3987_syntax", None)
