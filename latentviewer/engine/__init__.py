"""The torch room: devices, safe loading, model families and training."""
