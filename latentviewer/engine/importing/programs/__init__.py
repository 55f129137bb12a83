"""Files that can run code, opened once they are trusted."""
