"""The reward as TRL, verl and OpenRLHF call it, one module each; `background` runs the scorer for all three."""
