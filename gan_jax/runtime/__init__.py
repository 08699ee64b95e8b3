"""What stands between the arithmetic and the machine: devices, processes, signals, checkpoints and everything written."""
