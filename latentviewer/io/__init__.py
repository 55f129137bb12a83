"""Data sets, tables, project files, exports and video: everything that touches a file."""
