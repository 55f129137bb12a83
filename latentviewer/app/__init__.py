"""The session, its commands and what a view may ask for; knows nothing of Qt or torch."""
