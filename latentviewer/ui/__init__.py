"""The window: Qt widgets that show the session and emit intent."""
