"""Where encoded images lie: folders and zip archives, and how their names tell splits and classes."""
