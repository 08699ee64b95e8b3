"""What can be seen in images without asking their generator: factors of figures by closed forms, parts by small networks."""
