"""The certainty of figures: pure functions of numpy arrays. Import from the modules.

`intervals` gives the interval of a mean or a difference, `resampling` the bootstrap that it uses, `significance` p
values, `judge_variance` the judge's own share of the error, and `agreement` how far judges agree.
"""
