"""Pure functions of text.

`terminal` and `tables` render text for a terminal, `result_block` reads the result block of a reply, `thoughts` finds
what the model thought before it, and `reading` holds what their readers share. `escaping` makes data safe inside a
question, and `tokens` estimates tokens. `content_words`, `near_duplicates` and `suspicious_items`
compare and check items, `exchange_sides` exchanges the two responses in one. `response_names` finds the responses that
a text speaks of, and `balance` the one that reasons speak for.
"""

from metajudge.text.balance import balance, contradicts
from metajudge.text.content_words import SCAFFOLDING, folded, set_of, stem, units, unspaced, words_of
from metajudge.text.escaping import escape_markup, replace_surrogates
from metajudge.text.exchange_sides import exchange_sides
from metajudge.text.near_duplicates import drop_near_duplicates, is_near_duplicate
from metajudge.text.reading import BLOCK_END, BLOCK_START, ParseFailure, indentation, to_half_width
from metajudge.text.response_names import sole_response, speaks_of_response, with_subject
from metajudge.text.result_block import DOES_NOT_END, TAG, is_begun, plain_block, result_block, without_thinking
from metajudge.text.suspicious_items import GENERIC, item_issues
from metajudge.text.tables import CSV, TABLE, formats, render_rows
from metajudge.text.terminal import Paint, coloured, columns, listed, plain, plural, printable, printable_lines, wrapped
from metajudge.text.thoughts import TAG_PIECES, after_thoughts
from metajudge.text.tokens import estimate_tokens, of_text
