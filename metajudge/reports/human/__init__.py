"""People's labels: rows drawn for them, their agreement with judges and each other, and RC corrected by them."""
