"""Embeddings in HDF5 files, AnnData's .h5ad among them, read in a process of their own."""
