"""The hybrid reward as the function object that a trainer calls: `trl`, `verl`, `openrlhf`."""
