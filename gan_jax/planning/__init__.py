"""What a run would cost on a machine that is not at hand: its real programs, compiled, read and estimated."""
