"""Scores of generators: draw, extract, measure, and say exactly what was measured."""
