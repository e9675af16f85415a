"""The reward as TRL, verl and OpenRLHF call it, a module each; `background` hosts the scorer for all three."""
