"""`python -m metajudge COMMAND`."""

import sys

from metajudge import bootstrap

bootstrap.use_ready_environment()

from metajudge.cli import main  # noqa: E402  (the packages may only be there after the line above)

sys.exit(main())
