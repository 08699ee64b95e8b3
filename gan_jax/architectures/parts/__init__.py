"""What families of networks share: first and last layers, mappings, tables of widths."""
