"""The editor: path and arithmetic."""
