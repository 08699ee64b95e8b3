"""The toy laboratory: small games on points, played in seconds, each with its pictures and its numbers."""
