"""Figures of benchmarks under their official rules, with intervals clustered by prompt.

`figures` holds percentages with their intervals, each `score_…` is the rule of one benchmark, `table` renders them. The
official figure is computed as the benchmark's own script does. Beside it are intervals, both means (micro: over all
rows; macro: over the means of groups), and counts of ties, nulls and the like. The modules are imported by path.
"""
