"""The preview: what lies under the cursor, decoded."""
