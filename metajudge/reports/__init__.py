"""Result files become tables and pictures.

`scan` and `row_scores` read files, `score_table` holds the scores of a file as columns; the other modules are one
report each. They are imported by path: most need numpy, for which `analysis` must not wait.
"""
