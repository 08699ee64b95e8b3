"""Games: what the players are and how a round is played. One game a file."""
