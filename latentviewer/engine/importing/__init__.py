"""Opening models that were not made by this program.

An importer says what a file is without running anything from it, asks what the file does not
say, and opens it as a `Model` with the answers.
"""
