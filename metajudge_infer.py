#!/usr/bin/env python3
"""Match a model's reasons with the human ones by a judge; the same as `python -m metajudge infer`."""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "metajudge: error: Python 3.11 or newer is needed; this is %d.%d (%s)\n"
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
    sys.exit(2)

from metajudge import bootstrap

bootstrap.use_ready_environment()

from metajudge.cli import main

sys.exit(main(["infer"] + sys.argv[1:], prog="metajudge_infer.py"))
