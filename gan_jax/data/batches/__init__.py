"""Batches by number: orders, places in the stream, elements made ready, read ahead."""
