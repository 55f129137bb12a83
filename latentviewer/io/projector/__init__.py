"""TensorBoard's Embedding Projector: its folders read as spaces, and spaces written as such."""
