"""What is done to single images and volumes: decoded, framed, resized, averaged over cells."""
