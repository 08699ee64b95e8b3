"""The page on which one turns a generator's knobs: its server, what it answers, and its export."""
