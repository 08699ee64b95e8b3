"""Numbers from arrays: no models, no files, no flags."""
