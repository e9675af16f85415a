"""The reward as TRL, verl and OpenRLHF call it, one module each; `background` runs the scorer for all three.

`ray` places the shards of a run on a cluster; `shard_worker` runs each there as a child process.
"""
