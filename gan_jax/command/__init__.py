"""What was typed, as values that a verb is handed."""
