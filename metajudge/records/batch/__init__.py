"""The folder of a run's batches.

`folder` has its files, `manifest` says what has become of each part, `parts` writes parts.
"""
