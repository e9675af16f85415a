"""Result files become tables and pictures.

`scan` and `row_scores` read files, `score_columns` collects the scores of a file row by row, `score_table` holds them;
the other modules are one report each. They are imported by path: most need numpy, for which `analysis` must not wait.
"""
