"""Kinds of reasons: classes and flaws from files that `flaws` has written.

`tables` reads the files, `figures` computes the shares and the credit of each class, `text` renders them. `agreement`
compares two judges, or a judge with people.
"""
