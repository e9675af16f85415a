"""Batches: a run whose requests go to files, and the same run again with the replies from files.

`recording` writes the requests of a run, `results` finds the replies in result files, `replay` answers a run with them.
`submission` takes the parts through a provider; it is imported by its path, because it imports the OpenAI client.
"""

from metajudge.engine.batch.recording import Recording, id_key, recording
from metajudge.engine.batch.replay import MISSING, Replayed, replaying
from metajudge.engine.batch.results import Results
