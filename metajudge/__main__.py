"""`python -m metajudge COMMAND`."""

from metajudge import bootstrap

bootstrap.use_ready_environment()

from metajudge.cli import leave, main  # noqa: E402  (the packages may only be there after the line above)

leave(main())
