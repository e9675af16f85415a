"""Result files become one page for a browser: a single HTML file without a server and without the network.

`writer` puts the page together: it reads the files twice, first for the figures of the report, then for the texts.
`overview` has the figures at the top, `row_index` a few values of every row, `details` and `row_texts` what a row shows
when it is opened, `missed_points` the human points that a model misses most, `steps` the output of `decompose` and
`critic`. `label_page` writes the page on which people label rows, with `assets/labels/`. `blocks` compresses
data, `document` writes HTML, with the scripts and styles of `assets/`.
"""
