"""One file for each experiment: the paper and its table, the command, the number to expect and the number we got."""
