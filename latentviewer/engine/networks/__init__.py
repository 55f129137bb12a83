"""The architectures: plain torch modules and the configs that describe them."""
